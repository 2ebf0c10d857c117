"""Jobs, transitions, attempts, the revision counter and the lease."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("secondary_status", sa.String(24), nullable=False),
        sa.Column("runner", sa.Text, nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("created", sa.Float, nullable=False),
        sa.Column("started", sa.Float),
        sa.Column("ended", sa.Float),
        sa.Column("progress", sa.JSON, nullable=False),
        sa.Column("exit", sa.JSON),
        sa.Column("experiment", sa.Text, nullable=False),
        sa.Column("run_id", sa.Text),
        sa.Column("experiment_id", sa.Text),
        sa.Column("artifact_uri", sa.Text),
        sa.Column("notebook", sa.Text, nullable=False),
        sa.Column("output_notebook", sa.Text),
        sa.Column("parameters", sa.JSON, nullable=False),
        sa.Column("user", sa.Text, nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("pid", sa.Integer),
        sa.Column("detail", sa.JSON, nullable=False),
        sa.Column("stop_level", sa.Integer, nullable=False),
        sa.Column("recorded", sa.Boolean, nullable=False),
        sa.Column("deleted", sa.Float),
        sa.Column("delete_trial", sa.Boolean, nullable=False),
        sa.Column("idempotency_key", sa.Text, unique=True),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.create_index("jobs_revision", "jobs", ["revision"])
    op.create_index("jobs_status", "jobs", ["status"])
    op.create_index("jobs_experiment", "jobs", ["experiment"])
    op.create_table(
        "transitions",
        sa.Column("number", sa.Integer, primary_key=True, autoincrement=True),
        sa.Column("job_id", sa.String(12), sa.ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("attempt", sa.Integer, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("secondary_status", sa.String(24), nullable=False),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("message", sa.Text, nullable=False),
    )
    op.create_index("ix_transitions_job_id", "transitions", ["job_id"])
    op.create_table(
        "attempts",
        sa.Column("job_id", sa.String(12), sa.ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("started", sa.Float, nullable=False),
        sa.Column("ended", sa.Float),
        sa.Column("exit", sa.JSON),
    )
    revisions = op.create_table(
        "revisions",
        sa.Column("one", sa.Integer, primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
    )
    op.bulk_insert(revisions, [{"one": 1, "revision": 0}])
    op.create_table(
        "leases",
        sa.Column("name", sa.String(32), primary_key=True),
        sa.Column("pid", sa.Integer, nullable=False),
        sa.Column("start_time", sa.Integer, nullable=False),
        sa.Column("boot_id", sa.Text, nullable=False),
        sa.Column("version", sa.Text, nullable=False),
        sa.Column("heartbeat", sa.Float, nullable=False),
    )
