"""How far a film may be from its timeline."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Tolerance:
    """Limits of the checker; the defaults are those of a meeting over a real network stack."""

    settle_s: float = 1.5
    """After somebody joins or switches something on, so long may pass until it is in the film."""
    linger_s: float = 0.5
    """After somebody leaves or switches something off, so long it may still be in the film."""
    edge_s: float = 0.2
    """Signals so close to a cut of the film may be missing."""
    first_picture_s: float = 2.5
    """Cameras may be missing for so long at the film's beginning: the recorder may have to wait for a keyframe."""
    reach_s: float = 0.4
    """An event further than this from a declared instant is not that instant's."""
    skew_p95_ms: float = 60.0
    cadence_share: float = 0.995
    """Share of frames that follow the one before by one frame interval."""
    cadence_ms: float = 1.0
    """How exact such an interval is."""
    duration_s: float = 0.2
    freeze_s: float = 0.5
    """Longest standstill of a picture."""
    repeated_share: float = 0.05
    skipped_share: float = 0.05
    """Shares of a camera's frames that are repeated or left out."""
    unsteady: frozenset[str] = frozenset()
    """Who draws the picture with a clock of its own, as a browser does: where its frames fall on the film's instants,
    one is repeated and the next left out without any fault of the recorder. They are judged by ``displaced_share``."""
    displaced_share: float = 0.05
    """Share of frames that are more than one frame away from steady playback."""
    placement_ms: float = 250.0
    """How far a camera's picture may be from its declared time on the median."""
    gap_s: float = 0.3
    """A picture that is not seen for less than this still counts as seen."""
