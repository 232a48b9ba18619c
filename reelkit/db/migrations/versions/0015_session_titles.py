"""Titles of sessions as they are searched."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_SESSIONS = sa.table("sessions", sa.column("id", sa.String), sa.column("title", sa.String), sa.column("folded_title"))
_CHUNK_ROWS = 1_000


def upgrade() -> None:
    op.add_column("sessions", sa.Column("folded_title", sa.Text(), nullable=True))
    connection = op.get_bind()
    titles = connection.execute(
        sa.select(_SESSIONS.c.id, _SESSIONS.c.title).where(_SESSIONS.c.title.is_not(None))
    ).all()
    change = sa.update(_SESSIONS).where(_SESSIONS.c.id == sa.bindparam("of")).values(folded_title=sa.bindparam("text"))
    for first in range(0, len(titles), _CHUNK_ROWS):
        chunk = titles[first : first + _CHUNK_ROWS]
        connection.execute(change, [{"of": session_id, "text": title.casefold()} for session_id, title in chunk])


def downgrade() -> None:
    op.drop_column("sessions", "folded_title")
