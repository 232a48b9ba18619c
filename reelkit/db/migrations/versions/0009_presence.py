"""What sessions tell about who was in them."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_MS_PER_DAY = 86_400_000


def upgrade() -> None:
    op.add_column("sessions", sa.Column("consumed_ms", sa.BigInteger(), nullable=False, server_default="0"))
    op.add_column("sessions", sa.Column("alive_at", _TIME, nullable=True))
    _describe_peers()
    op.create_table(
        "session_visits",
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("peer_id", sa.String(length=64), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("joined_at", _TIME, nullable=False),
        sa.Column("left_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_session_visits_session_id"),
        sa.PrimaryKeyConstraint("session_id", "peer_id", "number", name="pk_session_visits"),
    )
    # Of a peer that came back only its last visit is known. It may end before it begins: the clock was set back.
    op.execute(
        "INSERT INTO session_visits (session_id, peer_id, number, created_at, joined_at, left_at) "
        "SELECT session_id, peer_id, 1, joined_at, joined_at, "
        "CASE WHEN left_at < joined_at THEN joined_at ELSE left_at END FROM session_peers WHERE NOT hidden"
    )
    op.execute(
        "UPDATE sessions SET consumed_ms = COALESCE((SELECT SUM(session_peers.present_ms) FROM session_peers "
        "WHERE session_peers.session_id = sessions.id), 0)"
    )


def _describe_peers() -> None:
    for column in (
        sa.Column("custom_participant_id", sa.String(length=255), nullable=True),
        sa.Column("picture", sa.String(length=2048), nullable=True),
        sa.Column("preset_name", sa.String(length=255), nullable=True),
        sa.Column("view_type", sa.String(length=32), nullable=True),
        sa.Column("created_at", _TIME, nullable=True),
        sa.Column("first_joined_at", _TIME, nullable=True),
        sa.Column("visits", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("present_ms", sa.BigInteger(), nullable=False, server_default="0"),
        sa.Column("updated_at", _TIME, nullable=True),
    ):
        op.add_column("session_peers", column)
    op.execute(
        "UPDATE session_peers SET created_at = joined_at, first_joined_at = joined_at, "
        "updated_at = COALESCE(left_at, joined_at)"
    )
    # Of those who were deleted since only their peers are known.
    participant = "FROM participants WHERE participants.id = session_peers.participant_id"
    preset = participant.replace("WHERE", "JOIN presets ON presets.id = participants.preset_id WHERE")
    for name, source in (
        ("custom_participant_id", f"participants.custom_participant_id {participant}"),
        ("picture", f"participants.picture {participant}"),
        ("preset_name", f"presets.name {preset}"),
    ):
        op.execute(f"UPDATE session_peers SET {name} = (SELECT {source})")  # noqa: S608 - of constants
    op.execute("UPDATE session_peers SET visits = 1 WHERE NOT hidden")
    op.execute(f"UPDATE session_peers SET present_ms = {_stay_ms()} WHERE NOT hidden AND left_at > joined_at")  # noqa: S608
    with op.batch_alter_table("session_peers") as peers:
        for name in ("created_at", "first_joined_at", "updated_at"):
            peers.alter_column(name, existing_type=_TIME, nullable=False)
    op.create_index("ix_session_peers_custom_participant_id", "session_peers", ["custom_participant_id"])
    op.create_index("ix_session_peers_peer_id", "session_peers", ["peer_id"])


def _stay_ms() -> str:
    """SQL for the milliseconds from ``joined_at`` to ``left_at``."""
    if op.get_bind().dialect.name == "sqlite":
        return f"CAST(ROUND((JULIANDAY(left_at) - JULIANDAY(joined_at)) * {_MS_PER_DAY}.0) AS INTEGER)"
    return "CAST(ROUND(EXTRACT(EPOCH FROM left_at - joined_at) * 1000) AS BIGINT)"


def downgrade() -> None:
    op.drop_table("session_visits")
    op.drop_index("ix_session_peers_peer_id", "session_peers")
    op.drop_index("ix_session_peers_custom_participant_id", "session_peers")
    for name in (
        "updated_at",
        "present_ms",
        "visits",
        "first_joined_at",
        "created_at",
        "view_type",
        "preset_name",
        "picture",
        "custom_participant_id",
    ):
        op.drop_column("session_peers", name)
    op.drop_column("sessions", "alive_at")
    op.drop_column("sessions", "consumed_ms")
