"""All tables, for migrations and for tests that compare them."""

from reelkit.db import apps, meetings, participants, presets, recordings, renders, sessions, tokens
from reelkit.db.base import Base

METADATA = Base.metadata

__all__ = ["METADATA", "apps", "meetings", "participants", "presets", "recordings", "renders", "sessions", "tokens"]
