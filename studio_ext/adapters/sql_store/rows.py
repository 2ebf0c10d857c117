"""Rows to wire types and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping

from studio_ext.contract.jobs import Attempt, Exit, Job, JobDetail, Progress, Transition, TrialRef

_DETAIL = ("resources", "environment", "snapshot", "directory", "content_path", "notebook_sha256", "tags", "autolog")


def job_columns(job: JobDetail) -> dict[str, Any]:
    """A job as column values (without revision and idempotency key)."""
    dump = job.model_dump(mode="json")
    return {
        **{key: dump[key] for key in ("id", "name", "kind", "status", "secondary_status", "runner", "attempt")},
        **{key: dump[key] for key in ("created", "started", "ended", "progress", "exit", "notebook")},
        **{key: dump[key] for key in ("output_notebook", "parameters", "user", "message", "pid")},
        **dump["trial"],
        "detail": {key: dump[key] for key in _DETAIL},
        "stop_level": int(job.stop_requested),
        "recorded": False,
        "delete_trial": False,
    }


def _summary(row: RowMapping) -> dict[str, Any]:
    return {
        **{key: row[key] for key in ("id", "name", "kind", "status", "secondary_status", "runner", "attempt")},
        **{key: row[key] for key in ("created", "started", "ended", "notebook", "output_notebook")},
        **{key: row[key] for key in ("parameters", "user", "message", "revision")},
        "progress": Progress.model_validate(row["progress"]),
        "exit": Exit.model_validate(row["exit"]) if row["exit"] else None,
        "trial": TrialRef(
            experiment=row["experiment"],
            run_id=row["run_id"],
            experiment_id=row["experiment_id"],
            artifact_uri=row["artifact_uri"],
        ),
        "stop_requested": row["stop_level"] > 0,
    }


def job(row: RowMapping) -> Job:
    """A row of the job list."""
    return Job(**_summary(row))


def job_detail(row: RowMapping, attempts: Sequence[RowMapping], transitions: Sequence[RowMapping]) -> JobDetail:
    """Everything about one job."""
    return JobDetail.model_validate(
        {
            **_summary(row),
            **row["detail"],
            "pid": row["pid"],
            "attempts": [attempt(each) for each in attempts],
            "transitions": [
                Transition(
                    **{
                        key: each[key]
                        for key in ("attempt", "status", "secondary_status", "started", "ended", "message")
                    }
                )
                for each in transitions
            ],
        }
    )


def attempt(row: RowMapping) -> Attempt:
    """One try at a job."""
    return Attempt(
        number=row["number"],
        started=row["started"],
        ended=row["ended"],
        exit=Exit.model_validate(row["exit"]) if row["exit"] else None,
    )
