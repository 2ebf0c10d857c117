"""What stays of jobs that were purged, so that those who were away hear of it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "tombstones",
        sa.Column("id", sa.String(12), primary_key=True),
        sa.Column("revision", sa.Integer, nullable=False),
        sa.Column("purged", sa.Float, nullable=False),
        sa.Column("trial_to_delete", sa.Text),
    )
    op.create_index("tombstones_revision", "tombstones", ["revision"])
