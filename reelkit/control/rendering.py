"""How far a film is that is being made."""

from dataclasses import dataclass
from enum import StrEnum


class RenderingState(StrEnum):
    WAITING = "waiting"
    """All places for renderers are taken; the capture goes on."""
    LIVE = "live"
    """The renderer follows the meeting."""
    CATCHING_UP = "catching_up"
    """The meeting is far ahead of the renderer, or the recording has stopped."""


@dataclass(frozen=True, slots=True)
class Rendering:
    """The state of one film."""

    state: RenderingState
    lag_s: float
    """How much of what is recorded is not rendered; while the renderer follows, its distance from the meeting."""
    done_s: float
    """How much is rendered."""
    rss_bytes: int | None
    """The renderer's resident memory, once it has told."""
