"""Found flashes and beeps compared with the declared ones."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from testbed.checker.clock import FilmClock
from testbed.checker.runs import runs
from testbed.checker.sight import Sight, Sighting
from testbed.timeline import Interval

FLICKER_FRAMES = 2
"""Flashes that are no further apart are one."""


class Medium(StrEnum):
    FLASH = "flash"
    BEEP = "beep"


@dataclass(frozen=True)
class Expectation:
    """One declared instant. Neither ``required`` nor ``allowed`` means that it must not be found."""

    time_s: float
    required: bool
    allowed: bool


@dataclass(frozen=True)
class Matched:
    """An event of the timeline that the film has."""

    expected_s: float
    film_s: float
    late_ms: float
    required: bool


@dataclass
class Events:
    """One participant's events of one medium."""

    medium: Medium
    required: int = 0
    matched: list[Matched] = field(default_factory=list)
    missing: list[float] = field(default_factory=list)
    """Declared times."""
    unexpected: list[float] = field(default_factory=list)
    """Film times."""

    @property
    def found(self) -> int:
        """How many of the required ones the film has."""
        return self.required - len(self.missing)


def flash_times(sight: Sight, sighting: Sighting) -> list[float]:
    """Film times of the first frame of each flash."""
    found: list[float] = []
    last_end = -FLICKER_FRAMES - 1
    for first, end in runs(sighting.flashing):
        if first - last_end > FLICKER_FRAMES:
            found.append(float(sight.times_s[first]))
        last_end = end
    return found


def expectations(
    instants_s: Sequence[float],
    length_s: float,
    on: Sequence[Interval],
    clock: FilmClock,
    *,
    settle_s: float,
    linger_s: float,
    edge_s: float,
) -> list[Expectation]:
    """What must, may and must not be found at the declared instants: required when the medium had been on for
    ``settle_s`` and stays on until the end of the signal, forbidden when it is off by more than ``linger_s``. Signals
    closer than ``edge_s`` to a cut of the film may be missing."""
    found: list[Expectation] = []
    for time_s in instants_s:
        end_s = time_s + length_s
        required = clock.shows(time_s, end_s, edge_s) and any(
            interval.start_s + settle_s <= time_s and end_s <= interval.stop_s for interval in on
        )
        allowed = any(interval.start_s - linger_s <= end_s and time_s <= interval.stop_s + linger_s for interval in on)
        found.append(Expectation(time_s, required, allowed))
    return found


def match(
    medium: Medium, declared: Sequence[Expectation], found_film_s: Sequence[float], clock: FilmClock, *, reach_s: float
) -> Events:
    """Gives each found event to the nearest declared one within ``reach_s``; each declared one takes one."""
    events = Events(medium, required=sum(expectation.required for expectation in declared))
    taken: set[int] = set()
    times_s = np.array([expectation.time_s for expectation in declared])
    shown_s = clock.timeline(np.array(found_film_s, float))
    for film_s, time_s in zip(found_film_s, shown_s.tolist(), strict=True):
        nearest = int(np.abs(times_s - time_s).argmin()) if len(times_s) else -1
        if nearest < 0 or abs(times_s[nearest] - time_s) > reach_s or nearest in taken:
            events.unexpected.append(film_s)
            continue
        taken.add(nearest)
        expectation = declared[nearest]
        if not expectation.allowed:
            events.unexpected.append(film_s)
            continue
        late_ms = (time_s - expectation.time_s) * 1000
        events.matched.append(Matched(expectation.time_s, film_s, late_ms, expectation.required))
    events.missing = [
        expectation.time_s for index, expectation in enumerate(declared) if expectation.required and index not in taken
    ]
    return events


@dataclass(frozen=True)
class Skew:
    """Beep minus flash of one declared instant: positive means that the sound comes late."""

    participant: str
    time_s: float
    skew_ms: float


def skews(participant: str, flashes: Events, beeps: Events) -> list[Skew]:
    """The skew of each instant that was required of both media and found in both."""
    heard = {event.expected_s: event for event in beeps.matched if event.required}
    return [
        Skew(participant, event.expected_s, (heard[event.expected_s].film_s - event.film_s) * 1000)
        for event in flashes.matched
        if event.required and event.expected_s in heard
    ]
