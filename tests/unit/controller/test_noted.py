"""Whatever the controller writes to a run is said to the index."""

from __future__ import annotations

from pathlib import Path

from studio_ext.adapters.mlflow_tracking import MlflowTracking
from studio_ext.controller.noted import NotedRelay, NotedTracking
from studio_ext.core.log_calls import LoggedValue
from studio_ext.core.workspace import Workspace
from studio_ext.ports.tracking import RunHandle, RunStart

RUN = RunHandle("r1", "1", "/nowhere")


class Applied:
    """A relay that has something to apply once."""

    def __init__(self) -> None:
        self.left = 3
        self.finished = 0

    def pump(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> int:
        applied, self.left = self.left, 0
        return applied

    def finish(self, job_id: str, directory: Path, attempt: int, run: RunHandle) -> None:
        self.finished += 1


def test_journals(tmp_path: Path) -> None:
    noted: list[str] = []
    applied = Applied()
    relay = NotedRelay(applied, noted.append)
    assert relay.pump("j", tmp_path, 1, RUN) == 3 and noted == ["r1"]
    assert relay.pump("j", tmp_path, 1, RUN) == 0 and noted == ["r1"], "nothing was written"
    relay.finish("j", tmp_path, 1, RUN)
    assert applied.finished == 1 and noted == ["r1", "r1"]


def test_runs(workspace: Workspace) -> None:
    noted: list[str] = []
    tracking = NotedTracking(workspace.tracking_uri, workspace.artifacts, noted.append)
    run = tracking.start_run("job", RunStart("e", "name", 1.0, "ada"))
    assert noted == [run.run_id]
    tracking.log_values(run.run_id, [LoggedValue(run.run_id, "m", 1.0, 1, 1.0)])
    tracking.end_run(run.run_id, "FINISHED", 2.0, {})
    tracking.delete_run(run.run_id)
    assert noted == [run.run_id] * 4
    assert MlflowTracking(workspace.tracking_uri, workspace.artifacts).experiments()[0].name == "e"
