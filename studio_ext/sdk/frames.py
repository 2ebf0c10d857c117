"""Trials as a pandas DataFrame."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import InvalidRequest
from studio_ext.contract.experiments import Trial
from studio_ext.contract.live import ResourceUsage
from studio_ext.contract.page import MAX_PAGE

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.ports.client import Client

_NUMBER = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?")


def all_trials(
    client: Client,
    experiment: str,
    *,
    filter: str = "",
    sort: str | None = None,
    descending: bool | None = None,
    limit: int | None = None,
) -> Iterator[Trial]:
    """The trials of an experiment, page by page; see :func:`studio_ext.sdk.api.trials`."""
    if sort is None:
        sort, descending = "started", True if descending is None else descending
    elif descending is None:
        sort, descending = sort.removeprefix("-"), sort.startswith("-")
    left = math.inf if limit is None else limit
    if left < 1:
        raise InvalidRequest.field("limit", "must be at least 1")
    cursor = None
    while True:
        page = client.trials(
            experiment,
            limit=int(min(left, MAX_PAGE)),
            cursor=cursor,
            sort=sort,
            descending=descending,
            filter=filter,
        )
        yield from page.items
        left -= len(page.items)
        cursor = page.next_cursor
        if cursor is None or left < 1:
            return


def trials_frame(trials: Iterable[Trial]) -> pd.DataFrame:
    """One row a trial; see :func:`studio_ext.sdk.api.trials` for the columns."""
    import pandas as pd

    rows = list(trials)
    parameters = _keys(trial.parameters for trial in rows)
    metrics = _keys(trial.metrics for trial in rows)
    columns: dict[str, Any] = {
        "trial": [trial.name for trial in rows],
        "status": [trial.status for trial in rows],
        "started": pd.to_datetime(pd.Series([trial.started for trial in rows], dtype="float64"), unit="s", utc=True),
        "duration": pd.Series([_duration(trial) for trial in rows], dtype="float64"),
    }
    for key in parameters:
        columns[f"params.{key}"] = _numbers([trial.parameters.get(key) for trial in rows])
    for key in metrics:
        columns[f"metrics.{key}"] = pd.Series([trial.metrics.get(key) for trial in rows], dtype="float64")
    for column, attribute in (("notebook",) * 2, ("commit",) * 2, ("dirty",) * 2, ("user",) * 2, ("job", "job_id")):
        columns[column] = [getattr(trial, attribute) for trial in rows]
    columns["run_id"] = [trial.run_id for trial in rows]
    columns["parent_run_id"] = [trial.parent_run_id for trial in rows]
    return pd.DataFrame(columns)


def resources_frame(usage: ResourceUsage) -> pd.DataFrame:
    """One row a sample; see :meth:`studio_ext.sdk.handles.Job.resources` for the columns."""
    import pandas as pd

    frame = pd.DataFrame(
        {
            "time": pd.to_datetime(pd.Series(usage.time, dtype="float64"), unit="s", utc=True),
            "cpus": pd.Series(usage.cpus, dtype="float64"),
            "memory_bytes": pd.Series(usage.memory_bytes, dtype="int64"),
            "processes": pd.Series(usage.processes, dtype="int64"),
            "read_bytes": pd.Series(usage.read_bytes, dtype="float64"),
            "written_bytes": pd.Series(usage.written_bytes, dtype="float64"),
        }
    )
    for gpu in usage.gpus:
        frame[f"gpu_{gpu.index}_utilization"] = pd.Series(gpu.utilization, dtype="float64")
        frame[f"gpu_{gpu.index}_memory_bytes"] = pd.Series(gpu.memory_bytes, dtype="float64")
    names = ("peak_memory_bytes", "cpu_seconds", "cpus_limit", "memory_limit_bytes", "machine_cpus", "measured_by")
    frame.attrs.update({name: getattr(usage, name) for name in names})
    return frame


def _keys(dicts: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(key for keys in dicts for key in keys))


def _duration(trial: Trial) -> float | None:
    return trial.ended - trial.started if trial.started is not None and trial.ended is not None else None


def _numbers(values: list[str | None]) -> Any:
    """MLflow keeps parameters as texts. A column becomes numbers if each text is one; ``007`` and ``nan`` are not."""
    import pandas as pd

    if any(value is not None for value in values) and all(v is None or _NUMBER.fullmatch(v) for v in values):
        return pd.to_numeric(pd.Series(values, dtype="object"))
    return values
