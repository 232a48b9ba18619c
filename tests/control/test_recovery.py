"""What a new server makes of what an earlier one left."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reelkit.capture.layout import RTP_DIR
from reelkit.clock import utc
from reelkit.control.meetings import Meeting
from reelkit.control.patience import RETRY_S
from reelkit.control.recording import Action, Recording, RecordingStatus, StopReason
from reelkit.db.recordings import RecordingRepository
from reelkit.db.sessions import SessionRepository, SessionRow
from reelkit.process import wait_until
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.patience import PATIENCE_S


@asynccontextmanager
async def restarted(
    crashed: Harness, clock: ManualClock, *, held: bool = False, **settings: object
) -> AsyncIterator[Harness]:
    await crashed.crash()
    await clock.advance(1_000)
    async with harness_at(crashed.data, clock, held=held, **settings) as harness:
        yield harness


@asynccontextmanager
async def first_boot(data: Path, clock: ManualClock) -> AsyncIterator[Harness]:
    harness = Harness(data, clock)
    await harness.open()
    yield harness


async def started(harness: Harness) -> tuple[Meeting, Recording]:
    meeting = await harness.attended_meeting()
    return meeting, await harness.start(meeting)


def last_packet(harness: Harness, meeting: Meeting, time_s: float) -> None:
    path = harness.room(meeting).capture_dir / RTP_DIR / "videoroom-x-user-y-1-audio-0.mjr"
    path.write_bytes(b"MJR00002")
    os.utime(path, (time_s, time_s))


async def test_a_recording_ends_with_its_last_packet(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        meeting, recording = await started(crashed)
        await clock.advance(20)
        last_packet(crashed, meeting, START_S + 20.5)
        async with restarted(crashed, clock) as harness:
            uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
            assert uploaded.stop_reason is StopReason.INTERNAL_ERROR
            assert uploaded.error == "ended early: the server ended while it recorded"
            assert uploaded.stopped_at == utc(START_S + 20.5)
            (spec,) = harness.fleet.started
            assert not spec.render.live
            assert spec.render.recording_id == recording.id
            assert spec.capture_dir == tmp_path / "captures" / str(recording.session_id)
            assert harness.metric("reelkit_recordings", status="UPLOADED") == 1
            assert harness.metric("reelkit_recordings", status="RECORDING") == 0
            assert (await harness.start(meeting)).status is RecordingStatus.RECORDING


async def test_silence_before_the_crash_is_recorded(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        _, recording = await started(crashed)
        for _ in range(20):
            await clock.advance(1)
        async with restarted(crashed, clock) as harness:
            uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
            assert uploaded.stopped_at == utc(START_S + 20)


async def test_a_paused_recording_keeps_its_length(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        meeting, recording = await started(crashed)
        await clock.advance(7)
        await crashed.act(recording, Action.PAUSE)
        await clock.advance(30)
        last_packet(crashed, meeting, START_S + 36)
        async with restarted(crashed, clock, held=True) as harness:
            uploading = await harness.until(recording, RecordingStatus.UPLOADING)
            assert uploading.duration_ms == 7_000
            harness.fleet.release()
            await harness.until(recording, RecordingStatus.UPLOADED)


async def test_an_uploading_recording_is_delivered_as_it_was_stopped(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        crashed.fleet.held = True
        _, recording = await started(crashed)
        await clock.advance(7)
        stopped = await crashed.act(recording, Action.STOP)
        assert stopped.status is RecordingStatus.UPLOADING
        async with restarted(crashed, clock) as harness:
            uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
            assert uploaded.stop_reason is StopReason.API_CALL
            assert uploaded.stopped_at == stopped.stopped_at
            assert uploaded.error is None


async def test_an_invoked_recording_without_capture_is_errored(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        _, recording = await started(crashed)
        await set_back(crashed, recording)
        journal = crashed.gateway.rooms[recording.meeting_id].journal.path
        lines = journal.read_text().splitlines(keepends=True)
        journal.write_text("".join(line for line in lines if "recording.marked" not in line))
        async with restarted(crashed, clock) as harness:
            errored = await harness.get(recording)
            assert errored.status is RecordingStatus.ERRORED
            assert errored.error == "the server ended before anything was captured"
            assert harness.fleet.started == []


async def test_an_invoked_recording_that_had_begun_is_finished(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        meeting, recording = await started(crashed)
        await set_back(crashed, recording)
        last_packet(crashed, meeting, START_S + 5)
        async with restarted(crashed, clock) as harness:
            uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
            assert uploaded.started_at == recording.started_at
            assert uploaded.session_id == recording.session_id


async def set_back(harness: Harness, recording: Recording) -> None:
    """As if the server had died between the first captured packet and the next line of the database."""
    async with harness.database.transaction() as session:
        row = await RecordingRepository(session).get(recording.id)
        assert row is not None
        row.status = "INVOKED"
        row.session_id = row.started_at = None


async def test_a_full_disk_delays_what_is_left_and_loses_nothing(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        _, recording = await started(crashed)
        await clock.advance(10)
        await crashed.crash()
    harness = Harness(tmp_path, clock)
    harness.fleet.fail_start = OSError(errno.ENOSPC, "No space left on device")
    await harness.open()

    async def waits() -> bool:
        return harness.clock.deadlines.count(RETRY_S) == 2

    # The disk is looked at in as many seconds, too.
    await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
    assert (await harness.get(recording)).status is RecordingStatus.UPLOADING
    harness.fleet.fail_start = None
    await clock.advance(RETRY_S)
    await harness.until(recording, RecordingStatus.UPLOADED)
    await harness.close()


async def test_a_film_that_cannot_be_made_for_an_unexpected_reason_is_an_error(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        _, recording = await started(crashed)
        await clock.advance(10)
        await crashed.crash()
    harness = Harness(tmp_path, clock)
    harness.fleet.fail_start = ValueError("a bug")
    await harness.open()
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert errored.error.endswith("the film could not be delivered: an internal error")
    await harness.close()


async def test_a_capture_that_is_gone_is_an_error(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        meeting, recording = await started(crashed)
        crashed.room(meeting).journal.path.unlink()
        async with restarted(crashed, clock) as harness:
            assert (await harness.get(recording)).status is RecordingStatus.ERRORED


async def test_sessions_of_the_earlier_server_have_ended(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        quiet = await crashed.attended_meeting()
        session_id = crashed.room(quiet).session_id
        async with restarted(crashed, clock) as harness:
            async with harness.database.session() as session:
                row = await SessionRepository(session).get(session_id)
                peers = await SessionRepository(session).present_peers(session_id)
            assert row is not None
            assert row.ended_at == utc(START_S)
            assert row.peak_peers == 1
            assert peers == ()
            assert not (tmp_path / "captures" / session_id).exists()


async def test_a_session_whose_end_was_not_stored_ends_too(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        meeting, recording = await started(crashed)
        async with crashed.database.transaction() as session:
            for number, started_s in enumerate((START_S - 500, START_S - 1_000)):
                await SessionRepository(session).add(
                    SessionRow(
                        id=f"earlier-{number}",
                        app_id=meeting.app_id,
                        meeting_id=meeting.id,
                        title=meeting.title,
                        started_at=utc(started_s),
                        live_peers=0,
                        peak_peers=1,
                        updated_at=utc(started_s),
                    )
                )
        async with restarted(crashed, clock) as harness:
            async with harness.database.session() as session:
                assert await SessionRepository(session).live() == ()
            assert (await harness.until(recording, RecordingStatus.UPLOADED)).session_id == recording.session_id


async def test_what_a_stop_in_a_hurry_leaves_is_handed_over(tmp_path: Path) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as first:
        first.fleet.held = True
        _, recording = await started(first)
        await clock.advance(9)
        closing = asyncio.create_task(first.plane.close(5.0))
        await first.until(recording, RecordingStatus.UPLOADING)
        await clock.advance(5)
        await closing
        first.gateway.close()
        assert (await first.get(recording)).status is RecordingStatus.UPLOADING
        await first.database.close()
        async with harness_at(tmp_path, clock) as second:
            uploaded = await second.until(recording, RecordingStatus.UPLOADED)
            assert uploaded.error == "ended early: the server was stopped"
            assert uploaded.stopped_at == utc(START_S + 9)


@pytest.mark.parametrize("fps", [24])
async def test_a_film_goes_on_as_it_began_when_settings_changed(tmp_path: Path, fps: int) -> None:
    clock = ManualClock()
    async with first_boot(tmp_path, clock) as crashed:
        _, recording = await started(crashed)
        async with restarted(crashed, clock, render={"fps": fps}) as harness:
            await harness.until(recording, RecordingStatus.UPLOADED)
            (spec,) = harness.fleet.started
            assert spec.render.video == crashed.fleet.specs[recording.id].render.video
            assert spec.render.video.fps != fps
