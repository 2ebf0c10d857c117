"""Jobs as a store keeps them, for tests."""

from __future__ import annotations

import itertools
from typing import Any

from studio_ext.contract.jobs import (
    Exit,
    ExitReason,
    JobDetail,
    JobKind,
    JobStatus,
    KernelEnvironment,
    Progress,
    Resources,
    SecondaryStatus,
    Snapshot,
    TrialRef,
)
from studio_ext.core.ids import new_id
from studio_ext.ports.store import Store

S, T = JobStatus, SecondaryStatus
_moments = itertools.count(1_800_000_000)


def sample_job(**changes: Any) -> JobDetail:
    """A job that waits; each call makes a later one than the call before."""
    created = float(next(_moments))
    job = JobDetail(
        id=new_id(created),
        name="train",
        kind=JobKind.notebook,
        status=S.Pending,
        secondary_status=T.Pending,
        runner="fake",
        attempt=1,
        created=created,
        progress=Progress(total=3),
        trial=TrialRef(experiment="houses"),
        notebook="work/train.ipynb",
        parameters={"depth": 8, "name": 'a "quoted"\nline', "rates": [0.1, None], "deep": {"é": True}},
        user="ada",
        message="Waiting to start",
        revision=0,
        resources=Resources(cpus=1.5, memory_bytes=2**31),
        environment=KernelEnvironment(
            kernel="python3", display_name="Python", language="python", argv=["python"], prefix="/usr"
        ),
        snapshot=Snapshot(source="/work", files=2, size_bytes=9, left_out=["big.bin"]),
        directory="/nowhere",
        notebook_sha256="0" * 64,
        tags={"team": "red"},
    )
    return job.model_copy(update=changes)


def finish(store: Store, job_id: str, reason: ExitReason = ExitReason.completed) -> None:
    """Take a waiting job through its states to its end."""
    assert store.step(job_id, expect=[S.Pending], status=S.Starting, secondary_status=T.Starting)
    assert store.step(job_id, expect=[S.Starting], status=S.InProgress, secondary_status=T.Running)
    exit = Exit(reason=reason, code=0)
    assert store.step(
        job_id, expect=[S.InProgress], status=S.Completed, secondary_status=T.Completed, exit=exit, ended=5.0
    )
