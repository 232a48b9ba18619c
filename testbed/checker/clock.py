"""Which instant of the timeline a film shows at each of its own times."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.timeline import Interval

VOTE_BIN_S = 0.05
"""Offsets between expected and found events are collected in bins of this width."""


@dataclass(frozen=True)
class Stretch:
    """A part of a film that shows the meeting without interruption."""

    film_s: float
    """Where it begins in the film."""
    timeline_s: float
    """What it shows there."""
    length_s: float

    def timeline_interval(self) -> tuple[float, float]:
        return self.timeline_s, self.timeline_s + self.length_s


class FilmClock:
    """Maps film time to timeline time. A recording that was paused has one stretch for each time that it ran."""

    def __init__(self, stretches: Sequence[Stretch]) -> None:
        if not stretches:
            raise ValueError("a film shows at least one stretch of its timeline")
        self.stretches = tuple(stretches)

    @classmethod
    def starting_at(cls, timeline_s: float, duration_s: float) -> "FilmClock":
        """The clock of a film without pauses whose first frame shows ``timeline_s``."""
        return cls([Stretch(0.0, timeline_s, duration_s)])

    def timeline(self, film_s: NDArray[np.float64]) -> NDArray[np.float64]:
        """The instants shown at ``film_s``; times outside the film continue its first and last stretch."""
        starts = np.array([stretch.film_s for stretch in self.stretches])
        index = np.clip(np.searchsorted(starts, film_s, side="right") - 1, 0, len(starts) - 1)
        offsets = np.array([stretch.timeline_s - stretch.film_s for stretch in self.stretches])
        shown: NDArray[np.float64] = film_s + offsets[index]
        return shown

    def shows(self, start_s: float, stop_s: float, margin_s: float = 0.0) -> bool:
        """Whether one stretch shows the whole of start_s … stop_s, and ``margin_s`` around it."""
        return any(
            stretch.timeline_s + margin_s <= start_s and stop_s <= stretch.timeline_s + stretch.length_s - margin_s
            for stretch in self.stretches
        )

    def film(self, timeline_s: float) -> float | None:
        """The film time that shows ``timeline_s``; None if it is cut out."""
        for stretch in self.stretches:
            start_s, stop_s = stretch.timeline_interval()
            if start_s <= timeline_s < stop_s:
                return stretch.film_s + timeline_s - stretch.timeline_s
        return None


def vote_start(pairs: Iterable[tuple[Sequence[float], Sequence[float]]]) -> float | None:
    """The timeline time of a film's first frame, from (expected timeline times, found film times) of several kinds of
    events: the offset on which most agree. None if there is nothing to go by."""
    offsets = np.concatenate(
        [np.zeros(0), *(np.subtract.outer(np.array(expected), np.array(found)).ravel() for expected, found in pairs)]
    )
    if not len(offsets):
        return None
    bins = np.rint(offsets / VOTE_BIN_S).astype(int)
    values, votes = np.unique(bins, return_counts=True)
    best = values[votes.argmax()] * VOTE_BIN_S
    return float(np.median(offsets[np.abs(offsets - best) <= VOTE_BIN_S]))


def intervals(times_s: NDArray[np.float64], flags: NDArray[np.bool_], bridge_s: float) -> list[Interval]:
    """The stretches in which ``flags`` hold, gaps up to ``bridge_s`` bridged. Times may jump, as at a pause."""
    on = times_s[flags]
    if not len(on):
        return []
    step_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    breaks = np.flatnonzero(np.diff(on) > bridge_s + step_s) + 1
    return [Interval(max(float(part[0]), 0.0), max(float(part[-1]) + step_s, 1e-6)) for part in np.split(on, breaks)]
