"""Recordings that end by themselves."""

import asyncio

import pytest

from reelkit.control.recording import Action, RecordingStatus, StartReason, StopReason
from reelkit.process import wait_until
from tests.control.harness import Harness
from tests.patience import PATIENCE_S


async def test_max_seconds_counts_recorded_time_only(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting, max_seconds=60)
    await harness.clock.advance(40)
    await harness.act(recording, Action.PAUSE)
    await harness.clock.advance(1_000)
    assert (await harness.get(recording)).status is RecordingStatus.PAUSED
    await harness.act(recording, Action.RESUME)
    await harness.clock.advance(0)
    assert 20.0 in harness.clock.deadlines
    await harness.clock.advance(20)

    stopped = await harness.until(recording, RecordingStatus.UPLOADED)
    assert stopped.stop_reason is StopReason.API_CALL
    assert stopped.stop_caller is None
    assert stopped.stopped_at is not None
    assert stopped.started_at is not None
    assert (stopped.stopped_at - stopped.started_at).total_seconds() == 1_060
    assert not any(deadline in harness.clock.deadlines for deadline in (20.0, 0.0))


async def test_the_default_limit_is_the_one_of_the_settings(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    await harness.start(meeting)
    await harness.clock.advance(0)
    assert float(harness.settings.recording.max_seconds) in harness.clock.deadlines


async def test_an_empty_meeting_stops_its_recording(harness: Harness) -> None:
    meeting = await harness.meeting()
    ada = await harness.gateway.join(meeting.id, "Ada")
    await harness.gateway.join(meeting.id, "recorder", hidden=True)
    recording = await harness.start(meeting)
    await harness.clock.advance(30)
    await harness.gateway.leave(meeting.id, ada)
    await harness.clock.advance(58.5)
    assert 1.5 in harness.clock.deadlines
    await harness.clock.advance(1.5)
    stopped = await harness.until(recording, RecordingStatus.UPLOADED)
    assert stopped.stop_reason is StopReason.ALL_PEERS_LEFT
    assert stopped.stop_caller is None


async def test_a_meeting_that_nobody_ever_joined_is_empty_from_the_start(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    await harness.clock.advance(60)
    assert (await harness.until(recording, RecordingStatus.UPLOADED)).stop_reason is StopReason.ALL_PEERS_LEFT


async def test_a_paused_recording_of_an_empty_meeting_stops_too(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    await harness.act(recording, Action.PAUSE)
    await harness.clock.advance(60)
    assert (await harness.until(recording, RecordingStatus.UPLOADED)).stop_reason is StopReason.ALL_PEERS_LEFT


async def test_somebody_who_comes_back_keeps_the_recording_alive(harness: Harness) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    await harness.clock.advance(59)
    await harness.gateway.join(meeting.id)
    await harness.clock.advance(600)
    assert (await harness.get(recording)).status is RecordingStatus.RECORDING


async def test_a_stopped_recording_leaves_no_timer_behind(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting(), max_seconds=777)
    await harness.clock.advance(0)
    assert 777.0 in harness.clock.deadlines
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.UPLOADED)
    await harness.until_idle()


async def test_a_full_disk_ends_recordings_with_what_they_have(harness: Harness) -> None:
    first = await harness.start(await harness.meeting())
    second = await harness.start(await harness.meeting())
    harness.free_bytes = harness.settings.recording.stop_free_bytes
    await harness.clock.advance(5)
    assert (await harness.get(first)).status is RecordingStatus.RECORDING
    harness.free_bytes -= 1
    await harness.clock.advance(5)
    for recording in (first, second):
        ended = await harness.until(recording, RecordingStatus.UPLOADED)
        assert ended.stop_reason is StopReason.INTERNAL_ERROR
        assert ended.error is not None
        assert "MB are free on the disk" in ended.error


async def test_a_session_that_ends_takes_its_recording_along(harness: Harness) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    await harness.gateway.end(meeting.id)
    ended = await harness.until(recording, RecordingStatus.UPLOADED)
    assert ended.stop_reason is StopReason.INTERNAL_ERROR
    assert ended.error == "ended early: the session ended"


@pytest.mark.parametrize("hidden_first", [False, True])
async def test_record_on_start_begins_with_the_first_visible_peer(harness: Harness, hidden_first: bool) -> None:
    meeting = await harness.meeting(record_on_start=True)
    if hidden_first:
        await harness.gateway.join(meeting.id, "recorder", hidden=True)
        await asyncio.sleep(0)
        assert harness.room(meeting).running == set()
    await harness.gateway.join(meeting.id, "Ada")

    async def running() -> bool:
        return bool(harness.room(meeting).running)

    await wait_until(running, timeout_s=PATIENCE_S, interval_s=0.002)
    recording = await harness.plane.recordings.active(harness.app.id, meeting.id)
    await harness.until(recording, RecordingStatus.RECORDING)
    assert recording.start_reason is StartReason.RECORD_ON_START
    assert recording.start_caller is None

    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.UPLOADED)
    await harness.gateway.join(meeting.id, "Grace")
    await harness.clock.advance(0)
    assert harness.room(meeting).running == set()
