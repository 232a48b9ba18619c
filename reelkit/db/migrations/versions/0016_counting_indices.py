"""Narrow indices for what lists count, and one for titles as they are searched where the database bears it."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Table, name, columns.
_INDICES = (
    ("recordings", "ix_recordings_app_id_status", ("app_id", "status")),
    ("recordings", "ix_recordings_counted", ("app_id", "download_expires_at", "file_removed_at")),
)
_ENDED = "ix_webhook_deliveries_ended"
_TITLES = "ix_meetings_titles"


def upgrade() -> None:
    for table, name, columns in _INDICES:
        op.create_index(name, table, list(columns))
    ended = sa.text("state != 'PENDING'")
    of_ended = ["webhook_id", "state", "sequence"]
    op.create_index(_ENDED, "webhook_deliveries", of_ended, sqlite_where=ended, postgresql_where=ended)
    if _bears_long_entries():
        op.create_index(_TITLES, "meetings", ["app_id", "folded_title", "id"])


def downgrade() -> None:
    if _bears_long_entries():
        op.drop_index(_TITLES, "meetings")
    op.drop_index(_ENDED, "webhook_deliveries")
    for table, name, _ in reversed(_INDICES):
        op.drop_index(name, table)


def _bears_long_entries() -> bool:
    """PostgreSQL's entries of 2,704 bytes at most are too small for the longest titles."""
    return op.get_bind().dialect.name == "sqlite"
