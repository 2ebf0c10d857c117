"""``Run`` and ``load_run``: the later words for a tracker and its component."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from types import TracebackType
from typing import Any

from studio_ext.contract.errors import InvalidRequest, NotFound
from studio_ext.sdk import entities
from studio_ext.sdk.component import TrialComponent
from studio_ext.sdk.recording_place import recorder
from studio_ext.sdk.tracker import Tracker

_active: ContextVar[Run | None] = ContextVar("studio_run", default=None)


class Run:
    """A component of an experiment and what records to it. In a ``with`` block it ends with the block.

    Everything is a :class:`Tracker`'s doing, see there.
    """

    def __init__(
        self,
        experiment_name: str | None = None,
        run_name: str | None = None,
        *,
        tags: Mapping[str, str] | None = None,
        _tracker: Tracker | None = None,
    ) -> None:
        """The run of this name in the experiment, made if there is none; without a name a new one.

        Raises ``InvalidRequest`` inside another run's block.
        """
        if _tracker is None and (active := _active.get()) is not None:
            raise InvalidRequest(
                f"The run {active.run_name!r} is open in this block.", hint="Use load_run(), or end the block first."
            )
        self.tracker = _tracker or _found(experiment_name, run_name) or _made(experiment_name, run_name, tags)
        """What records."""

    @classmethod
    def list(cls, experiment_name: str, **choice: Any) -> Iterator[TrialComponent]:
        """Runs of an experiment, newest first; order and limits as for :meth:`TrialComponent.list`."""
        return TrialComponent.list(experiment_name, **choice)

    @property
    def run_id(self) -> str:
        """MLflow run id."""
        return self.tracker.run_id

    @property
    def run_name(self) -> str:
        """Name of the run."""
        return self.tracker.display_name

    @property
    def experiment_name(self) -> str:
        """Name of the experiment."""
        return self.tracker.trial_component.experiment_name

    def log_parameter(self, name: str, value: Any) -> None:
        """See :meth:`Tracker.log_parameter`."""
        self.tracker.log_parameter(name, value)

    def log_parameters(self, parameters: Mapping[str, Any]) -> None:
        """See :meth:`Tracker.log_parameters`."""
        self.tracker.log_parameters(parameters)

    def log_metric(
        self, name: str, value: float, timestamp: float | datetime | None = None, step: int | None = None
    ) -> None:
        """See :meth:`Tracker.log_metric`."""
        self.tracker.log_metric(name, value, timestamp, step)

    def log_artifact(self, name: str, value: str, media_type: str | None = None, is_output: bool = True) -> None:
        """Say where an output (or input) lies; nothing is uploaded. See :meth:`Tracker.log_output`."""
        (self.tracker.log_output if is_output else self.tracker.log_input)(name, value, media_type)

    def log_file(
        self,
        file_path: str | os.PathLike[str],
        name: str | None = None,
        media_type: str | None = None,
        is_output: bool = True,
    ) -> None:
        """Upload a file. See :meth:`Tracker.log_artifact`."""
        self.tracker.log_artifact(file_path, name, media_type, is_output=is_output)

    def log_precision_recall(
        self,
        y_true: Sequence[Any],
        predicted_probabilities: Sequence[float],
        positive_label: Any = None,
        title: str | None = None,
        is_output: bool = True,
        no_skill: float | None = None,
    ) -> None:
        """See :meth:`Tracker.log_precision_recall`."""
        self.tracker.log_precision_recall(
            y_true, predicted_probabilities, positive_label, title, no_skill=no_skill, is_output=is_output
        )

    def log_roc_curve(
        self, y_true: Sequence[Any], y_score: Sequence[float], title: str | None = None, is_output: bool = True
    ) -> None:
        """See :meth:`Tracker.log_roc_curve`."""
        self.tracker.log_roc_curve(y_true, y_score, title, is_output=is_output)

    def log_confusion_matrix(
        self, y_true: Sequence[Any], y_pred: Sequence[Any], title: str | None = None, is_output: bool = True
    ) -> None:
        """See :meth:`Tracker.log_confusion_matrix`."""
        self.tracker.log_confusion_matrix(y_true, y_pred, title, is_output=is_output)

    def close(self) -> None:
        """See :meth:`Tracker.close`."""
        self.tracker.close()

    def __enter__(self) -> Run:
        """It is what :func:`load_run` finds from now on."""
        self.tracker.__enter__()
        self._around = _active.set(self)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Say how it ended. The exception goes on."""
        _active.reset(self._around)
        self.tracker.__exit__(kind, error, at)

    def __repr__(self) -> str:
        return f"<Run {self.tracker!r}>"


class _Borrowed(Run):
    """The run of a block around this one, which ends it."""

    def __enter__(self) -> Run:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        pass


def load_run(run_name: str | None = None, experiment_name: str | None = None) -> Run:
    """A run that is there: that of the name; without one that of the ``with`` block around, or that of the job.

    Raises ``NotFound``, and ``InvalidRequest`` without a name where there is neither.
    """
    active = _active.get()
    if run_name is not None:
        if active is not None and run_name in (active.run_name, active.run_id):
            return _Borrowed(_tracker=active.tracker)
        return Run(_tracker=Tracker.load(run_name, experiment_name))
    if active is not None:
        return _Borrowed(_tracker=active.tracker)
    return Run(_tracker=Tracker.load())


def _found(experiment_name: str | None, run_name: str | None) -> Tracker | None:
    if run_name is None:
        return None
    try:
        return Tracker.load(run_name, None if recorder().job_run else experiment_name or entities.UNASSIGNED)
    except NotFound:
        return None


def _made(experiment_name: str | None, run_name: str | None, tags: Mapping[str, str] | None) -> Tracker:
    return Tracker.create(run_name, experiment_name=experiment_name, tags=tags)
