"""Audio files, notes, integrity records, captures that are kept, and films made again from them."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def _new_columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("audio_file_name", sa.String(length=255), nullable=True),
        sa.Column("audio_size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("audio_sha256", sa.String(length=64), nullable=True),
        sa.Column("notes", sa.JSON(), nullable=True),
        sa.Column("integrity", sa.JSON(), nullable=True),
        sa.Column("integrity_sha256", sa.String(length=64), nullable=True),
    )


def upgrade() -> None:
    for column in (*_new_columns(), sa.Column("keep_capture", sa.Boolean(), nullable=True)):
        op.add_column("recordings", column)
    op.create_table(
        "renders",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("config", sa.JSON(), nullable=False),
        sa.Column("render", sa.JSON(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("output_file_name", sa.String(length=255), nullable=False),
        sa.Column("uploaded_at", _TIME, nullable=True),
        sa.Column("duration_ms", sa.BigInteger(), nullable=True),
        sa.Column("file_size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("download_expires_at", _TIME, nullable=True),
        sa.Column("file_removed_at", _TIME, nullable=True),
        sa.Column("error", sa.Text(), nullable=True),
        *_new_columns(),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_renders_app_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_renders_recording_id"),
        sa.PrimaryKeyConstraint("id", name="pk_renders"),
    )
    op.create_index("ix_renders_recording_id_created_at", "renders", ["recording_id", "created_at"])
    op.create_index("ix_renders_download_expires_at", "renders", ["download_expires_at"])
    op.create_index("ix_renders_status", "renders", ["status"])


def downgrade() -> None:
    op.drop_table("renders")
    for column in reversed((*_new_columns(), sa.Column("keep_capture", sa.Boolean()))):
        op.drop_column("recordings", column.name)
