"""Participants as whom browsers that record pages join."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("participants", sa.Column("recording_id", sa.String(length=36), nullable=True))
    op.create_index("ix_participants_recording_id", "participants", ["recording_id"])


def downgrade() -> None:
    op.drop_index("ix_participants_recording_id", "participants")
    op.execute("DELETE FROM participants WHERE recording_id IS NOT NULL")
    op.drop_column("participants", "recording_id")
