"""The tracker: records parameters, metrics, inputs, outputs and artefacts of a trial component."""

from __future__ import annotations

import atexit
import itertools
import math
import os
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Any

from studio_ext.contract.errors import Conflict, InvalidRequest, StudioError
from studio_ext.core.plain_text import one_line
from studio_ext.core.record_names import MAX_PARAMETER, MAX_TAG, checked_name, sound_text
from studio_ext.ports.records import RunRecord
from studio_ext.sdk import entities, graphs, tracker_files
from studio_ext.sdk.component import TrialComponent
from studio_ext.sdk.current_experiment import current_experiment
from studio_ext.sdk.log_buffer import LogBuffer
from studio_ext.sdk.recording_place import NotRecorded, recorder

if TYPE_CHECKING:
    import pandas as pd

    from studio_ext.sdk.trial import Trial

_MESSAGE_LENGTH = 1024
_APPLIED_SECONDS = 30.0
_MAX_STEP = 2**63


class Tracker:
    """Records to one trial component. Thread-safe; in a forked worker it goes on with a journal of its own.

    As a context manager it says how the component ended: Completed, Failed with the exception's text, or Stopped when
    it was interrupted. Inside a job the status is the job's, and the tracker does not touch it.
    """

    def __init__(self, run: RunRecord, *, ends: bool) -> None:
        """Use :meth:`create` or :meth:`load`. ``ends``: the run ends when this tracker is closed."""
        place = recorder()
        self._recorder = place
        self._run = run
        self._ends = ends and place.job_run is None
        self._pid = os.getpid()
        self._parameters = dict(run.parameters)
        self._lock = threading.Lock()
        self._steps: dict[str, Callable[[], int]] = {}
        self._buffer = self._new_buffer()
        if self._ends:  # from now on, if this process is killed, somebody knows
            self._buffer.open()
        with _trackers_lock:
            _trackers.add(self)

    @classmethod
    def create(
        cls,
        display_name: str | None = None,
        *,
        experiment_name: str | None = None,
        trial: Trial | str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Tracker:
        """A tracker of a new trial component, which exists when this returns.

        :param display_name: name of the component; None: the time.
        :param experiment_name: the experiment, made if there is none; None: that of the trial, else that of
            :func:`set_experiment`, else MLflow's own. In a job it is the job's.
        :param trial: the trial that it is made in, or its name.
        :raises studio_ext.contract.errors.Unavailable: while the tracking store is away.
        """
        place = recorder()
        name = time.strftime("tracker-%Y-%m-%d-%H%M%S") if display_name is None else display_name
        name = entities.checked_label(name, "display_name")
        given = entities.new_run_tags() | {entities.KIND: "component"} | entities.checked_tags(tags)
        parent = None
        if trial is not None:
            trial_id = trial if isinstance(trial, str) else trial.run_id
            parent = entities.find_run(trial_id, experiment_name, trials_first=True)
            given[entities.PARENT] = parent.run_id
            if place.job_run is not None:  # there a run is nested below the job's, and below others by a tag
                given[entities.TRIAL + parent.run_id] = sound_text(parent.name)
        if place.job_run is not None:
            experiment_id = place.records.run(place.job_run).experiment_id
        elif parent is not None:
            experiment_id = parent.experiment_id
        else:
            experiment_id = entities.experiment_for(experiment_name or current_experiment()).experiment_id
        return cls(place.records.create_run(experiment_id, name, given, time.time()), ends=True)

    @classmethod
    def load(cls, trial_component_name: str | None = None, experiment_name: str | None = None) -> Tracker:
        """A tracker of a component that is there.

        :param trial_component_name: its run id or display name; None: that of the job that this code runs in.
        :raises studio_ext.contract.errors.InvalidRequest: without a name outside a job.
        """
        place = recorder()
        if trial_component_name is not None:
            return cls(entities.find_run(trial_component_name, experiment_name), ends=False)
        if place.job_run is None:
            raise InvalidRequest(
                "Tracker.load() without a name works only inside a job.",
                hint="Name a trial component, or make one with Tracker.create().",
            )
        return cls(place.records.run(place.job_run), ends=False)

    # -- what it records to

    @property
    def run_id(self) -> str:
        """MLflow run id of the component."""
        return self._run.run_id

    @property
    def display_name(self) -> str:
        """Display name of the component."""
        return self._run.name

    @property
    def experiment_id(self) -> str:
        """MLflow's id of the experiment that it is in."""
        return self._run.experiment_id

    @property
    def trial_component(self) -> TrialComponent:
        """The component with all that was logged so far."""
        entities.settle()
        return TrialComponent(self._recorder.records.run(self.run_id))

    # -- logging

    def log_metric(
        self,
        metric_name: str,
        value: float,
        timestamp: float | datetime | None = None,
        iteration_number: int | None = None,
        *,
        step: int | None = None,
    ) -> None:
        """Log a value of a metric. Costs microseconds: the value is in the journal within a fifth of a second, and safe
        from any crash after :meth:`flush`.

        :param value: a number; NaN and the infinities are numbers.
        :param timestamp: when, in seconds since the epoch or as a datetime; None: now.
        :param iteration_number: the step; None: one more than at the last call without one. ``step`` is another word.
        """
        if step is None:
            step = iteration_number
        try:
            if step is None:
                step = self._steps[metric_name]()
            elif metric_name not in self._steps:
                self._count(metric_name)
        except (KeyError, TypeError):
            counted = self._count(metric_name)
            step = counted() if step is None else step
        milliseconds = int(time.time() * 1000) if timestamp is None else _milliseconds(timestamp)
        if type(value) is not float:
            value = _number(metric_name, value)
        if type(step) is not int or not -_MAX_STEP <= step < _MAX_STEP:
            step = _step(step)
        self._buffer.add((metric_name, value, milliseconds, step))
        if self._buffer.is_closed:
            self._refuse_closed()

    def log_parameter(self, name: str, value: Any) -> None:
        """Log a parameter: a number, or anything as its text. NaN and infinities are dropped with a warning.

        MLflow does not overwrite parameters: of one that changes, the later value is kept beside the first, with a
        warning.
        """
        self.log_parameters({name: value})

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """Log several parameters, all or, when a name will not do, none. See :meth:`log_parameter`."""
        self._refuse_closed()
        texts = {checked_name(name, "parameters"): _parameter(name, value) for name, value in parameters.items()}
        for name, text in texts.items():
            if text is None:
                continue
            with self._lock:
                before = self._parameters.setdefault(name, text)
                if before == text:
                    self._buffer.add(("params", name, text))
                    continue
            _warn(
                f"The parameter {name!r} was logged as {before[:80]!r} before. MLflow keeps that; the later value is "
                f"in the tag {entities.PARAMETER + name!r}."
            )
            self._tag(entities.PARAMETER, name, text)

    def log_input(self, name: str, value: str, media_type: str | None = None) -> None:
        """Say what was read: a URI or any text of at most 5,000 characters. Nothing is uploaded."""
        self._log_place(entities.INPUT, entities.INPUT_TYPE, name, value, media_type)

    def log_output(self, name: str, value: str, media_type: str | None = None) -> None:
        """Say what was made: a URI or any text of at most 5,000 characters. Nothing is uploaded."""
        self._log_place(entities.OUTPUT, entities.OUTPUT_TYPE, name, value, media_type)

    def log_artifact(
        self,
        file_path: str | os.PathLike[str],
        name: str | None = None,
        media_type: str | None = None,
        *,
        is_output: bool = True,
    ) -> None:
        """Copy a file to the component's artefacts, and say that it is an output (or an input).

        :param name: path below the artefacts; None: the name of the file.
        :param media_type: None: guessed from the name.
        :raises studio_ext.contract.errors.InvalidRequest: when there is no such file.
        """
        self._refuse_closed()
        for found, below, kind in tracker_files.one(file_path, name, media_type):
            self._upload(found, below, kind, is_output)

    def log_artifacts(self, directory: str | os.PathLike[str], *, is_output: bool = True) -> None:
        """Copy all files below a directory to the component's artefacts. Links are left out."""
        self._refuse_closed()
        for found, below, kind in tracker_files.below(directory):
            self._upload(found, below, kind, is_output)

    def log_table(
        self,
        title: str,
        values: Mapping[str, Sequence[Any]] | None = None,
        data_frame: pd.DataFrame | None = None,
        *,
        is_output: bool = True,
    ) -> None:
        """Log a table: columns by name, or a DataFrame."""
        if (values is None) == (data_frame is None):
            raise InvalidRequest.field("values", "either values or data_frame must be given")
        if data_frame is not None:
            values = {str(name): list(data_frame.iloc[:, place]) for place, name in enumerate(data_frame.columns)}
        self._log_graph(graphs.table(title, values or {}), is_output)

    def log_confusion_matrix(
        self, y_true: Sequence[Any], y_pred: Sequence[Any], title: str | None = None, *, is_output: bool = True
    ) -> None:
        """Log how often each label was taken for each."""
        self._log_graph(graphs.confusion_matrix(title or "ConfusionMatrix", y_true, y_pred), is_output)

    def log_roc_curve(
        self, y_true: Sequence[Any], y_score: Sequence[float], title: str | None = None, *, is_output: bool = True
    ) -> None:
        """Log the receiver operating characteristic of scores for two classes, 0 and 1."""
        self._log_graph(graphs.roc_curve(title or "ROCCurve", y_true, y_score), is_output)

    def log_precision_recall(
        self,
        y_true: Sequence[Any],
        predicted_probabilities: Sequence[float],
        positive_label: Any = None,
        title: str | None = None,
        *,
        no_skill: float | None = None,
        is_output: bool = True,
    ) -> None:
        """Log precision against recall."""
        graph = graphs.precision_recall(
            title or "PrecisionRecallCurve", y_true, predicted_probabilities, positive_label, no_skill
        )
        self._log_graph(graph, is_output)

    # -- the end

    def flush(self, *, applied: bool = False, timeout: float = _APPLIED_SECONDS) -> bool:
        """When this returns, all that was logged before survives any crash. Returns whether MLflow has it too.

        :param applied: wait for that, at most ``timeout`` seconds.
        :raises studio_ext.contract.errors.Unavailable: when it cannot be written; nothing is forgotten then.
        """
        self._buffer.flush()
        deadline, pause = time.monotonic() + timeout, 0.02
        while not (done := self._buffer.applied()) and applied and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(pause * 1.3, 0.3)
        return done

    @property
    def lag(self) -> int:
        """How many values, parameters and tags MLflow has not got yet. They are safe after :meth:`flush`.

        In a job those are counted that this process still holds; the rest is in ``lag_bytes`` of the job.
        """
        return self._buffer.lag()

    @property
    def refused(self) -> list[str]:
        """Sentences about what MLflow refused, for example because the run was deleted meanwhile."""
        return self._buffer.refused()

    def close(self, status: str = "Completed", message: str = "") -> None:
        """Write what is left. A component that this tracker made ends with ``status``: Completed, Failed or Stopped.

        Idempotent. A tracker that is not closed is closed when its process ends.
        """
        words = {"Completed": "FINISHED", "Failed": "FAILED", "Stopped": "KILLED"}
        if status not in words:
            raise InvalidRequest.field("status", f"{status!r} is none; there are {', '.join(words)}")
        ends = self._ends and self._pid == os.getpid()
        self._buffer.close(words[status] if ends else "", sound_text(message)[:_MESSAGE_LENGTH])

    def __enter__(self) -> Tracker:
        """Outside a job: the component is in progress from now on."""
        self._refuse_closed()
        if self._recorder.job_run is None and not self._ends:
            self._ends = True
            self._buffer.close()
            self._recorder.records.update_run(self.run_id, status="RUNNING")
            self._recorder.records.delete_tag(self.run_id, entities.MESSAGE)
            self._buffer = self._new_buffer()
            self._buffer.open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Say how it ended. The exception goes on."""
        if error is None or (isinstance(error, SystemExit) and not error.code):
            self.close()
        elif isinstance(error, KeyboardInterrupt):
            self.close("Stopped", "Interrupted")
        else:
            self.close("Failed", f"{type(error).__name__}: {error}")

    def __repr__(self) -> str:
        lag = self.lag
        behind = f", MLflow is {lag:,} behind" if lag else ""
        return f"<Tracker {one_line(self.display_name)!r} {self.run_id}{behind}>"

    # -- inside

    def _new_buffer(self) -> LogBuffer:
        owner = weakref.ref(self)
        place, run = self._recorder, self._run

        def open_sink() -> Any:
            tracker = owner()
            ends = tracker is not None and tracker._ends and tracker._pid == os.getpid()
            return place.open_sink(run, ends=ends)

        return LogBuffer(run.run_id, open_sink)

    def _count(self, metric_name: str) -> Callable[[], int]:
        self._refuse_closed()
        checked_name(metric_name, "metric_name")
        with self._lock:
            return self._steps.setdefault(metric_name, itertools.count().__next__)

    def _refuse_closed(self) -> None:
        if self._buffer.is_closed:
            raise Conflict(
                f"The tracker {self.display_name!r} was closed.", hint="Tracker.load() goes on with its component."
            )

    def _tag(self, prefix: str, name: str, text: str) -> None:
        key = checked_name(prefix + name, "name")
        self._buffer.add(("tags", key, text[:MAX_TAG]))

    def _log_place(self, prefix: str, types: str, name: str, value: str, media_type: str | None) -> None:
        self._refuse_closed()
        checked_name(name, "name")
        text = sound_text(value)
        if len(text) > MAX_TAG:
            raise InvalidRequest.field("value", f"has {len(text)} characters; at most {MAX_TAG} are allowed")
        checked_name(types + name, "name")
        self._tag(prefix, name, text)
        if media_type:
            self._tag(types, name, sound_text(media_type))

    def _upload(self, source: os.PathLike[str], name: str, media_type: str | None, is_output: bool) -> None:
        from pathlib import Path

        self._recorder.records.log_artifact(self._run, Path(source), name)
        prefix, types = (entities.OUTPUT, entities.OUTPUT_TYPE) if is_output else (entities.INPUT, entities.INPUT_TYPE)
        self._log_place(prefix, types, tracker_files.tag_name(name), f"runs:/{self.run_id}/{name}", media_type)

    def _log_graph(self, graph: Mapping[str, Any], is_output: bool) -> None:
        self._refuse_closed()
        with tracker_files.document(graph) as (path, name):
            self._upload(path, name, "application/json", is_output)


def _milliseconds(timestamp: float | datetime) -> int:
    try:
        seconds = timestamp.timestamp() if isinstance(timestamp, datetime) else float(timestamp)
        if not 0 <= seconds < 1e11:
            raise ValueError
        return int(seconds * 1000)
    except (TypeError, ValueError, OverflowError):
        raise InvalidRequest.field("timestamp", "must be seconds since the epoch, or a datetime") from None


def _number(name: str, value: Any) -> float:
    try:
        if isinstance(value, str | bytes):
            raise TypeError
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise InvalidRequest.field(
            "value", f"of the metric {name!r} must be a number, not {str(value)[:80]!r}"
        ) from None


def _step(step: Any) -> int:
    try:
        number = int(step)
        if number != step or not -_MAX_STEP <= number < _MAX_STEP:
            raise ValueError
        return number
    except (TypeError, ValueError, OverflowError):
        raise InvalidRequest.field("iteration_number", f"must be a whole number, not {str(step)[:80]!r}") from None


def _parameter(name: str, value: Any) -> str | None:
    """The text of a parameter; None for numbers that are none."""
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():  # a number of numpy says its type in its repr
        value = item()
    if isinstance(value, float) and not math.isfinite(value):
        _warn(f"The parameter {name!r} is {value} and is not recorded.")
        return None
    text = sound_text(value)
    if len(text) > MAX_PARAMETER:
        _warn(
            f"The parameter {name!r} has {len(text)} characters; MLflow keeps {MAX_PARAMETER}, and so the rest is cut."
        )
    return text[:MAX_PARAMETER]


def _warn(message: str) -> None:
    """A warning that points to the line of the user."""
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("studio_ext."):
        frame, depth = frame.f_back, depth + 1
    warnings.warn(message, UserWarning, stacklevel=depth)


_trackers: set[Tracker] = set()
"""Those that were not closed, and those that were and whose values the store may not have: nobody else keeps them."""
_trackers_lock = threading.Lock()


def open_trackers() -> list[Tracker]:
    """Trackers of this process that the store that is read now may not have everything of."""
    if not _trackers:
        return []
    try:
        place = recorder()
    except NotRecorded:
        return []  # nobody could have recorded there
    with _trackers_lock:
        here = {tracker for tracker in _trackers if tracker._recorder is place}
        waiting = [tracker for tracker in here if not tracker._buffer.applied()]
        for tracker in here - set(waiting):
            if tracker._buffer.is_closed:
                _trackers.discard(tracker)
        return waiting


def _at_exit() -> None:
    """What was made here and not closed ends with this process: well, unless an exception ends it."""
    failure = None if hasattr(sys, "ps1") or "IPython" in sys.modules else getattr(sys, "last_value", None)
    with _trackers_lock:
        left = list(_trackers)
    for tracker in left:
        try:
            if failure is not None and not isinstance(failure, KeyboardInterrupt):
                tracker.close("Failed", f"{type(failure).__name__}: {failure}")
            else:
                tracker.close("Stopped" if failure is not None else "Completed")
        except StudioError as error:  # nobody is left to whom it could be raised
            print(f"{tracker!r}: {error.message} What was logged last is lost.", file=sys.stderr)


def _after_fork() -> None:
    global _trackers_lock
    _trackers_lock = threading.Lock()
    for tracker in list(_trackers):
        tracker._lock = threading.Lock()


atexit.register(_at_exit)
os.register_at_fork(after_in_child=_after_fork)

__all__ = ["Tracker", "open_trackers"]
