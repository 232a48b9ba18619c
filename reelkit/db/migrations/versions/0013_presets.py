"""Viewers of webinars who ask for the stage may send once they are on it."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

_VIEWER = "webinar_viewer"
_PRESETS = sa.table("presets", sa.column("id", sa.String), sa.column("name", sa.String), sa.column("document", sa.JSON))


def upgrade() -> None:
    _rewrite("NOT_ALLOWED", "CAN_REQUEST")


def downgrade() -> None:
    _rewrite("CAN_REQUEST", "NOT_ALLOWED")


def _rewrite(old: str, new: str) -> None:
    """Changes what every app's own preset of that name says about media, as long as it says the same of all kinds and
    lets people ask for the stage."""
    connection = op.get_bind()
    rows = connection.execute(sa.select(_PRESETS.c.id, _PRESETS.c.document).where(_PRESETS.c.name == _VIEWER)).all()
    for preset_id, document in rows:
        permissions = document.get("permissions", {})
        media = permissions.get("media", {})
        if permissions.get("stage_access") != "CAN_REQUEST" or any(
            part != {"can_produce": old} for part in media.values()
        ):
            continue
        changed = {
            **document,
            "permissions": {**permissions, "media": {kind: {"can_produce": new} for kind in media}},
        }
        connection.execute(sa.update(_PRESETS).where(_PRESETS.c.id == preset_id).values(document=changed))
