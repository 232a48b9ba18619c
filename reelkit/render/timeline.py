"""Film time and wall time: which stretches of a meeting a film holds.

A film is the recorded stretches of a capture, one behind the other: time during which the recording was paused is not
in it. Film time is counted in whole frames from 0. Frame ``n`` shows the instant ``n / fps`` of the joined stretches,
so that the film is never more than half a frame longer or shorter than what was recorded, however often it was paused.
"""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from reelkit.capture.events import CaptureSwitched, Event, RecordingMarked, SessionEnded
from reelkit.render.config import RenderConfig
from reelkit.render.errors import TimelineError

_EPSILON_S = 1e-5
"""Wall times are floats with a resolution of 0.24 µs in our century: such noise must not decide about a frame."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A recorded stretch in wall-clock seconds; ``end_s`` is None while it is still being recorded."""

    start_s: float
    end_s: float | None


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of the film that lies within one stretch: ``film_s`` … ``film_s + duration_s`` shows the wall-clock
    time from ``wall_s`` on."""

    film_s: float
    wall_s: float
    duration_s: float


class Timeline:
    """The stretches of one film, growing as the journal is read.

    With ``recording_id`` the marks of that recording count. Without one the whole capture is one stretch: from the
    instant at which the SFU first wrote packets to the one at which it last stopped, or of the whole session where
    the journal does not tell. ``start_s`` and ``stop_s`` cut off what lies outside them. Stretches never overlap: where
    the wall clock was set back during a pause, what follows begins when the clock is again where it had been.
    """

    def __init__(
        self, fps: int, *, recording_id: str | None = None, start_s: float | None = None, stop_s: float | None = None
    ) -> None:
        self.fps = fps
        self._recording_id = recording_id
        self._cut_start_s = -math.inf if start_s is None else start_s
        self._cut_stop_s = math.inf if stop_s is None else stop_s
        self._closed: list[Stretch] = []
        self._film_starts_s: list[float] = [0.0]
        self._open_s: float | None = None
        self._first_event_s: float | None = None
        self._switched_off_s: float | None = None
        self._ended = False

    @classmethod
    def of(cls, config: RenderConfig) -> Self:
        """The timeline of the film that ``config`` asks for."""
        return cls(config.video.fps, recording_id=config.recording_id, start_s=config.start_s, stop_s=config.stop_s)

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """The stretches known so far, in order; only the last can be open."""
        return tuple(self._closed) if self._open_s is None else (*self._closed, Stretch(self._open_s, None))

    @property
    def ended(self) -> bool:
        """Whether nothing can be added any more."""
        return self._ended

    @property
    def duration_s(self) -> float:
        """What is recorded in the closed stretches."""
        return self._film_starts_s[-1]

    @property
    def total_frames(self) -> int:
        """Frames of the closed stretches, the last one rounded; the whole film's once :attr:`ended`."""
        return int(self.duration_s * self.fps + 0.5)

    def extend(self, events: Iterable[Event]) -> None:
        """Takes the next events of the journal, in its order."""
        for event in events:
            if self._ended:
                return
            if self._first_event_s is None:
                self._first_event_s = event.time_s
            match event:
                case SessionEnded():
                    self._end(event.time_s)
                case CaptureSwitched() if self._recording_id is None:
                    self._switch(on=event.on, time_s=event.time_s)
                case RecordingMarked() if event.recording_id == self._recording_id:
                    self._mark(event)
                case _:
                    pass

    def finish(self, last_s: float) -> None:
        """The capture is complete and reaches to ``last_s``: a stretch that is still open ends there."""
        if not self._ended:
            self._end(last_s)

    def wall_s(self, frame: int) -> float:
        """The wall-clock instant that ``frame`` shows. Raises TimelineError for a frame that is not in the film."""
        film_s = frame / self.fps
        if frame >= 0:
            for stretch, start_s in zip(self._closed, self._film_starts_s, strict=False):
                wall_s = stretch.start_s + max(0.0, film_s - start_s)
                if stretch.end_s is not None and wall_s < stretch.end_s - _EPSILON_S:
                    return wall_s
            if self._open_s is not None:
                return self._open_s + max(0.0, film_s - self.duration_s)
        raise TimelineError("the film does not hold this frame", frame=frame, frames=self.total_frames)

    def wall_at(self, film_s: float) -> float:
        """The wall-clock instant of an instant of the film, of which a stretch must be known. Before the film and
        behind it, time goes on as in the nearest stretch."""
        found = self.stretches[0].start_s + film_s
        for stretch, start_s in zip(self.stretches, self._film_starts_s, strict=False):
            if film_s >= start_s - _EPSILON_S:
                found = stretch.start_s + (film_s - start_s)
        return found

    def frames_until(self, wall_s: float) -> int:
        """How many frames from the film's beginning show instants up to and including ``wall_s``."""
        wall_s = min(wall_s, self._cut_stop_s)
        film_s = 0.0
        inside = False
        for stretch in self.stretches:
            if wall_s < stretch.start_s:
                break
            inside = stretch.end_s is None or wall_s < stretch.end_s
            film_s += wall_s - stretch.start_s if inside or stretch.end_s is None else stretch.end_s - stretch.start_s
        if inside:
            frames = math.floor(film_s * self.fps + _EPSILON_S * self.fps) + 1
        else:
            frames = math.ceil(film_s * self.fps - _EPSILON_S * self.fps)
        return frames if self._open_s is not None else min(frames, self.total_frames)

    def spans(self, film_start_s: float, film_end_s: float) -> tuple[Span, ...]:
        """The pieces of film time ``film_start_s`` … ``film_end_s`` by stretch; what lies behind the film that is
        known is left out."""
        pieces = []
        for stretch, start_s in zip(self.stretches, self._film_starts_s, strict=False):
            end_s = film_end_s if stretch.end_s is None else start_s + (stretch.end_s - stretch.start_s)
            first_s, last_s = max(film_start_s, start_s), min(film_end_s, end_s)
            if last_s > first_s:
                pieces.append(Span(first_s, stretch.start_s + (first_s - start_s), last_s - first_s))
        return tuple(pieces)

    def _mark(self, event: RecordingMarked) -> None:
        match event.mark:
            case "started" | "resumed":
                self._open(event.time_s)
            case "paused":
                self._close(event.time_s)
            case "stopped":
                self._end(event.time_s)

    def _switch(self, *, on: bool, time_s: float) -> None:
        if on:
            self._open(time_s)
            self._switched_off_s = None
        elif self._open_s is not None:
            self._switched_off_s = time_s

    def _open(self, time_s: float) -> None:
        if self._open_s is None:
            earlier_s = self._closed[-1].end_s if self._closed else None
            self._open_s = max(time_s, self._cut_start_s, -math.inf if earlier_s is None else earlier_s)

    def _close(self, time_s: float) -> None:
        if self._open_s is None:
            return
        stretch = Stretch(self._open_s, min(time_s, self._cut_stop_s))
        self._open_s = None
        if stretch.end_s is not None and stretch.end_s > stretch.start_s:
            self._closed.append(stretch)
            self._film_starts_s.append(self.duration_s + (stretch.end_s - stretch.start_s))

    def _end(self, time_s: float) -> None:
        if self._recording_id is None and self._open_s is None and self._first_event_s is not None:
            self._open(self._first_event_s)
        self._close(time_s if self._switched_off_s is None else self._switched_off_s)
        self._ended = True
