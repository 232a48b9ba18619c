"""All tables, for migrations and for tests that compare them."""

from reelkit.db import (
    apps,
    deliveries,
    erasures,
    meetings,
    participants,
    presets,
    recordings,
    renders,
    sessions,
    tokens,
    webhooks,
)
from reelkit.db.base import Base

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "apps",
    "deliveries",
    "erasures",
    "meetings",
    "participants",
    "presets",
    "recordings",
    "renders",
    "sessions",
    "tokens",
    "webhooks",
]
