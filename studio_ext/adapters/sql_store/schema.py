"""Tables of the workspace database. Times are seconds since the epoch."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Float, ForeignKey, Index, Integer, MetaData, String, Table, Text

metadata = MetaData()

jobs = Table(
    "jobs",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("name", Text, nullable=False),
    Column("kind", String(16), nullable=False),
    Column("status", String(16), nullable=False),
    Column("secondary_status", String(24), nullable=False),
    Column("runner", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("created", Float, nullable=False),
    Column("started", Float),
    Column("ended", Float),
    Column("progress", JSON, nullable=False),
    Column("exit", JSON),
    Column("experiment", Text, nullable=False),
    Column("run_id", Text),
    Column("experiment_id", Text),
    Column("artifact_uri", Text),
    Column("notebook", Text, nullable=False),
    Column("output_notebook", Text),
    Column("parameters", JSON, nullable=False),
    Column("user", Text, nullable=False),
    Column("message", Text, nullable=False),
    Column("pid", Integer),
    # What only the detail page shows: resources, environment, snapshot, directory, content path, hash, tags, autolog.
    Column("detail", JSON, nullable=False),
    Column("stop_level", Integer, nullable=False, default=0),
    Column("recorded", Boolean, nullable=False, default=False),
    Column("deleted", Float),
    Column("delete_trial", Boolean, nullable=False, default=False),
    Column("idempotency_key", Text, unique=True),
    Column("revision", Integer, nullable=False),
    Index("jobs_revision", "revision"),
    Index("jobs_status", "status"),
    Index("jobs_experiment", "experiment"),
)

transitions = Table(
    "transitions",
    metadata,
    Column("number", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(12), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False, index=True),
    Column("attempt", Integer, nullable=False),
    Column("status", String(16), nullable=False),
    Column("secondary_status", String(24), nullable=False),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("message", Text, nullable=False),
)

attempts = Table(
    "attempts",
    metadata,
    Column("job_id", String(12), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("started", Float, nullable=False),
    Column("ended", Float),
    Column("exit", JSON),
)

# What stays of a purged job for a while: clients that were away hear that it is gone.
tombstones = Table(
    "tombstones",
    metadata,
    Column("id", String(12), primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("purged", Float, nullable=False),
    # The MLflow run that has to go with the job and has not gone yet.
    Column("trial_to_delete", Text),
    Index("tombstones_revision", "revision"),
)

# One row: the revision of the job list. A counter of its own, because purging a job must not take it back.
revisions = Table(
    "revisions", metadata, Column("one", Integer, primary_key=True), Column("revision", Integer, nullable=False)
)

# One row: who is the controller.
leases = Table(
    "leases",
    metadata,
    Column("name", String(32), primary_key=True),
    Column("pid", Integer, nullable=False),
    Column("start_time", Integer, nullable=False),
    Column("boot_id", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("heartbeat", Float, nullable=False),
)
