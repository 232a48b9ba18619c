"""Renderers that cannot go on without a keyframe, and the senders who are asked for one."""

from reelkit.control.recording import Action, Recording
from reelkit.fleet.base import JobProgress
from reelkit.render.progress import StuckTrack
from reelkit.sfu.errors import SfuError
from tests.control.harness import Harness

CAMERA = StuckTrack("feed-1", 1)
SCREEN = StuckTrack("feed-1", 2)


async def report(harness: Harness, recording: Recording, *stuck: StuckTrack) -> None:
    harness.fleet.report(
        recording.id, JobProgress(film_s=3.2, lag_s=1.5, segments=1, rss_bytes=1, wants_keyframes=stuck)
    )
    await harness.clock.advance(0)


async def test_a_stuck_track_is_asked_for_a_keyframe_not_oftener_than_twice_a_second(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    asked = harness.room(meeting).keyframes
    await report(harness, recording)
    assert asked == []
    await report(harness, recording, CAMERA)
    await report(harness, recording, CAMERA, SCREEN)
    assert asked == [("feed-1", 1), ("feed-1", 2)]
    await harness.clock.advance(0.4)
    await report(harness, recording, CAMERA, SCREEN)
    assert len(asked) == 2
    await harness.clock.advance(0.1)
    await report(harness, recording, CAMERA)
    assert asked[2:] == [("feed-1", 1)]


async def test_two_recordings_of_one_meeting_ask_once(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    first = await harness.start(meeting)
    second = await harness.start(meeting, allow_multiple_recordings=True)
    await report(harness, first, CAMERA)
    await report(harness, second, CAMERA)
    assert harness.room(meeting).keyframes == [("feed-1", 1)]


async def test_a_refusal_is_only_logged(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    harness.room(meeting).fail_keyframe = SfuError("Janus does not answer")
    await report(harness, recording, CAMERA)
    await harness.clock.advance(2)
    await report(harness, recording, CAMERA)
    assert len(harness.room(meeting).keyframes) == 2


async def test_nobody_is_asked_for_what_has_stopped(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    await harness.act(recording, Action.STOP)
    await report(harness, recording, CAMERA)
    assert harness.room(meeting).keyframes == []
