"""The trial of a cell: what it is told at the beginning, what it notes of the cell, and how it ends."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from asyncio import CancelledError
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import Conflict, InvalidRequest, StudioError
from studio_ext.core.cell_values import MOST_PARAMETERS, as_number, assigned_names, numbers_in, parameter_names
from studio_ext.core.cell_values import plain_values as values_of
from studio_ext.core.secrets import MASK, is_secret_name, without_secrets
from studio_ext.magics.trial_lines import trial_source

if TYPE_CHECKING:
    from studio_ext.adapters.mlflow_active_run import MlflowActiveRun
    from studio_ext.magics.history import History
    from studio_ext.sdk.tracker import Tracker

VARIABLE = "trial"
"""The tracker's name in the user's namespace."""


@dataclass
class Wanted:
    """What is recorded."""

    name: str | None = None
    experiment: str | None = None
    tags: dict[str, str] = field(default_factory=dict)
    parameters: Sequence[str] | None = None
    """Names of variables; None: those that the cell sets to plain values."""
    metrics: Sequence[str] | None = None
    """Names of variables; None: the numbers of the cell's result."""
    quiet: bool = False


@dataclass
class _Open:
    """The trial whose cell runs."""

    info: Any
    wanted: Wanted
    names: list[str]
    tracker: Tracker
    active: MlflowActiveRun | None
    began: float
    pid: int


class TrialCells:
    """The trials of a shell: one at a time."""

    def __init__(self, shell: Any, history: History) -> None:
        self._shell = shell
        self._history = history
        self._open: _Open | None = None

    def begin(self, wanted: Wanted) -> None:
        """Called by the first line of the cell. Raises ``StudioError``; then the cell does not go on."""
        info = self._history.current
        source = trial_source(str(info.raw_cell)) if info is not None else None
        if source is None:
            raise InvalidRequest("A trial is a cell: write %%trial, with two % signs, on its first line.")
        if self._open is not None and self._open.info in self._history.running:
            raise Conflict("A trial runs already.", hint="A trial cannot be in another: use its tracker, or two cells.")
        self.abandon()
        python = self._python(source)
        self._refuse_unknown([*(wanted.parameters or ()), *(wanted.metrics or ())], python)
        names = list(parameter_names(python)) if wanted.parameters is None else []
        tracker = self._tracker(wanted, info)
        try:
            _log_source(tracker, source)
            active = _activate(tracker)
        except BaseException as error:
            tracker.close("Failed", f"{type(error).__name__}: {error}")
            raise
        self._open = _Open(info, wanted, names, tracker, active, time.time(), os.getpid())
        self._shell.user_ns[VARIABLE] = tracker

    def end(self, result: Any) -> None:
        """The shell's event that a cell is over."""
        trial = self._open
        if trial is None or trial.pid != os.getpid():
            return
        place = self._history.place_of(result)
        if place is None or self._history.running[place] is not trial.info:
            return
        error = _error_of(result)
        self._open = None
        try:
            if trial.active is not None:
                trial.active.restore()
            self._record(trial, result, error)
        except StudioError as failure:
            _say(failure.message, failure.hint)
        except Exception as failure:  # the cell is over and well; only its record is not
            _say(f"The trial was not recorded: {type(failure).__name__}: {failure}")

    def abandon(self) -> None:
        """End a trial of whose cell no end was heard."""
        trial, self._open = self._open, None
        if trial is not None and trial.pid == os.getpid():
            if trial.active is not None:
                trial.active.restore()
            _finish(trial.tracker, KeyboardInterrupt())

    # -- inside

    def _python(self, source: str) -> str:
        """The cell as Python, without the magics of whole cells that follow."""
        lines = source.splitlines(keepends=True)
        while lines and (not lines[0].strip() or lines[0].startswith("%%")):
            del lines[0]
        try:
            return str(self._shell.input_transformer_manager.transform_cell("".join(lines)))
        except SyntaxError:
            return ""

    def _refuse_unknown(self, names: Sequence[str], python: str) -> None:
        known = assigned_names(python) | set(self._shell.user_ns)
        unknown = [name for name in names if name not in known]
        if unknown:
            raise InvalidRequest(
                f"There is no variable named {', '.join(map(repr, unknown))}, and the cell sets none.",
                hint="--params and --metrics take names of variables: a,b.",
            )

    def _tracker(self, wanted: Wanted, info: Any) -> Tracker:
        from studio_ext.magics.this_notebook import found_notebook
        from studio_ext.sdk.current_experiment import current_experiment
        from studio_ext.sdk.recording_place import recorder
        from studio_ext.sdk.tracker import Tracker
        from studio_ext.services.submission import default_experiment

        notebook = found_notebook(self._shell.user_ns)
        experiment = wanted.experiment or current_experiment()
        if experiment is None and notebook is not None:
            experiment = default_experiment(notebook)
        name = wanted.name or f"{notebook.stem if notebook else 'cell'} [{self._history.number}]"
        tracker = Tracker.create(name, experiment_name=experiment, tags=wanted.tags)
        place = recorder()
        # A job says where it comes from by itself; a server elsewhere knows nothing of paths here.
        if notebook is not None and place.job_run is None and place.tracking_uri is not None:
            source = {"studio.notebook": str(notebook), "mlflow.source.name": str(notebook)}
            place.records.set_tags(tracker.run_id, source)
        return tracker

    def _record(self, trial: _Open, result: Any, error: BaseException | None) -> None:
        from studio_ext.magics.tables import Summary

        namespace, tracker, wanted = self._shell.user_ns, trial.tracker, trial.wanted
        notes: list[str] = []
        if wanted.parameters is None:
            parameters = values_of(trial.names, namespace)
        else:
            parameters = _present(wanted.parameters, namespace, "a parameter", notes)
        if wanted.metrics is None:
            metrics = {} if error is not None else numbers_in(result.result)
        else:
            metrics = _metrics(wanted.metrics, namespace, notes)
        parameters = {name: value for name, value in parameters.items() if name not in metrics}
        if len(parameters) > MOST_PARAMETERS and wanted.parameters is None:
            left = len(parameters) - MOST_PARAMETERS
            notes.append(
                f"{left:,} of {len(parameters):,} assignments were not recorded; --params names those to record."
            )
            parameters = dict(list(parameters.items())[:MOST_PARAMETERS])
        try:
            tracker.log_parameters({name: _without_secrets(name, value) for name, value in parameters.items()})
            for name, value in metrics.items():
                tracker.log_metric(name, value)
        except Conflict:
            notes.append("The cell closed its tracker, so neither parameters nor metrics were added.")
        finally:
            status = _finish(tracker, error)
        for note in notes:
            _say(note)
        if not wanted.quiet:
            from IPython.display import display

            seconds = time.time() - trial.began
            display(Summary(tracker.display_name, _experiment_of(tracker), status, seconds, parameters, metrics))


def _error_of(result: Any) -> BaseException | None:
    """How the cell ended. Where the shell has no result, its cell was cancelled."""
    if result is None:
        return KeyboardInterrupt()
    error: BaseException | None = result.error_before_exec or result.error_in_exec
    return KeyboardInterrupt() if isinstance(error, CancelledError) else error


def _finish(tracker: Tracker, error: BaseException | None) -> str:
    """End the component; returns its status. In a job, too: the cell is over, though the job is not."""
    from studio_ext.sdk.entities import MESSAGE
    from studio_ext.sdk.recording_place import recorder

    tracker.__exit__(type(error) if error is not None else None, error, None)
    if error is None or (isinstance(error, SystemExit) and not error.code):
        status, word, message = "Completed", "FINISHED", ""
    elif isinstance(error, KeyboardInterrupt):
        status, word, message = "Stopped", "KILLED", "Interrupted"
    else:
        status, word, message = "Failed", "FAILED", f"{type(error).__name__}: {error}"
    place = recorder()
    if place.job_run is not None:
        if message:
            place.records.set_tags(tracker.run_id, {MESSAGE: message[:1000]})
        place.records.update_run(tracker.run_id, status=word, ended=time.time())
    return status


def _log_source(tracker: Tracker, source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "cell.py")
        path.write_text(without_secrets(source), encoding="utf-8", errors="replace")
        tracker.log_artifact(path, media_type="text/x-python", is_output=False)


def _activate(tracker: Tracker) -> MlflowActiveRun | None:
    """Let plain MLflow calls of the cell go to its component, where this process can reach the store."""
    from studio_ext.adapters.mlflow_active_run import MlflowActiveRun
    from studio_ext.sdk.recording_place import recorder

    address = recorder().tracking_uri
    return None if address is None else MlflowActiveRun(address, tracker.run_id, tracker.experiment_id)


def _experiment_of(tracker: Tracker) -> str:
    from studio_ext.sdk.recording_place import recorder

    try:
        return recorder().records.experiment_by_id(tracker.experiment_id).name
    except StudioError:
        return ""


def _without_secrets(name: str, value: Any) -> Any:
    """Numbers are none, texts may be."""
    if not isinstance(value, str):
        return value
    return MASK if is_secret_name(name) else without_secrets(value)


def _present(names: Sequence[str], namespace: dict[str, Any], what: str, notes: list[str]) -> dict[str, Any]:
    for name in names:
        if name not in namespace:
            notes.append(f"{name!r} is not {what}: the cell did not set it.")
    return {name: namespace[name] for name in names if name in namespace}


def _metrics(names: Sequence[str], namespace: dict[str, Any], notes: list[str]) -> dict[str, float]:
    metrics = {}
    for name, value in _present(names, namespace, "a metric", notes).items():
        number = as_number(value)
        if number is None:
            notes.append(f"{name!r} is not a metric: it is no number but {type(value).__name__}.")
        else:
            metrics[name] = number
    return metrics


def _say(message: str, hint: str = "") -> None:
    from studio_ext.core.plain_text import one_line

    print(one_line(f"{message} {hint}").strip(), file=sys.stderr)
