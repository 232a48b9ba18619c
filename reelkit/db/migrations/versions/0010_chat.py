"""Chats that outlive their session."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_SEQUENCE = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "chat_messages",
        sa.Column("sequence", _SEQUENCE, autoincrement=True, nullable=False),
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("session_id", sa.String(length=36), nullable=False),
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("persistent", sa.Boolean(), nullable=False),
        sa.Column("peer_id", sa.String(length=64), nullable=False),
        sa.Column("participant_id", sa.String(length=36), nullable=False),
        sa.Column("display_name", sa.String(length=255), nullable=False),
        sa.Column("payload_type", sa.Integer(), nullable=False),
        sa.Column("payload", sa.Text(), nullable=False),
        sa.Column("pinned", sa.Boolean(), nullable=False),
        sa.Column("is_edited", sa.Boolean(), nullable=False),
        sa.Column("targets", sa.JSON(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["session_id"], ["sessions.id"], name="fk_chat_messages_session_id"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name="fk_chat_messages_meeting_id"),
        sa.PrimaryKeyConstraint("sequence", name="pk_chat_messages"),
        sa.UniqueConstraint("id", name="uq_chat_messages_id"),
    )
    op.create_index("ix_chat_messages_session_id_sequence", "chat_messages", ["session_id", "sequence"])
    op.create_index("ix_chat_messages_meeting_id_sequence", "chat_messages", ["meeting_id", "sequence"])


def downgrade() -> None:
    op.drop_table("chat_messages")
