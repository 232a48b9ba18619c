"""How far a film is, told while it is rendered."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class StuckTrack:
    """A video track whose pictures cannot be decoded until its next keyframe; named as its packet files are."""

    feed: str
    mindex: int


@dataclass(frozen=True, slots=True)
class Progress:
    """The state of a running renderer."""

    film_s: float
    """Length of what is committed."""
    lag_s: float
    """How far the newest rendered instant lies behind the wall clock; 0 once the recording has ended, while it is
    paused, and for a capture that is not live."""
    segments: int
    """Committed segments."""
    needed_from: Mapping[str, int | None] | None = None
    """By name of the packet file: the offset from which on this film still needs it, None if not at all; files that are
    not named are needed whole. Told when it has changed: otherwise None."""
    wants_keyframes: tuple[StuckTrack, ...] = ()
    """Tracks that cannot go on: whoever can should ask their senders for a keyframe."""
