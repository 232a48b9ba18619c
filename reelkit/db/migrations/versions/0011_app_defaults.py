"""An app's standing recording configuration."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("apps", sa.Column("recording_config", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("apps", sa.Column("recording_secrets", sa.Text(), nullable=True))


def downgrade() -> None:
    op.drop_column("apps", "recording_secrets")
    op.drop_column("apps", "recording_config")
