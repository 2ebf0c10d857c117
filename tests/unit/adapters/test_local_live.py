"""Whose figures grow is told to those who asked for them of late, and to nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from studio_ext.adapters import local_live
from studio_ext.adapters.local_live import LocalLive
from studio_ext.contract.errors import NotFound, Unavailable
from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import JobDetail, JobStatus
from studio_ext.contract.live import LiveChanged, MetricHistory
from studio_ext.core.log_calls import LoggedValue
from studio_ext.core.workspace import Workspace
from studio_ext.testing.sample_jobs import sample_job

RUN = "0123456789abcdef0123456789abcdef"


class Tracking:
    """A store with one trial."""

    def __init__(self) -> None:
        self.job_id: str | None = None
        self.status = "RUNNING"
        self.history: list[LoggedValue] = []
        self.asked = 0
        self.fault: Exception | None = None

    def trial(self, run_id: str) -> Trial:
        if run_id != RUN:
            raise NotFound("There is no such trial.")
        return Trial(run_id=run_id, experiment="e", name="n", status=self.status, job_id=self.job_id)

    def metric_history(self, run_id: str) -> Iterator[LoggedValue]:
        self.asked += 1
        if self.fault is not None:
            raise self.fault
        yield from self.history


@pytest.fixture
def job(workspace: Workspace) -> JobDetail:
    job = sample_job(status=JobStatus.InProgress)
    directory = workspace.job(job.id)
    (directory / "attempts" / "1").mkdir(parents=True)
    return job.model_copy(update={"directory": str(directory), "trial": job.trial.model_copy(update={"run_id": RUN})})


@pytest.fixture
def tracking() -> Tracking:
    return Tracking()


@pytest.fixture
def live(workspace: Workspace, job: JobDetail, tracking: Any) -> LocalLive:
    def find(job_id: str) -> JobDetail:
        if job_id != job.id:
            raise NotFound("There is no such job.")
        return job

    return LocalLive(workspace, find, lambda: tracking)


def log(directory: Path, value: float, step: int = 0, run_id: str = RUN) -> None:
    directory.mkdir(parents=True, exist_ok=True)
    body = json.dumps({"run_id": run_id, "key": "loss", "value": value, "timestamp": 1000 * step, "step": step})
    call = {"i": 1, "wb": True, "m": "POST", "p": "/api/2.0/mlflow/runs/log-metric", "b": body}
    with (directory / "calls.jsonl").open("a") as file:
        file.write(json.dumps(call) + "\n")


def metrics(live: LocalLive, job: JobDetail) -> MetricHistory:
    return live.metrics(job, max_points=10, cursor=None)


def trial_metrics(live: LocalLive, run_id: str = RUN) -> MetricHistory:
    return live.trial_metrics(run_id, max_points=10, cursor=None)


def test_nobody_asked(live: LocalLive, job: JobDetail) -> None:
    log(Path(job.directory) / "attempts" / "1", 1.0)
    assert live.grown() == LiveChanged()


def test_who_asked_is_told_once_for_each_growth(live: LocalLive, job: JobDetail) -> None:
    attempt = Path(job.directory) / "attempts" / "1"
    metrics(live, job)
    live.resources(job, max_points=10, cursor=None)
    assert live.grown() == LiveChanged()
    log(attempt, 1.0)
    assert live.grown() == LiveChanged(metrics=[job.id])
    assert live.grown() == LiveChanged()
    (attempt / "resources.jsonl").write_text("{}\n")
    log(attempt, 1.0)
    assert live.grown() == LiveChanged(metrics=[job.id], resources=[job.id])
    metrics(live, job)
    assert live.grown() == LiveChanged()


def test_nobody_is_told_of_jobs_that_are_over(live: LocalLive, job: JobDetail) -> None:
    metrics(live, job)
    metrics(live, job.model_copy(update={"status": JobStatus.Completed}))
    log(Path(job.directory) / "attempts" / "1", 1.0)
    assert live.grown() == LiveChanged()


def test_who_does_not_ask_any_more_is_forgotten(
    live: LocalLive, job: JobDetail, monkeypatch: pytest.MonkeyPatch
) -> None:
    metrics(live, job)
    monkeypatch.setattr(local_live, "_WATCH_SECONDS", -1.0)
    log(Path(job.directory) / "attempts" / "1", 1.0)
    assert live.grown() == LiveChanged()


def test_the_job_s_own_run_comes_first(live: LocalLive, job: JobDetail) -> None:
    attempt = Path(job.directory) / "attempts" / "1"
    log(attempt, 1.0, run_id="child")
    log(attempt, 2.0)
    assert [each.run_id for each in metrics(live, job).series] == [RUN, "child"]


def test_a_trial_of_a_job_is_read_from_its_journal(live: LocalLive, job: JobDetail, tracking: Tracking) -> None:
    attempt = Path(job.directory) / "attempts" / "1"
    log(attempt, 1.0, run_id="child")
    log(attempt, 2.0)
    tracking.job_id = job.id
    assert [each.last for each in trial_metrics(live).series] == [2.0]
    assert tracking.asked == 0


def test_a_trial_of_a_job_that_was_deleted_is_asked_of_the_store(live: LocalLive, tracking: Tracking) -> None:
    tracking.job_id, tracking.history = "zzzzzzzzzzzz", [LoggedValue(RUN, "loss", 0, 1.0, 3.0)]
    history = trial_metrics(live)
    assert [each.last for each in history.series] == [3.0] and not history.complete
    tracking.status = "FINISHED"
    assert trial_metrics(live).complete


def test_a_tracker_is_read_from_its_journals(live: LocalLive, workspace: Workspace, tracking: Tracking) -> None:
    """With what the store has of journals that are gone, and without it where they still lie there."""
    attempts = workspace.trackers / RUN / "attempts"
    log(attempts / "2", 2.0, step=2)
    tracking.history = [LoggedValue(RUN, "loss", 1, 1.0, 1.0), LoggedValue(RUN, "loss", 2, 2.0, 2.0)]
    first = trial_metrics(live)
    assert [each.value for each in first.series] == [[1.0, 2.0]]
    log(attempts / "10", 3.0, step=3)
    later = live.trial_metrics(RUN, max_points=10, cursor=first.cursor)
    assert [each.value for each in later.series] == [[3.0]] and not later.complete
    assert tracking.asked == 1


def test_a_tracker_is_read_while_the_store_is_away(live: LocalLive, workspace: Workspace, tracking: Tracking) -> None:
    log(workspace.trackers / RUN / "attempts" / "1", 2.0, step=2)
    tracking.fault = Unavailable("away")
    assert [each.value for each in trial_metrics(live).series] == [[2.0]]


def test_when_a_tracker_is_gone_the_store_is_asked(live: LocalLive, workspace: Workspace, tracking: Tracking) -> None:
    import shutil

    log(workspace.trackers / RUN / "attempts" / "1", 2.0, step=2)
    first = trial_metrics(live)
    shutil.rmtree(workspace.trackers / RUN)
    tracking.history, tracking.status = [LoggedValue(RUN, "loss", 2, 2.0, 2.0)], "FINISHED"
    history = live.trial_metrics(RUN, max_points=10, cursor=first.cursor)
    assert history.whole and history.complete and history.series[0].value == [2.0]


def test_an_id_leads_nowhere_else(live: LocalLive, workspace: Workspace) -> None:
    log(workspace.home / "elsewhere" / "attempts" / "1", 1.0)
    for strange in ("../elsewhere", "..", "", "/", "a/b", "\0"):
        with pytest.raises(NotFound):
            trial_metrics(live, strange)


def test_a_run_that_only_the_store_knows_is_not_read_at_every_look(
    live: LocalLive, tracking: Tracking, monkeypatch: pytest.MonkeyPatch
) -> None:
    tracking.history = [LoggedValue(RUN, "loss", 0, 1.0, 0.5)]
    looks = [live.trial_metrics(RUN, max_points=10, cursor=None) for _ in range(3)]
    assert looks[0] == looks[2] and not looks[0].complete
    assert tracking.asked == 1
    tracking.history.append(LoggedValue(RUN, "loss", 1, 2.0, 0.25))
    tracking.status = "FINISHED"
    ended = live.trial_metrics(RUN, max_points=10, cursor=looks[0].cursor)
    assert ended.complete and ended.series[0].count == 2
    monkeypatch.setattr(local_live, "_STORED_SECONDS", 0.0)
    monkeypatch.setattr(local_live, "_STORED_SHARE", 0.0)
    for number in range(local_live._MAX_STORED + 5):
        live.trial_metrics(RUN, max_points=100 + number, cursor=None)
    assert len(live._stored) == local_live._MAX_STORED
