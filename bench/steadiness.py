"""Whether a film shows every picture that a camera sent, told by the pictures' counters."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.checker.sight import UNREAD
from testbed.timeline import LOOP_FRAMES

_LISTED = 3
_LINGER_S = 0.25
"""A picture may be seen for so long after it was last owed, and nobody is back so soon."""


@dataclass(frozen=True)
class On:
    """A stretch of wall-clock time in which a camera was on and its pictures reached the SFU.

    Pictures are owed from ``owed_from_s`` to ``owed_until_s``; what is seen before and after is a bonus.
    """

    start_s: float
    owed_from_s: float
    owed_until_s: float


@dataclass(frozen=True)
class Steadiness:
    """One camera in one film. All but ``owed`` are faults."""

    owed: int
    missing: tuple[float, ...]
    """Film times of frames without the picture that is owed."""
    repeated: tuple[float, ...]
    """Of frames that show the picture of the frame before."""
    left_out: tuple[float, ...]
    """Of frames that do not show the picture behind that of the frame before, but a later or an earlier one."""
    last_shown_s: tuple[float | None, ...]
    """For each stretch the wall-clock time of the last frame that shows a picture other than the frame before."""

    def faults(self, name: str) -> list[str]:
        """Sentences."""
        return [
            f"{name}: {len(times_s)} frame(s) {what} at film time {_listed(times_s)} s"
            for what, times_s in (
                ("without the picture", self.missing),
                ("with a picture repeated", self.repeated),
                ("behind a picture that was left out", self.left_out),
            )
            if times_s
        ]


def steadiness(
    times_s: NDArray[np.float64], counts: NDArray[np.int32], first_s: float, stretches: Sequence[On]
) -> Steadiness:
    """``times_s`` are the film times of frames and ``counts`` the counters that they show of one camera; film time zero
    shows the wall-clock time ``first_s``."""
    wall_s = times_s + first_s
    owed = np.zeros(len(times_s), bool)
    for on in stretches:
        owed |= (wall_s >= on.owed_from_s) & (wall_s < on.owed_until_s)
    shown = counts != UNREAD
    # Consecutive frames both of which are owed and shown; the last step of a stretch leads out of it.
    pairs = owed[1:] & owed[:-1] & shown[1:] & shown[:-1]
    new = shown & np.append(True, counts[1:] != counts[:-1])
    steps = (counts[1:] - counts[:-1]) % LOOP_FRAMES
    return Steadiness(
        owed=int(owed.sum()),
        missing=_at(times_s, owed & ~shown),
        repeated=_at(times_s[1:], pairs & (steps == 0)),
        left_out=_at(times_s[1:], pairs & (steps > 1)),
        last_shown_s=tuple(_last(wall_s, new, on) for on in stretches),
    )


def _last(wall_s: NDArray[np.float64], new: NDArray[np.bool_], on: On) -> float | None:
    inside = wall_s[new & (wall_s >= on.start_s) & (wall_s < on.owed_until_s + _LINGER_S)]
    return float(inside[-1]) if len(inside) else None


def _at(times_s: NDArray[np.float64], flags: NDArray[np.bool_]) -> tuple[float, ...]:
    return tuple(float(time_s) for time_s in times_s[flags])


def _listed(times_s: Sequence[float]) -> str:
    named = ", ".join(f"{time_s:.2f}" for time_s in times_s[:_LISTED])
    return named if len(times_s) <= _LISTED else f"{named} …"
