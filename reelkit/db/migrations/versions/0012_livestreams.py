"""Livestreams of meetings."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_RUNNING = sa.text("status IN ('INVOKED', 'LIVE')")


def upgrade() -> None:
    op.create_table(
        "livestreams",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("meeting_id", sa.String(length=36), nullable=False),
        sa.Column("run_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=1_000), nullable=True),
        sa.Column("stream_key", sa.Text(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("invoked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_livestreams_app_id"),
        sa.ForeignKeyConstraint(["meeting_id"], ["meetings.id"], name="fk_livestreams_meeting_id"),
        sa.PrimaryKeyConstraint("id", name="pk_livestreams"),
        sa.UniqueConstraint("run_id", name="uq_livestreams_run_id"),
    )
    op.create_index("ix_livestreams_app_id_invoked_at", "livestreams", ["app_id", "invoked_at"])
    op.create_index("ix_livestreams_meeting_id_invoked_at", "livestreams", ["meeting_id", "invoked_at"])
    op.create_index(
        "uq_livestreams_one_running",
        "livestreams",
        ["meeting_id"],
        unique=True,
        sqlite_where=_RUNNING,
        postgresql_where=_RUNNING,
    )


def downgrade() -> None:
    op.drop_table("livestreams")
