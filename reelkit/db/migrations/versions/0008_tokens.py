"""API tokens with scope and expiry, and answers to repeated requests."""

from uuid import uuid4

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

_TIME = sa.DateTime(timezone=True)
_TOKENS = sa.table(
    "tokens",
    sa.column("account_id", sa.String),
    sa.column("sha256", sa.String),
    sa.column("created_at", _TIME),
    sa.column("app_id", sa.String),
    sa.column("bootstrap", sa.Boolean),
    sa.column("expires_at", _TIME),
    sa.column("revoked_at", _TIME),
)
_EARLIER = (_TOKENS.c.account_id, _TOKENS.c.sha256, _TOKENS.c.created_at)


def upgrade() -> None:
    # One for each account had no id of its own. They are few, and all of them open the whole account.
    earlier = op.get_bind().execute(sa.select(*_EARLIER)).mappings().all()
    op.drop_table("tokens")
    tokens = op.create_table(
        "tokens",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=True),
        sa.Column("name", sa.String(length=255), nullable=False),
        sa.Column("email", sa.String(length=320), nullable=True),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("bootstrap", sa.Boolean(), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.Column("expires_at", _TIME, nullable=True),
        sa.Column("last_used_at", _TIME, nullable=True),
        sa.Column("revoked_at", _TIME, nullable=True),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tokens_account_id"),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"], name="fk_tokens_app_id"),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("sha256", name="uq_tokens_sha256"),
    )
    op.create_index("ix_tokens_account_id_created_at", "tokens", ["account_id", "created_at"])
    rows = [{"id": str(uuid4()), "name": "operator", "bootstrap": True, **row} for row in earlier]
    op.bulk_insert(tokens, rows)
    op.create_table(
        "kept_answers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("started_at", _TIME, nullable=False),
        sa.Column("sealed_answer", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_kept_answers"),
    )
    op.create_index("ix_kept_answers_started_at", "kept_answers", ["started_at"])


def downgrade() -> None:
    op.drop_table("kept_answers")
    # An account keeps one that opens all of it and does not end: the one of its start, or else its oldest.
    whole = (
        sa.select(*_EARLIER)
        .where(_TOKENS.c.app_id.is_(None), _TOKENS.c.expires_at.is_(None), _TOKENS.c.revoked_at.is_(None))
        .order_by(_TOKENS.c.bootstrap, _TOKENS.c.created_at.desc())
    )
    kept = {row["account_id"]: dict(row) for row in op.get_bind().execute(whole).mappings()}
    op.drop_table("tokens")
    earlier = op.create_table(
        "tokens",
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("created_at", _TIME, nullable=False),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name="fk_tokens_account_id"),
        sa.PrimaryKeyConstraint("account_id", name="pk_tokens"),
    )
    op.bulk_insert(earlier, list(kept.values()))
