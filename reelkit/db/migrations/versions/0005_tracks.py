"""Track recordings."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_INDEX = "uq_recordings_one_running"
_EXCLUSIVE = sa.text("status IN ('INVOKED', 'RECORDING', 'PAUSED') AND NOT allow_multiple")


def _one_running(*columns: str) -> None:
    op.create_index(
        _INDEX,
        "recordings",
        list(columns),
        unique=True,
        sqlite_where=_EXCLUSIVE,
        postgresql_where=_EXCLUSIVE,
    )


def upgrade() -> None:
    op.add_column("recordings", sa.Column("type", sa.String(length=16), nullable=False, server_default="COMPOSITE"))
    op.add_column("recordings", sa.Column("layers", sa.JSON(), nullable=True))
    op.add_column("recording_files", sa.Column("custom_participant_id", sa.Text(), nullable=True))
    op.drop_index(_INDEX, "recordings")
    # One of each type at a time.
    _one_running("meeting_id", "type")


def downgrade() -> None:
    op.drop_index(_INDEX, "recordings")
    _one_running("meeting_id")
    op.drop_column("recording_files", "custom_participant_id")
    op.drop_column("recordings", "layers")
    op.drop_column("recordings", "type")
