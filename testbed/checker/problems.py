"""What is wrong with a film, in sentences."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from testbed.checker.clock import FilmClock, intervals
from testbed.checker.report import FilmReport, ParticipantReport
from testbed.checker.runs import runs
from testbed.checker.sight import Sight, View
from testbed.checker.tolerance import Tolerance
from testbed.timeline import Interval, Participant, Timeline, changes

PRESENCE_S = 0.3
"""Someone who is missing or lingers for less than this on top of the tolerance is not worth a word."""
TRACKS_S = 0.1
"""How much longer one of picture and sound may be than the other."""
GRIDS = 2
"""A wrong number of tiles must be seen so often in a row: tiles may touch in a single frame."""
LISTED = 4
"""So many instants are named in one sentence."""


def problems(
    report: FilmReport,
    timeline: Timeline,
    clock: FilmClock,
    sight: Sight,
    limits: Tolerance,
    *,
    duration_s: float | None,
) -> FilmReport:
    """The report with its problems filled in."""
    found = [
        *_of_the_file(report, limits, duration_s),
        *_of_sync(report, limits),
        *(problem for person in timeline.participants for problem in _of_events(report.participant(person.name))),
        *(
            problem
            for person in timeline.participants
            for problem in _of_motion(report.participant(person.name), limits)
        ),
        *_of_presence(timeline, clock, sight, limits),
        *_of_tiles(timeline, clock, sight, limits),
    ]
    return replace(report, problems=tuple(found))


def _of_the_file(report: FilmReport, limits: Tolerance, duration_s: float | None) -> Iterator[str]:
    facts = report.facts
    if facts.video_codec is None:
        yield "the film has no video"
    if facts.audio_codec is None:
        yield "the film has no sound"
    if duration_s is not None and abs(facts.duration_s - duration_s) > limits.duration_s:
        yield f"the film lasts {facts.duration_s:.2f} s instead of {duration_s:.2f} s"
    if facts.video_codec and facts.audio_codec and abs(facts.video_duration_s - facts.audio_duration_s) > TRACKS_S:
        yield f"the picture lasts {facts.video_duration_s:.2f} s, the sound {facts.audio_duration_s:.2f} s"
    if facts.video_codec and report.cadence.share < limits.cadence_share:
        yield (
            f"only {report.cadence.share:.2%} of the frames follow the one before regularly; the longest pause is "
            f"{report.cadence.longest_ms:.0f} ms"
        )


def _of_sync(report: FilmReport, limits: Tolerance) -> Iterator[str]:
    if report.skew_p95_ms is not None and report.skew_p95_ms > limits.skew_p95_ms:
        yield f"A/V skew: mean {report.skew_mean_ms:+.0f} ms, p95 {report.skew_p95_ms:.0f} ms"
    if report.start_s is None:
        yield "nothing in the film tells where on the timeline it begins"


def _of_events(person: ParticipantReport) -> Iterator[str]:
    for events in (person.flashes, person.beeps):
        if events.missing:
            yield f"{person.name}: {len(events.missing)} missing {events.medium}(s) at {_listed(events.missing)} s"
        if events.unexpected:
            times = _listed(events.unexpected)
            yield f"{person.name}: {len(events.unexpected)} unexpected {events.medium}(s) at film time {times} s"


def _of_motion(person: ParticipantReport, limits: Tolerance) -> Iterator[str]:
    motion = person.motion
    for at_s, length_s in motion.freezes:
        yield f"{person.name}: the picture stands still for {length_s:.2f} s at film time {at_s:.2f} s"
    if motion.displaced_share > limits.displaced_share:
        yield f"{person.name}: {motion.displaced_share:.1%} of the frames are far from where steady playback has them"
    steady = person.name not in limits.unsteady
    if steady and motion.repeated_share > limits.repeated_share:
        yield f"{person.name}: {motion.repeated_share:.1%} of the frames are repeated"
    if steady and motion.skipped_share > limits.skipped_share:
        yield f"{person.name}: {motion.skipped_share:.1%} of the frames are left out"
    if motion.backwards:
        yield f"{person.name}: the picture goes backwards {motion.backwards} time(s)"
    if motion.delay_ms is not None and abs(motion.delay_ms) > limits.placement_ms:
        yield f"{person.name}: the picture is shown {motion.delay_ms:+.0f} ms from its declared time"


def _of_presence(timeline: Timeline, clock: FilmClock, sight: Sight, limits: Tolerance) -> Iterator[str]:
    shown_s = clock.timeline(sight.times_s)
    people = {person.name: person for person in timeline.participants}
    for sighting in sight.sightings:
        person = people[sighting.subject.name]
        on = timeline.camera(person) if sighting.subject.view is View.CAMERA else timeline.screen(person)
        settled = _within(shown_s, on, limits.settle_s, 0.0)
        for stretch in clock.stretches:
            settled &= ~((shown_s >= stretch.timeline_s) & (shown_s < stretch.timeline_s + limits.first_picture_s))
        allowed = _within(shown_s, on, -limits.linger_s, limits.linger_s)
        what = f"{person.name}'s {sighting.subject.view}"
        for gap in _lasting(shown_s, settled & ~sighting.seen, limits):
            yield f"{what} is not seen from {gap.start_s:.1f} to {gap.stop_s:.1f} s"
        for ghost in _lasting(shown_s, sighting.seen & ~allowed, limits):
            yield f"{what} is seen from {ghost.start_s:.1f} to {ghost.stop_s:.1f} s, when it is off"


def _of_tiles(timeline: Timeline, clock: FilmClock, sight: Sight, limits: Tolerance) -> Iterator[str]:
    shown_s = clock.timeline(sight.times_s)
    instants = sorted(changes(timeline))
    frames = np.array([frame for frame, _ in sight.grids], int)
    if not len(frames):
        return
    times_s = shown_s[frames]
    steady = np.ones(len(frames), bool)
    for instant_s in instants:
        steady &= ~((times_s >= instant_s - limits.linger_s) & (times_s < instant_s + limits.settle_s))
    for stretch in clock.stretches:
        steady &= ~((times_s >= stretch.timeline_s) & (times_s < stretch.timeline_s + limits.first_picture_s))
    expected = np.array([_expected_tiles(timeline, time_s) for time_s in times_s.tolist()])
    counts = np.array([len(grid) for _, grid in sight.grids])
    wrong = steady & (counts != expected) & (times_s >= 0) & (times_s < timeline.duration_s)
    for first, last in runs(wrong):
        if last - first >= GRIDS:
            yield (
                f"the film shows {counts[first]} tile(s) instead of {expected[first]} from {times_s[first]:.1f} to "
                f"{times_s[last - 1]:.1f} s"
            )


def _expected_tiles(timeline: Timeline, time_s: float) -> int:
    def shares(person: Participant) -> bool:
        return any(interval.holds(time_s) for interval in timeline.screen(person))

    present = timeline.present(time_s)
    return len(present) + sum(shares(person) for person in present)


def _within(
    times_s: NDArray[np.float64], on: list[Interval], after_start_s: float, after_stop_s: float
) -> NDArray[np.bool_]:
    inside = np.zeros(len(times_s), bool)
    for interval in on:
        inside |= (times_s >= interval.start_s + after_start_s) & (times_s < interval.stop_s + after_stop_s)
    return inside


def _lasting(times_s: NDArray[np.float64], flags: NDArray[np.bool_], limits: Tolerance) -> list[Interval]:
    found = intervals(times_s, flags, limits.gap_s)
    return [interval for interval in found if interval.length_s > PRESENCE_S]


def _listed(times_s: list[float]) -> str:
    named = ", ".join(f"{time_s:.2f}" for time_s in times_s[:LISTED])
    return named if len(times_s) <= LISTED else f"{named} and {len(times_s) - LISTED} more"
