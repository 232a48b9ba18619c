"""What happens in a test meeting, declared: who comes and goes, and when each flashes and beeps.

All times are seconds from the timeline's own zero; whoever plays a timeline maps zero to a wall-clock time. A
participant flashes (the picture turns white) and beeps (a tone of its own frequency) at the same declared instants, so
that the distance between the two in a film is the film's A/V skew. Media repeat every ``LOOP_S`` seconds, so a clip of
that length serves timelines of any length.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Self

from pydantic import TypeAdapter

FPS = 30
"""Frames per second of every synthetic picture."""
LOOP_S = 32.0
"""Media repeat after this; a whole number of 2 s GOPs and of 20 ms Opus frames."""
LOOP_FRAMES = int(LOOP_S * FPS)
"""The frame counter drawn in each picture counts modulo this."""
GRID_S = 0.1
"""Instants lie on this grid: a whole number of frames (3) and of Opus frames (5)."""

Colour = tuple[int, int, int]
"""Red, green, blue; 0 to 255."""

PALETTE: tuple[Colour, ...] = (
    (190, 40, 40),
    (40, 150, 50),
    (50, 70, 200),
    (180, 140, 20),
    (150, 40, 170),
    (30, 150, 160),
    (200, 90, 20),
    (100, 150, 20),
    (200, 40, 120),
)
"""Colours of participants' pictures: hues that stay apart after 4:2:0 and compression."""
SCREEN_COLOUR: Colour = (20, 110, 190)
"""Colour of shared screens, unlike every colour of the palette."""
TONES_HZ: tuple[float, ...] = tuple(900.0 + 105.0 * index for index in range(len(PALETTE)))
"""Tones of participants: all within one octave, so that none is near a harmonic of another."""


@dataclass(frozen=True, order=True)
class Interval:
    """A stretch of time; ``stop_s`` is not in it."""

    start_s: float
    stop_s: float

    def __post_init__(self) -> None:
        if not 0 <= self.start_s < self.stop_s:
            raise ValueError(f"an interval must run forward from zero or later: {self.start_s} … {self.stop_s}")

    @property
    def length_s(self) -> float:
        return self.stop_s - self.start_s

    def holds(self, time_s: float) -> bool:
        return self.start_s <= time_s < self.stop_s

    def overlap(self, other: "Interval") -> "Interval | None":
        start_s, stop_s = max(self.start_s, other.start_s), min(self.stop_s, other.stop_s)
        return Interval(start_s, stop_s) if start_s < stop_s else None


@dataclass(frozen=True)
class Signal:
    """When a participant flashes and beeps: instants within one loop, repeated every ``LOOP_S`` seconds."""

    instants_s: tuple[float, ...]
    length_s: float = 0.2

    def __post_init__(self) -> None:
        if not self.length_s > 0 or not _on_grid(self.length_s):
            raise ValueError(f"the length of a signal must be a positive multiple of {GRID_S} s")
        if list(self.instants_s) != sorted(set(self.instants_s)):
            raise ValueError("the instants of a signal must be ascending")
        for instant_s in self.instants_s:
            if not 0 <= instant_s <= LOOP_S - self.length_s or not _on_grid(instant_s):
                raise ValueError(f"an instant of a signal must lie on the {GRID_S} s grid inside the loop: {instant_s}")

    @classmethod
    def regular(cls, period_s: float = 2.0, phase_s: float = 0.0, length_s: float = 0.2) -> Self:
        """One signal each ``period_s``. The period must divide ``LOOP_S``."""
        count = round(LOOP_S / period_s)
        if abs(count * period_s - LOOP_S) > 1e-9:
            raise ValueError(f"a regular period must divide {LOOP_S} s")
        return cls(tuple(round(phase_s + slot * period_s, 3) for slot in range(count)), length_s)

    @classmethod
    def staggered(cls, index: int, period_s: float = 2.0, length_s: float = 0.2) -> Self:
        """About one signal each ``period_s``, with hops of its own for each ``index``: a film that shows an instant one
        period off, or one participant's beep with another's flash, cannot look right."""
        draw = random.Random(index)
        count = round(LOOP_S / period_s)
        room = round((period_s - 2 * length_s) / 2 / GRID_S)
        phase = (index * 3) % max(room, 1)
        slots = (slot * period_s + (phase + draw.randint(0, room)) * GRID_S for slot in range(count))
        return cls(tuple(round(instant_s, 3) for instant_s in slots), length_s)

    def between(self, start_s: float, stop_s: float) -> list[float]:
        """The instants in [start_s, stop_s), ascending."""
        found: list[float] = []
        for loop in range(int(start_s // LOOP_S), int(stop_s // LOOP_S) + 1):
            found.extend(round(loop * LOOP_S + instant_s, 3) for instant_s in self.instants_s)
        return [instant_s for instant_s in found if start_s <= instant_s < stop_s]


@dataclass(frozen=True)
class Participant:
    """One participant of a timeline.

    ``camera``, ``microphone`` and ``screen`` are the stretches in which each is on, cut to the participant's presence;
    None means as long as present.
    """

    name: str
    colour: Colour
    tone_hz: float
    joins_s: float = 0.0
    leaves_s: float | None = None
    camera: tuple[Interval, ...] | None = None
    microphone: tuple[Interval, ...] | None = None
    screen: tuple[Interval, ...] = ()
    signal: Signal = field(default_factory=Signal.regular)
    screen_colour: Colour = SCREEN_COLOUR

    def __post_init__(self) -> None:
        if self.joins_s < 0 or (self.leaves_s is not None and self.leaves_s <= self.joins_s):
            raise ValueError(f"{self.name} must join at zero or later and leave after joining")
        for intervals in (self.camera or (), self.microphone or (), self.screen):
            for earlier, later in pairwise(intervals):
                if later.start_s < earlier.stop_s:
                    raise ValueError(f"the intervals of {self.name} must be ascending and must not overlap")


@dataclass(frozen=True)
class Timeline:
    """A test meeting of ``duration_s`` seconds."""

    duration_s: float
    participants: tuple[Participant, ...]

    def __post_init__(self) -> None:
        if self.duration_s <= 0:
            raise ValueError("a timeline must have a positive duration")
        for attribute in ("name", "colour", "tone_hz"):
            values = [getattr(participant, attribute) for participant in self.participants]
            if len(set(values)) != len(values):
                raise ValueError(f"participants must be told apart by {attribute}")
        for participant in self.participants:
            if participant.joins_s >= self.duration_s:
                raise ValueError(f"{participant.name} joins after the timeline's end")

    def presence(self, participant: Participant) -> Interval:
        """From joining until leaving or the end."""
        leaves_s = self.duration_s if participant.leaves_s is None else min(participant.leaves_s, self.duration_s)
        return Interval(participant.joins_s, leaves_s)

    def camera(self, participant: Participant) -> list[Interval]:
        """When the camera is on, inside the presence."""
        return self._inside(participant, participant.camera)

    def microphone(self, participant: Participant) -> list[Interval]:
        """When the microphone is on, inside the presence."""
        return self._inside(participant, participant.microphone)

    def screen(self, participant: Participant) -> list[Interval]:
        """When the screen is shared, inside the presence."""
        return self._inside(participant, participant.screen)

    def signals(self, participant: Participant) -> list[float]:
        """The instants of the participant's flashes and beeps while present, whatever is on."""
        presence = self.presence(participant)
        return participant.signal.between(presence.start_s, presence.stop_s)

    def flashes(self, participant: Participant) -> list[float]:
        """The instants of flashes that the camera shows whole."""
        return self._whole(participant, self.camera(participant))

    def beeps(self, participant: Participant) -> list[float]:
        """The instants of beeps that the microphone sends whole."""
        return self._whole(participant, self.microphone(participant))

    def present(self, time_s: float) -> list[Participant]:
        """Who is in the meeting at ``time_s``, in order of declaration."""
        return [participant for participant in self.participants if self.presence(participant).holds(time_s)]

    def _inside(self, participant: Participant, intervals: Sequence[Interval] | None) -> list[Interval]:
        presence = self.presence(participant)
        if intervals is None:
            return [presence]
        return [cut for interval in intervals if (cut := interval.overlap(presence)) is not None]

    def _whole(self, participant: Participant, intervals: Sequence[Interval]) -> list[float]:
        length_s = participant.signal.length_s
        return [
            instant_s
            for instant_s in self.signals(participant)
            if any(on.start_s <= instant_s and instant_s + length_s <= on.stop_s for on in intervals)
        ]


TIMELINE = TypeAdapter(Timeline)
"""Reads and writes timelines as JSON."""
NAMES = ("Ada", "Bo", "Cleo", "Dan", "Eve", "Finn", "Gus", "Hana", "Ivo")


def people(count: int) -> tuple[Participant, ...]:
    """``count`` (at most 9) participants whose colours, tones and signals are told apart; present from start to
    end with everything but the screen on. Vary them with ``dataclasses.replace``."""
    if not 0 <= count <= len(PALETTE):
        raise ValueError(f"there are colours and tones for at most {len(PALETTE)} participants")
    return tuple(
        Participant(NAMES[index], PALETTE[index], TONES_HZ[index], signal=Signal.staggered(index))
        for index in range(count)
    )


def minute_of_four() -> Timeline:
    """The reference meeting: 60 s of four, one joining at 10 s, one switching the camera off and on and muting for a
    while, one leaving at 45 s."""
    ada, bo, cleo, dan = people(4)
    return Timeline(
        60.0,
        (
            ada,
            replace(bo, joins_s=10.0),
            replace(
                cleo,
                camera=(Interval(0.0, 20.0), Interval(30.0, 60.0)),
                microphone=(Interval(0.0, 35.0), Interval(41.0, 60.0)),
            ),
            replace(dan, leaves_s=45.0),
        ),
    )


def changes(timeline: Timeline) -> Iterator[float]:
    """The distinct instants at which somebody comes, goes or switches something, ascending."""
    instants: set[float] = set()
    for participant in timeline.participants:
        for interval in (
            timeline.presence(participant),
            *timeline.camera(participant),
            *timeline.microphone(participant),
            *timeline.screen(participant),
        ):
            instants |= {interval.start_s, interval.stop_s}
    return iter(sorted(instants))


def _on_grid(time_s: float) -> bool:
    return abs(time_s / GRID_S - round(time_s / GRID_S)) < 1e-6
