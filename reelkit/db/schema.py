"""All tables, for migrations and for tests that compare them."""

from reelkit.db import (
    apps,
    chats,
    deliveries,
    erasures,
    kept_answers,
    livestreams,
    meetings,
    participants,
    presets,
    recordings,
    renders,
    sessions,
    tokens,
    visits,
    webhooks,
)
from reelkit.db.base import Base

METADATA = Base.metadata

__all__ = [
    "METADATA",
    "apps",
    "chats",
    "deliveries",
    "erasures",
    "kept_answers",
    "livestreams",
    "meetings",
    "participants",
    "presets",
    "recordings",
    "renders",
    "sessions",
    "tokens",
    "visits",
    "webhooks",
]
