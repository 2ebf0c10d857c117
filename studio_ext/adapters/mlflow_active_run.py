"""Makes plain ``mlflow`` calls of this process go to one run for a while."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from typing import Any


class MlflowActiveRun:
    """From now until :meth:`restore` MLflow's functions log to this run, and ``start_run()`` starts it.

    Where MLflow is imported, the run becomes its active one, in every thread that has none. Where it is not yet,
    MLflow's own variables say it: so they do to programs that are started meanwhile.
    """

    def __init__(self, tracking_uri: str, run_id: str, experiment_id: str) -> None:
        self._uri = tracking_uri
        self._run_id = run_id
        self._experiment_id = experiment_id
        self._undo: list[Callable[[], None]] = []
        self._is_active = True
        self._set_variables()
        if "mlflow" in sys.modules:
            with contextlib.suppress(Exception):  # another MLflow, or the store is away: the variables are left
                self._activate()

    def restore(self) -> None:
        """Make active what was before. What the user's code chose meanwhile stays."""
        self._is_active = False
        fluent = sys.modules.get("mlflow.tracking.fluent")
        if fluent is not None:
            with contextlib.suppress(Exception):
                self._leave_stacks(fluent)
        for step in reversed(self._undo):
            with contextlib.suppress(Exception):
                step()
        self._undo.clear()

    def _set_variables(self) -> None:
        wanted: dict[str, str | None] = {
            "MLFLOW_TRACKING_URI": self._uri,
            "MLFLOW_RUN_ID": self._run_id,
            "MLFLOW_EXPERIMENT_ID": self._experiment_id,
            "MLFLOW_EXPERIMENT_NAME": None,  # MLflow refuses a name beside an id
        }
        before = {name: os.environ.get(name) for name in wanted}

        def undo() -> None:
            for name, value in wanted.items():
                if os.environ.get(name) in (value, None):
                    _set_variable(name, before[name])

        self._undo.append(undo)  # the last step: setting MLflow's address changes a variable, too
        for name, value in wanted.items():
            _set_variable(name, value)

    def _activate(self) -> None:
        import mlflow
        from mlflow.tracking import fluent
        from mlflow.tracking._tracking_service import utils

        chosen = utils._tracking_uri
        if mlflow.get_tracking_uri() != self._uri:
            mlflow.set_tracking_uri(self._uri)
            self._undo.append(lambda: mlflow.set_tracking_uri(chosen) if utils._tracking_uri == self._uri else None)
        experiment = fluent._active_experiment_id
        fluent._active_experiment_id = self._experiment_id
        self._undo.append(lambda: _set_if(fluent, "_active_experiment_id", self._experiment_id, experiment))
        kept = _kept_run(fluent, mlflow.MlflowClient().get_run(self._run_id))
        stack = fluent._active_run_stack.get()
        before = list(stack)
        stack[:] = [kept]
        self._undo.append(lambda: stack.__setitem__(slice(0, 0), before))
        self._replace(mlflow, fluent, "start_run", self._start_run(fluent, kept))
        self._replace(mlflow, fluent, "end_run", self._end_run(fluent, kept))

    def _replace(self, mlflow: Any, fluent: Any, name: str, function: Any) -> None:
        for module in (mlflow, fluent):
            original = getattr(module, name)
            setattr(module, name, function)
            self._undo.append(lambda module=module, original=original: _set_if(module, name, function, original))  # type: ignore[misc]

    def _start_run(self, fluent: Any, kept: Any) -> Any:
        original = fluent.start_run

        def start_run(run_id: str | None = None, *arguments: Any, **options: Any) -> Any:
            """MLflow's; but it starts the run that is there, unless it is told to start a nested or another one."""
            stack = fluent._active_run_stack.get()
            is_ours = self._is_active and run_id in (None, self._run_id) and not options.get("nested")
            if not is_ours or (stack and stack[-1] is not kept):
                with self._without_variable():  # MLflow would take it for the run to start, nested or not
                    return original(run_id, *arguments, **options)
            if not stack:
                stack.append(kept)
            if options.get("tags"):
                fluent.set_tags(options["tags"])
            return kept

        return start_run

    @contextlib.contextmanager
    def _without_variable(self) -> Iterator[None]:
        hidden = self._is_active and os.environ.get("MLFLOW_RUN_ID") == self._run_id
        if hidden:
            del os.environ["MLFLOW_RUN_ID"]
        try:
            yield
        finally:
            if hidden:
                os.environ["MLFLOW_RUN_ID"] = self._run_id

    def _end_run(self, fluent: Any, kept: Any) -> Any:
        original = fluent.end_run

        def end_run(*arguments: Any, **options: Any) -> Any:
            """MLflow's, but the run that is there ends by other means."""
            stack = fluent._active_run_stack.get()
            if self._is_active and stack and stack[-1] is kept:
                return None
            return original(*arguments, **options)

        return end_run

    def _leave_stacks(self, fluent: Any) -> None:
        """End the nested runs that were left open here, and take the run out of every thread's active runs."""
        stack = fluent._active_run_stack.get()
        ours = [run.info.run_id == self._run_id for run in stack]
        if any(ours):
            for _ in range(len(ours) - 1 - ours.index(True)):
                fluent.end_run()
        for each in fluent._active_run_stack.get_all_thread_values().values():
            each[:] = [run for run in each if run.info.run_id != self._run_id]


def _kept_run(fluent: Any, run: Any) -> Any:
    class KeptRun(fluent.ActiveRun):  # type: ignore[misc]
        """A run that does not end with the ``with`` block around it."""

        def __exit__(self, kind: Any, error: Any, traceback: Any) -> bool:
            return kind is None

    return KeptRun(run)


def _set_variable(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value


def _set_if(module: Any, name: str, ours: Any, before: Any) -> None:
    if getattr(module, name) is ours or getattr(module, name) == ours:
        setattr(module, name, before)
