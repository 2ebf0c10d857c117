"""The functions of the SDK."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.experiments import Experiment
from studio_ext.contract.jobs import Job as JobRow
from studio_ext.contract.jobs import JobStatus, NotebookInspection
from studio_ext.contract.page import MAX_PAGE
from studio_ext.contract.trial_table import FilterQuery
from studio_ext.contract.workspace import Diagnosis
from studio_ext.sdk.connection import current
from studio_ext.sdk.current_experiment import current_experiment
from studio_ext.sdk.handles import Job
from studio_ext.sdk.metric_series import Metrics
from studio_ext.sdk.request import build_request

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.ports.client import Client
    from studio_ext.sdk.comparison import Comparison


def submit(
    notebook: str | os.PathLike[str],
    *,
    parameters: Mapping[str, Any] | None = None,
    name: str | None = None,
    experiment: str | None = None,
    runner: str = "process",
    kernel: str | None = None,
    image: str | None = None,
    pull: bool = False,
    network_access: bool = False,
    cpus: float | None = None,
    memory: str | int | None = None,
    time_limit: str | float | None = None,
    gpus: int | None = None,
    variables: Sequence[str] = (),
    tags: Mapping[str, str] | None = None,
    autolog: str | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Run a notebook as a job. When this returns, the job is durable and survives this process.

    :param notebook: path of the notebook; with a server elsewhere, relative to that server's root.
    :param parameters: values that replace those of the cell tagged ``parameters``.
    :param experiment: MLflow experiment that records the job; None: that of :func:`set_experiment`, else the one with
        the name of the notebook's folder.
    :param runner: where the job runs: ``"process"`` or ``"docker"``.
    :param kernel: kernel to run it in; None: the notebook's own. Not for jobs in containers.
    :param image: image of a job in a container; None: the default one.
    :param pull: fetch the image from its registry if it is not there.
    :param network_access: let a job in a container reach other machines.
    :param cpus: limit on processors; None: no limit.
    :param memory: limit on memory, ``"2GiB"`` or bytes; None: no limit.
    :param time_limit: limit on time, ``"1h"`` or seconds; None: no limit.
    :param gpus: how many GPUs a job in a container gets; None: none.
    :param variables: names of environment variables that the job gets; others it does not.
    :param tags: tags of the job and its trial.
    :param autolog: what MLflow logs by itself: ``"on"``, ``"models"`` (models too, which takes seconds for each) or
        ``"off"``; None: what is usual in the workspace.
    :param idempotency_key: calls with the same key make one job.
    :raises studio_ext.contract.errors.InvalidRequest: naming the field that is wrong.
    """
    request = build_request(
        notebook,
        parameters=parameters,
        name=name,
        experiment=current_experiment() if experiment is None else experiment,
        runner=runner,
        kernel=kernel,
        image=image,
        pull=pull,
        network_access=network_access,
        cpus=cpus,
        memory=memory,
        time_limit=time_limit,
        gpus=gpus,
        variables=variables,
        tags=tags,
        autolog=autolog,
        idempotency_key=idempotency_key,
    )
    client = current()
    return Job(client, client.submit(request))


def inspect(notebook: str | os.PathLike[str]) -> NotebookInspection:
    """Parameters, kernel and cells of a notebook, as a submission would see them."""
    return current().inspect(os.fspath(notebook))


def job(job_id: str) -> Job:
    """The job with this id; a beginning of the id will do if only one job has it."""
    client = current()
    return Job(client, client.job(job_id))


def jobs(
    *,
    status: str | Sequence[str] = (),
    experiment: str | None = None,
    text: str = "",
    limit: int | None = 50,
) -> list[Job]:
    """Jobs, newest first.

    :param status: a status, or several; empty: all.
    :param text: part of the name.
    :param limit: how many at most, 1 or more; None: all.
    """
    client = current()
    rows, _ = list_jobs(client, status=status, experiment=experiment, text=text, limit=limit)
    return [Job(client, row) for row in rows]


def list_jobs(
    client: Client,
    *,
    status: str | Sequence[str] = (),
    experiment: str | None = None,
    text: str = "",
    limit: int | None = 50,
) -> tuple[list[JobRow], int]:
    """Rows of the job list over all pages up to ``limit``, and how many match in all."""
    statuses = [_status(word) for word in ([status] if isinstance(status, str) else status)]
    rows: list[JobRow] = []
    cursor = None
    while True:
        size = MAX_PAGE if limit is None else min(MAX_PAGE, limit - len(rows))
        page = client.jobs(limit=size, cursor=cursor, statuses=statuses, experiment=experiment, text=text)
        rows.extend(page.items)
        cursor = page.next_cursor
        if cursor is None or (limit is not None and len(rows) >= limit):
            return rows, page.total


def _status(word: str) -> JobStatus:
    for status in JobStatus:
        if status.lower() == word.lower():
            return status
    raise InvalidRequest.field("status", f"{word!r} is not a status; there are {', '.join(JobStatus)}")


def trials(
    experiment: str,
    filter: str = "",
    *,
    sort: str | None = None,
    descending: bool | None = None,
    limit: int | None = None,
) -> pd.DataFrame:
    """Trials of an experiment as a DataFrame: all, newest first, or those that are asked for.

    Columns: ``trial``, ``status``, ``started`` (UTC), ``duration`` (seconds), one ``params.<name>`` for each
    parameter and one ``metrics.<name>`` for each metric (its last value), then ``notebook``, ``commit``, ``dirty``,
    ``user``, ``job``, ``run_id`` and ``parent_run_id``.

    :param filter: which ones, for example ``params.lr < 0.1 and metrics.rmse.min < 50000 and started > -7d``; see
        :mod:`studio_ext.core.trial_filter`.
    :param sort: a column: ``"metrics.rmse"``, smallest first, or ``"-metrics.rmse"``, largest first; also
        ``metrics.<name>.min`` and ``.max``, ``tags.<name>``, ``started``, ``duration``, ... Trials without a value come
        last.
    :param descending: says which way in place of the minus.
    :param limit: how many at most, 1 or more; None: all.

    What this process has recorded before is there.

    Raises :class:`InvalidRequest <studio_ext.contract.errors.InvalidRequest>` that says what is wrong with the filter,
    and where. Warns of columns in the filter that no trial has, where it finds nothing.
    """
    from studio_ext.sdk.entities import settle
    from studio_ext.sdk.frames import all_trials, trials_frame

    settle()
    client = current()
    found = list(all_trials(client, experiment, filter=filter, sort=sort, descending=descending, limit=limit))
    if filter and not found:
        for note in client.check_filter(FilterQuery(filter=filter, experiment=experiment)).notes:
            warnings.warn(f"{note.message} {note.hint}".strip(), stacklevel=2)
    return trials_frame(found)


def compare(
    *trials: Any,
    experiment: str | None = None,
    filter: str = "",
    sort: str | None = None,
    limit: int = 20,
    only_differences: bool = True,
) -> Comparison:
    """Trials side by side: what they have in common, and what differs.

    :param trials: run ids, or what has one: trials, runs, trackers; of one or more experiments.
    :param experiment: instead of these: trials of this experiment.
    :param filter: which of its trials; see :func:`trials`.
    :param sort: in which order, as for :func:`trials`; None: newest first.
    :param limit: how many of its trials at most, up to 200.
    :param only_differences: leave out what is the same in all trials.

    ``to_frame()`` of what is returned has the values; shown in a notebook it is a table in which a star marks the best
    value of a metric. Raises :class:`NotFound <studio_ext.contract.errors.NotFound>` for a trial that is not there.
    """
    from studio_ext.sdk.comparison import compare
    from studio_ext.sdk.entities import settle

    settle()
    return compare(
        current(),
        [_run_id(each) for each in _flat(trials)],
        experiment=experiment,
        filter=filter,
        sort=sort,
        limit=limit,
        only_differences=only_differences,
    )


def _flat(trials: Sequence[Any]) -> list[Any]:
    return [each for given in trials for each in (given if isinstance(given, (list, tuple)) else [given])]


def _run_id(trial: Any) -> str:
    found = trial if isinstance(trial, str) else getattr(trial, "run_id", None)
    if not isinstance(found, str) or not found:
        raise InvalidRequest.field("trials", f"a {type(trial).__name__} has no run id")
    return found


def metrics(run_id: str, max_points: int = 500) -> Metrics:
    """The metrics of one run as they are logged, by a job, a :class:`Tracker` or anybody else.

    As :meth:`Job.metrics <studio_ext.sdk.handles.Job.metrics>`, which see. ``refresh()`` of what is returned
    takes in what was logged since.

    :param run_id: MLflow's id of the run: ``trial.run_id``, ``tracker.run_id``.
    """
    client = current()
    found = Metrics(
        lambda most, cursor: client.trial_metrics(run_id, max_points=most, cursor=cursor), run_id, max_points
    )
    found.refresh()
    return found


def histories(
    *trials: Any,
    metrics: str | Sequence[str] = (),
    experiment: str | None = None,
    filter: str = "",
    sort: str | None = None,
    limit: int | None = None,
    max_points: int = 1_000,
) -> pd.DataFrame:
    """How metrics of many trials went, as a DataFrame with a row for each value.

    Columns: ``trial`` (its name), ``run_id``, ``metric``, ``step``, ``time`` (UTC) and ``value`` (NaN for NaN and
    infinities); trials and metrics in the order in which they were asked for, values in the order of their steps.

    :param trials: run ids, or what has one: trials, runs, trackers; of one or more experiments.
    :param metrics: which ones; empty: all that these trials have.
    :param experiment: instead of trials: those of this experiment.
    :param filter: which of its trials; see :func:`trials`.
    :param sort: in which order, as for :func:`trials`; None: newest first.
    :param limit: how many of its trials at most; None: all.
    :param max_points: values of one metric of one trial, from 4 to 5,000; where there are more, of groups of neighbours
        the smallest and the largest are kept, and always the first and the last.

    Waits until long histories are read. Raises :class:`NotFound <studio_ext.contract.errors.NotFound>` for a trial
    that is not there; warns of metrics that no trial has, and while the tracking store is away.
    """
    from studio_ext.sdk.entities import settle
    from studio_ext.sdk.frames import all_trials
    from studio_ext.sdk.metric_histories import histories, trials_of

    settle()
    client = current()
    run_ids = [_run_id(each) for each in _flat(trials)]
    if run_ids and (experiment is not None or filter or sort):
        raise InvalidRequest.field("trials", "run ids go with neither experiment, filter nor sort")
    if experiment is None:
        found = trials_of(client, run_ids)
    else:
        found = list(all_trials(client, experiment, filter=filter, sort=sort, limit=limit))
    return histories(client, found, [metrics] if isinstance(metrics, str) else list(metrics), max_points)


def experiments() -> list[Experiment]:
    """All experiments, last updated first."""
    return current().experiments()


def doctor() -> Diagnosis:
    """What works here, what does not, and what to do about it."""
    return current().doctor()
