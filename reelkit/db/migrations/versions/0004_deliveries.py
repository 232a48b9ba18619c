"""Delivery to storage of the caller, further files of recordings, secrets of meetings' configurations."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "deliveries",
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("storage", sa.JSON(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("label", sa.Text(), nullable=False),
        sa.Column("bucket_enabled", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=16), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("error", sa.Text(), nullable=True),
        sa.Column("next_try_at", _TIME, nullable=True),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("total_bytes", sa.BigInteger(), nullable=True),
        sa.Column("files_at", _TIME, nullable=True),
        sa.Column("flawed", sa.Boolean(), nullable=False),
        sa.Column("earlier_error", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_deliveries_recording_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recording_id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_state", "deliveries", ["state"])
    op.create_table(
        "delivery_files",
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("content_type", sa.String(length=128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=True),
        sa.Column("head_bytes", sa.BigInteger(), nullable=False),
        sa.Column("blocks", sa.JSON(), nullable=True),
        sa.Column("sent_bytes", sa.BigInteger(), nullable=False),
        sa.Column("upload", sa.JSON(), nullable=True),
        sa.Column("sent_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["deliveries.recording_id"], name="fk_delivery_files_recording_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recording_id", "name", name="pk_delivery_files"),
    )
    op.create_table(
        "recording_files",
        sa.Column("recording_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("content_type", sa.String(length=128), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("layer", sa.String(length=255), nullable=True),
        sa.ForeignKeyConstraint(
            ["recording_id"], ["recordings.id"], name="fk_recording_files_recording_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("recording_id", "name", name="pk_recording_files"),
    )
    op.create_table(
        "ssh_host_keys",
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("host", sa.String(length=255), nullable=False),
        sa.Column("port", sa.Integer(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("pinned_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_ssh_host_keys_app_id", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("app_id", "host", "port", name="pk_ssh_host_keys"),
    )
    op.add_column("meetings", sa.Column("recording_secrets", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("meetings", "recording_secrets")
    for table in ("ssh_host_keys", "recording_files", "delivery_files", "deliveries"):
        op.drop_table(table)
