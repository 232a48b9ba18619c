"""What is told about films that are being made: waiting, following, catching up."""

from reelkit.control.recording import Action, RecordingStatus
from reelkit.control.rendering import RenderingState
from tests.control.harness import Harness


async def test_a_film_that_waits_falls_behind_with_the_meeting(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    harness.fleet.waiting.add(recording.id)
    await harness.clock.advance(40)
    rendering = harness.plane.renderings.of(recording.id)
    assert rendering is not None
    assert (rendering.state, rendering.lag_s, rendering.done_s) == (RenderingState.WAITING, 40.0, 0.0)
    assert harness.metric("reelkit_render_jobs", state="waiting") == 1
    assert harness.metric("reelkit_renderer_lag_seconds", recording_id=recording.id) == 40
    assert harness.metric("reelkit_renderer_lag_max_seconds") == 40


async def test_a_pause_does_not_count_as_lag(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    harness.fleet.waiting.add(recording.id)
    await harness.clock.advance(10)
    await harness.act(recording, Action.PAUSE)
    await harness.clock.advance(100)
    rendering = harness.plane.renderings.of(recording.id)
    assert rendering is not None
    assert rendering.lag_s == 10


async def test_a_renderer_that_keeps_up_is_live_and_one_that_does_not_catches_up(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    for lag_s, state in ((1.7, RenderingState.LIVE), (9.0, RenderingState.LIVE), (30.0, RenderingState.CATCHING_UP)):
        harness.fleet.lag_s = lag_s
        rendering = harness.plane.renderings.of(recording.id)
        assert rendering is not None
        assert (rendering.state, rendering.lag_s, rendering.done_s) == (state, lag_s, 3.2)


async def test_uploading_says_what_is_left(harness: Harness) -> None:
    harness.fleet.held = True
    recording = await harness.start(await harness.attended_meeting())
    harness.fleet.waiting.add(recording.id)
    await harness.clock.advance(20)
    await harness.act(recording, Action.STOP)
    assert harness.fleet.stopped == [recording.id]
    waiting = harness.plane.renderings.of(recording.id)
    assert waiting is not None
    assert (waiting.state, waiting.lag_s) == (RenderingState.WAITING, 20)
    harness.fleet.waiting.clear()
    rendering = harness.plane.renderings.of(recording.id)
    assert rendering is not None
    assert rendering.state is RenderingState.CATCHING_UP
    assert rendering.lag_s == 20 - 3.2
    assert harness.metric("reelkit_render_jobs", state="catching_up") == 1
    harness.fleet.release()
    await harness.until(recording, RecordingStatus.UPLOADED)
    assert harness.plane.renderings.of(recording.id) is None
    assert harness.metric("reelkit_renderer_lag_max_seconds") == 0
