"""How far a film is, told while it is rendered."""

from dataclasses import dataclass


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
