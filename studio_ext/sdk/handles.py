"""Jobs as Python objects."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from studio_ext.contract.errors import NotFound, StudioError
from studio_ext.contract.jobs import CELLS_TAG, Exit, JobDetail, JobStatus, Progress, SecondaryStatus
from studio_ext.contract.jobs import Job as JobRow
from studio_ext.core.plain_text import one_line
from studio_ext.core.states import FINAL
from studio_ext.ports.client import Client
from studio_ext.sdk.connection import notebook_of
from studio_ext.sdk.metric_series import Metrics
from studio_ext.sdk.request import build_request, environment_as_arguments, resources_as_arguments
from studio_ext.sdk.trial import Trial
from studio_ext.sdk.watching import log_pieces, settled_trial, watch

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Job", "Trial", "WaitTimeout"]


class WaitTimeout(StudioError, TimeoutError):
    """The job was not over in time. It goes on."""

    code = "timeout"
    status = 408


class Job:
    """A job. As long as it is not over, each look at what can change asks anew."""

    def __init__(self, client: Client, data: JobRow) -> None:
        self._client = client
        self._row = data

    # What is true of it

    def refresh(self) -> Job:
        """Look again; returns the job itself."""
        self._row = self._client.job(self.id)
        return self

    @property
    def data(self) -> JobRow:
        """The whole document, fresh while the job is not over."""
        if self._row.status not in FINAL:
            self.refresh()
        return self._row

    @property
    def detail(self) -> JobDetail:
        """The whole document with attempts, transitions and environment."""
        if self._row.status not in FINAL or not isinstance(self._row, JobDetail):
            self.refresh()
        assert isinstance(self._row, JobDetail)
        return self._row

    @property
    def id(self) -> str:
        """Twelve letters and digits; they sort by time."""
        return self._row.id

    @property
    def name(self) -> str:
        """Name of the job."""
        return self._row.name

    @property
    def notebook(self) -> str:
        """Path of the notebook, as it was submitted."""
        return self._row.notebook

    @property
    def runner(self) -> str:
        """Where the job runs."""
        return self._row.runner

    @property
    def parameters(self) -> dict[str, Any]:
        """Values that the job was submitted with."""
        return dict(self._row.parameters)

    @property
    def experiment(self) -> str:
        """Name of the experiment that records it."""
        return self._row.trial.experiment

    @property
    def status(self) -> JobStatus:
        """Pending, Starting, InProgress, Stopping, Completed, Failed or Stopped."""
        return self.data.status

    @property
    def secondary_status(self) -> SecondaryStatus:
        """The finer state."""
        return self.data.secondary_status

    @property
    def done(self) -> bool:
        """Whether the job is over, well or not."""
        return self.data.status in FINAL

    @property
    def progress(self) -> Progress:
        """Cells done, cells in all, and the one that runs."""
        return self.data.progress

    @property
    def exit(self) -> Exit | None:
        """How it ended: code, reason, message, failing cell; None while it is not over."""
        return self.data.exit

    @property
    def message(self) -> str:
        """What it waits for, or why it ended."""
        return self.data.message

    @property
    def created(self) -> datetime:
        """When it was submitted (UTC)."""
        return datetime.fromtimestamp(self._row.created, UTC)

    @property
    def started(self) -> datetime | None:
        """When its first line could run (UTC)."""
        return _time(self.data.started)

    @property
    def ended(self) -> datetime | None:
        """When it was over (UTC)."""
        return _time(self.data.ended)

    @property
    def output_notebook(self) -> Path | None:
        """The executed notebook; it exists from the first cell on. A path of the machine that keeps the workspace."""
        path = self.data.output_notebook
        return Path(path) if path else None

    @property
    def directory(self) -> Path:
        """The job directory. A path of the machine that keeps the workspace."""
        return Path(self.detail.directory)

    @property
    def trial(self) -> Trial:
        """Where the job is recorded. Raises ``NotFound`` as long as it is not, right after the submission."""
        row = self.data
        if row.trial.run_id is None:
            raise NotFound(
                f"Job {self.id} has no trial yet: it is {row.status}.", hint="Ask again when it has started."
            )
        return Trial(settled_trial(self._client, row.trial.run_id, job_over=row.status in FINAL))

    def metrics(self, max_points: int = 500) -> Metrics:
        """The metrics that the job has logged so far, also while it runs: ``job.metrics()["loss"]["value"]``.

        ``refresh()`` of what is returned takes in what came since, ``to_frame()`` makes a DataFrame of it.

        :param max_points: points of each metric, 4 to 5,000; longer series are thinned out, keeping extremes.
        """
        run_id = self._row.trial.run_id or self.data.trial.run_id
        job_id = self.id
        found = Metrics(
            lambda most, cursor: self._client.metrics(job_id, max_points=most, cursor=cursor), run_id, max_points
        )
        found.refresh()
        return found

    def resources(self, max_points: int = 5_000) -> pd.DataFrame:
        """What the job used, one row a sample, also while it runs.

        Columns: ``time`` (UTC), ``cpus`` (processors that were busy, on average since the row before), ``memory_bytes``
        (what the limit is held against), ``processes``, ``read_bytes`` and ``written_bytes`` (of disks, since the
        job began; NaN where nobody tells), for each GPU ``gpu_<n>_utilization`` (percent) and ``gpu_<n>_memory_bytes``.
        ``attrs`` holds ``peak_memory_bytes``, ``cpu_seconds`` and the limits.

        :param max_points: rows, 4 to 5,000; of more samples those with extremes are kept.
        """
        from studio_ext.sdk.frames import resources_frame

        return resources_frame(self._client.resources(self.id, max_points=max_points))

    # What can be done with it

    def wait(self, timeout: float | None = None, progress: bool | Callable[[Job], None] | None = None) -> Job:
        """Wait until the job is over; returns the job, whose status says how it went.

        :param timeout: seconds; None: as long as it takes.
        :param progress: True shows it, False does not, None shows it to a person (a terminal, a notebook);
            a function is called with the job after each change.
        :raises WaitTimeout: the time passed first; the job goes on.
        """
        from studio_ext.sdk.progress import reporter

        with reporter(progress, self) as report:

            def seen(detail: JobDetail) -> None:
                self._row = detail
                report(self)

            if not watch(self._client, [self.id], seen, timeout):
                raise WaitTimeout(
                    f"Job {self.id} was not over after {timeout:g} s: it is {self._row.status}.",
                    hint="It goes on; wait() again, or stop() it.",
                )
        return self

    @overload
    def logs(self, follow: Literal[False] = False) -> str: ...
    @overload
    def logs(self, follow: Literal[True]) -> Iterator[str]: ...
    @overload
    def logs(self, follow: bool) -> str | Iterator[str]: ...

    def logs(self, follow: bool = False) -> str | Iterator[str]:
        """What the job printed. With ``follow``: an iterator of pieces as they come, until the job is over."""
        pieces = log_pieces(self._client, self.id, follow=follow)
        return pieces if follow else "".join(pieces)

    def stop(self) -> Job:
        """Ask the job to stop: it gets a moment to clean up. Returns at once; asked again it is killed.

        A job that is over stays as it is.
        """
        self._row = self._client.stop(self.id)
        return self

    def kill(self) -> Job:
        """End the job at once."""
        if not self.refresh()._row.stop_requested:
            self.stop()
        return self.stop()

    def delete(self, *, trial: bool = False) -> None:
        """Delete the job and its directory; with ``trial`` its trial too. It must be over."""
        self._client.delete(self.id, trial=trial)

    def restore(self) -> Job:
        """Undo :meth:`delete`, within a while."""
        self._row = self._client.restore(self.id)
        return self

    def run_again(self, **changes: Any) -> Job:
        """Submit the same again; of a job that ran some cells, those cells.

        ``changes`` are arguments of ``submit``; ``parameters`` are changed one by one.
        """
        detail = self.detail
        arguments: dict[str, Any] = {
            "name": None if detail.name.endswith(f"-{detail.id[-4:]}") else detail.name,
            "experiment": detail.trial.experiment,
            "runner": detail.runner,
            **environment_as_arguments(detail.environment),
            "variables": detail.environment.variables,
            "tags": detail.tags,
            "autolog": detail.autolog,
            "idempotency_key": None,
            **resources_as_arguments(detail.resources),
            **changes,
            "parameters": {**detail.parameters, **(changes.get("parameters") or {})},
        }
        notebook = arguments.pop("notebook", None)
        if notebook is None:
            notebook = notebook_of(self._client, detail)
            arguments["cells_of"] = detail.id if CELLS_TAG in detail.tags else None
        return Job(self._client, self._client.submit(build_request(notebook, **arguments)))

    # How it is shown

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Job) and other.id == self.id

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        row = self._row
        cells = f" cell {row.progress.done}/{row.progress.total}" if row.progress.total else ""
        why = f": {one_line(row.exit.message)}" if row.exit and row.exit.message else ""
        return f"<Job {row.id} {one_line(row.name)!r} {row.status}{cells}{why}>"

    def _ipython_display_(self) -> None:
        from studio_ext.sdk.showing import show_job

        if not show_job(self):
            raise NotImplementedError  # IPython then takes the table below, or the text

    def _repr_html_(self) -> str:
        from studio_ext.sdk.html import job_html

        return job_html(self._row)


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
