"""Narrow indices for what lists count, and one for titles as they are searched where the database bears it."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

# Table; name and columns of the index before, if there was one; those of the one after.
_INDICES = (
    ("recordings", None, ("ix_recordings_app_id_status", ("app_id", "status"))),
    (
        "recordings",
        None,
        (
            "ix_recordings_counted",
            ("app_id", "download_expires_at", "file_removed_at"),
        ),
    ),
    (
        "webhook_deliveries",
        ("ix_webhook_deliveries_webhook_id_sequence", ("webhook_id", "sequence")),
        ("ix_webhook_deliveries_listed", ("webhook_id", "sequence", "state", "event")),
    ),
)
_TITLES = "ix_meetings_titles"


def upgrade() -> None:
    for table, before, after in _INDICES:
        if before is not None:
            op.drop_index(before[0], table)
        op.create_index(after[0], table, list(after[1]))
    if _bears_long_entries():
        op.create_index(_TITLES, "meetings", ["app_id", "folded_title", "id"])


def downgrade() -> None:
    if _bears_long_entries():
        op.drop_index(_TITLES, "meetings")
    for table, before, after in reversed(_INDICES):
        op.drop_index(after[0], table)
        if before is not None:
            op.create_index(before[0], table, list(before[1]))


def _bears_long_entries() -> bool:
    """PostgreSQL's entries of 2,704 bytes at most are too small for the longest titles."""
    return op.get_bind().dialect.name == "sqlite"
