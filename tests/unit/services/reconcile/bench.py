"""A controller without a process."""

from __future__ import annotations

from typing import Any

from studio_ext.adapters.sql_store import SqlStore
from studio_ext.contract.jobs import JobDetail, JobStatus, SecondaryStatus
from studio_ext.core.workspace import Workspace
from studio_ext.services.reconcile import Reconciler
from studio_ext.testing.fake_runner import FakeRunner
from studio_ext.testing.sample_jobs import sample_job

S, T = JobStatus, SecondaryStatus


class Bench:
    """A controller without a process: each :meth:`turn` is one pass over what the database says."""

    def __init__(self, workspace: Workspace, store: SqlStore) -> None:
        self.workspace, self.store = workspace, store
        self.runner = FakeRunner()
        self.recorded: set[str] = set()
        self.max_running = 2
        self.restart()

    def restart(self) -> None:
        """As after a crash: what was in memory is gone."""
        self.reconciler = Reconciler(self.store, {"fake": self.runner}, max_running=self.max_running)

    def add(self, *, run: bool = True, **changes: Any) -> str:
        job = sample_job(**changes)
        directory = self.workspace.job(job.id)
        directory.mkdir()
        (directory / "environment.json").write_text("{}")
        job.directory = str(directory)
        self.store.add(job, None)
        if run:
            self.store.set_run(job.id, f"run-{job.id}", "1", "file:///a")
        return job.id

    def turn(self, times: int = 1) -> None:
        for _ in range(times):
            self.reconciler.run_pass(self.store.active(), self.recorded)

    def job(self, job_id: str) -> JobDetail:
        return self.store.get(job_id)

    def status(self, job_id: str) -> JobStatus:
        return self.job(job_id).status

    def running(self) -> str:
        """A job whose code runs."""
        job_id = self.add()
        self.turn()
        self.runner.run(job_id)
        self.turn()
        assert self.status(job_id) is S.InProgress
        return job_id
