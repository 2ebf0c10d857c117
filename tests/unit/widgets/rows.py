"""Jobs and trials as their documents."""

from __future__ import annotations

from typing import Any

from studio_ext.contract.experiments import Trial
from studio_ext.contract.jobs import Job, JobKind, JobStatus, Progress, SecondaryStatus, TrialRef


def job_row(status: JobStatus = JobStatus.InProgress, **changes: Any) -> Job:
    fields: dict[str, Any] = {
        "id": "abc123def456",
        "name": "train",
        "kind": JobKind.notebook,
        "status": status,
        "secondary_status": SecondaryStatus.Running,
        "runner": "process",
        "attempt": 1,
        "created": 1_000.0,
        "progress": Progress(total=3),
        "trial": TrialRef(experiment="e"),
        "notebook": "train.ipynb",
        "user": "someone",
        "revision": 1,
    }
    return Job(**{**fields, **changes})


def trial(run_id: str, **changes: Any) -> Trial:
    return Trial(**{"run_id": run_id, "experiment": "e", "name": run_id, "status": "FINISHED", **changes})
