"""Indices that hold all that lists are filtered and sorted by, and titles as they are searched."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_MEETINGS = sa.table("meetings", sa.column("id", sa.String), sa.column("title", sa.String), sa.column("folded_title"))
_CHUNK_ROWS = 1_000
# Table, columns of the index before; name and columns of the one after.
_INDICES = (
    (
        "recordings",
        ("app_id", "invoked_at"),
        "ix_recordings_listed",
        ("app_id", "invoked_at", "id", "status", "meeting_id", "download_expires_at", "file_removed_at"),
    ),
    ("recordings", ("meeting_id", "invoked_at"), None, ("meeting_id", "invoked_at", "id")),
    ("meetings", ("app_id", "created_at"), None, ("app_id", "created_at", "id")),
    ("meetings", ("app_id", "status", "created_at"), None, ("app_id", "status", "created_at", "id")),
    (
        "participants",
        ("meeting_id", "created_at"),
        "ix_participants_listed",
        ("meeting_id", "created_at", "id", "recording_id"),
    ),
)


def upgrade() -> None:
    op.add_column("meetings", sa.Column("folded_title", sa.Text(), nullable=True))
    connection = op.get_bind()
    titles = connection.execute(
        sa.select(_MEETINGS.c.id, _MEETINGS.c.title).where(_MEETINGS.c.title.is_not(None))
    ).all()
    change = sa.update(_MEETINGS).where(_MEETINGS.c.id == sa.bindparam("of")).values(folded_title=sa.bindparam("text"))
    for first in range(0, len(titles), _CHUNK_ROWS):
        chunk = titles[first : first + _CHUNK_ROWS]
        connection.execute(change, [{"of": meeting_id, "text": title.casefold()} for meeting_id, title in chunk])
    for table, before, name, after in _INDICES:
        op.drop_index(_name(table, before), table)
        op.create_index(name or _name(table, after), table, list(after))


def downgrade() -> None:
    for table, before, name, after in reversed(_INDICES):
        op.drop_index(name or _name(table, after), table)
        op.create_index(_name(table, before), table, list(before))
    op.drop_column("meetings", "folded_title")


def _name(table: str, columns: tuple[str, ...]) -> str:
    return f"ix_{table}_{'_'.join(columns)}"
