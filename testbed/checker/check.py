"""The check of a film against its timeline."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from testbed.checker import events, film, hearing
from testbed.checker.clock import FilmClock, Stretch, intervals, vote_start
from testbed.checker.events import Events, Medium, Skew
from testbed.checker.motion import Motion, motion
from testbed.checker.problems import problems
from testbed.checker.report import Cadence, FilmReport, ParticipantReport, Placed, TileCount
from testbed.checker.sight import Sight, Sighting, View, look, subjects
from testbed.checker.tolerance import Tolerance
from testbed.timeline import FPS, Interval, Participant, Timeline

AVATAR_OVERLAP = 0.5
"""A tile of which no picture covers so much shows none."""


def check_film(
    path: Path,
    timeline: Timeline,
    *,
    start_s: float | None = None,
    stretches: Sequence[Stretch] | None = None,
    duration_s: float | None = None,
    fps: int = FPS,
    tolerance: Tolerance | None = None,
) -> FilmReport:
    """Decodes a film and compares it with its timeline.

    The film's first frame shows timeline time ``start_s`` (the recording's start minus the timeline's, in wall-clock
    time); ``stretches`` say it for a film with pauses; with neither it is found from the events. ``duration_s`` is the
    promised duration, if there is one. Raises NotAFilmError for a file that cannot be decoded.
    """
    limits = tolerance or Tolerance()
    heard = film.sound(path)
    sight = look(film.pictures(path), subjects(timeline), bt709=film.is_bt709(path))
    facts = film.facts(path, sight.times_s, heard)
    beeps = {person.name: hearing.beeps(heard, person.tone_hz) for person in timeline.participants}
    beep_times = {name: [beep.time_s for beep in found] for name, found in beeps.items()}
    cameras = {sighting.subject.name: sighting for sighting in sight.sightings if sighting.subject.view is View.CAMERA}
    flash_times = {name: events.flash_times(sight, sighting) for name, sighting in cameras.items()}

    if stretches is None and start_s is None:
        start_s = vote_start(
            [(timeline.flashes(person), flash_times[person.name]) for person in timeline.participants]
            + [(timeline.beeps(person), beep_times[person.name]) for person in timeline.participants]
        )
    shown_s = max(facts.video_duration_s, facts.audio_duration_s)
    clock = FilmClock(stretches) if stretches else FilmClock.starting_at(start_s or 0.0, shown_s)
    judge = _Judge(timeline, clock, limits, sight)
    participants = tuple(
        judge.participant(person, cameras[person.name], flash_times[person.name], beep_times[person.name])
        for person in timeline.participants
    )
    report = FilmReport(
        film=str(path),
        facts=facts,
        start_s=clock.stretches[0].timeline_s if stretches or start_s is not None else None,
        cadence=cadence(sight.times_s, fps, limits.cadence_ms),
        participants=participants,
        tile_counts=tile_counts(sight, clock),
        skews=_skews(participants),
        problems=(),
    )
    return problems(report, timeline, clock, sight, limits, duration_s=duration_s)


class _Judge:
    """Compares one participant at a time."""

    def __init__(self, timeline: Timeline, clock: FilmClock, limits: Tolerance, sight: Sight) -> None:
        self._timeline, self._clock, self._limits, self._sight = timeline, clock, limits, sight
        self._shown_s = clock.timeline(sight.times_s)

    def participant(
        self, person: Participant, camera: Sighting, flash_s: Sequence[float], beep_s: Sequence[float]
    ) -> ParticipantReport:
        """All about one participant."""
        screens = [
            sighting
            for sighting in self._sight.sightings
            if sighting.subject.name == person.name and sighting.subject.view is View.SCREEN
        ]
        return ParticipantReport(
            name=person.name,
            seen=self._seen(camera),
            screen_seen=tuple(interval for screen in screens for interval in self._seen(screen)),
            placed=tuple(Placed(float(self._shown_s[frame]), box) for frame, box in camera.boxes),
            heard=tuple(float(time_s) for time_s in self._clock.timeline(np.array(beep_s, float))),
            flashes=self._events(Medium.FLASH, person, self._timeline.camera(person), flash_s),
            beeps=self._events(Medium.BEEP, person, self._timeline.microphone(person), beep_s),
            motion=self._motion(camera),
        )

    def _seen(self, sighting: Sighting) -> tuple[Interval, ...]:
        return tuple(intervals(self._shown_s, sighting.seen, self._limits.gap_s))

    def _motion(self, camera: Sighting) -> Motion:
        return motion(self._sight, camera, self._clock, freeze_s=self._limits.freeze_s)

    def _events(self, medium: Medium, person: Participant, on: list[Interval], found: Sequence[float]) -> Events:
        limits = self._limits
        # A camera that was on before the film began is first seen with its next keyframe.
        starts = [stretch.timeline_s for stretch in self._clock.stretches] if medium is Medium.FLASH else []
        declared = events.expectations(
            person.signal.between(0.0, self._timeline.duration_s),
            person.signal.length_s,
            on,
            self._clock,
            settle_s=limits.settle_s,
            linger_s=limits.linger_s,
            edge_s=limits.edge_s,
        )
        declared = [
            events.Expectation(item.time_s, required=False, allowed=item.allowed)
            if any(start_s <= item.time_s < start_s + limits.first_picture_s for start_s in starts)
            else item
            for item in declared
        ]
        return events.match(medium, declared, found, self._clock, reach_s=limits.reach_s)


def cadence(times_s: NDArray[np.float64], fps: int, exact_ms: float) -> Cadence:
    """How many frames follow the one before by 1/fps seconds, give or take ``exact_ms``."""
    steps_ms = np.diff(times_s) * 1000
    regular = int((np.abs(steps_ms - 1000 / fps) <= exact_ms).sum())
    return Cadence(len(steps_ms), regular, float(steps_ms.max()) if len(steps_ms) else 0.0)


def tile_counts(sight: Sight, clock: FilmClock) -> tuple[TileCount, ...]:
    """The changes in the number of tiles and of avatars."""
    shown_s = clock.timeline(sight.times_s)
    found: list[TileCount] = []
    for frame, grid in sight.grids:
        pictures = [box for sighting in sight.sightings if (box := sighting.box_at(frame)) is not None]
        avatars = sum(
            all(box.overlap(tile) * box.area < AVATAR_OVERLAP * tile.area for box in pictures) for tile in grid
        )
        count = TileCount(float(shown_s[frame]), len(grid), avatars)
        if not found or (found[-1].tiles, found[-1].avatars) != (count.tiles, count.avatars):
            found.append(count)
    return tuple(found)


def _skews(participants: Sequence[ParticipantReport]) -> tuple[Skew, ...]:
    measured = [skew for person in participants for skew in events.skews(person.name, person.flashes, person.beeps)]
    return tuple(sorted(measured, key=lambda skew: skew.time_s))
