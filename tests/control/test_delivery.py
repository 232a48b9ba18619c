"""From the stop to the hosted bucket, with everything that can go wrong in between."""

from pathlib import Path

import pytest

from reelkit.clock import utc
from reelkit.control.expiry import Expiry
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.db.errors import DatabaseUnavailable
from reelkit.fleet.base import JobOutcome
from reelkit.process import wait_until
from tests.control.fakes import delivered
from tests.control.harness import Harness, harness_at
from tests.patience import PATIENCE_S


async def stopped(harness: Harness) -> Recording:
    recording = await harness.start(await harness.meeting())
    return await harness.act(recording, Action.STOP)


async def test_a_job_that_fails_is_an_error_and_keeps_everything(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    harness.fleet.outcomes[recording.id] = JobOutcome.failed("the renderer ended 21 times without progress")
    (harness.data / "jobs" / recording.id).mkdir(parents=True)
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the renderer ended 21 times without progress"
    assert errored.download_expires_at is None
    await harness.gateway.end(recording.meeting_id)
    assert (harness.data / "jobs" / recording.id).exists()
    assert (harness.data / "captures" / str(recording.session_id)).exists()


async def test_a_film_that_is_not_whole_can_be_downloaded_but_is_an_error(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    part = delivered(harness.data / "jobs" / recording.id)
    harness.fleet.outcomes[recording.id] = JobOutcome(files=part, duration_s=3.2, frames=96, error="the disk is full")
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the film is not whole: the disk is full"
    assert errored.duration_ms == 3_200
    assert errored.download_expires_at is not None
    assert harness.bucket.path(errored.app_id, errored.id, errored.output_file_name).exists()


async def test_a_bucket_that_refuses_is_an_error_and_the_film_is_kept(harness: Harness) -> None:
    (harness.data / "bucket").write_text("no directory")
    recording = await stopped(harness)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert errored.error.startswith("the film could not be stored: ")
    assert (harness.data / "jobs" / recording.id / "film.mp4").exists()


async def test_an_unexpected_failure_is_an_error(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def explode(*_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(harness.bucket, "put", explode)
    errored = await harness.until(await stopped(harness), RecordingStatus.ERRORED)
    assert errored.error == "the film could not be delivered: an internal error"


async def test_a_job_that_nobody_knows_is_an_error(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    harness.fleet.specs.clear()
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert "no such job" in errored.error


async def test_a_mark_that_was_not_written_is_made_up_for(harness: Harness) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    room = harness.room(meeting)
    harness.fleet.held = True
    room.running.clear()  # the room has forgotten it and writes no mark
    await harness.act(recording, Action.STOP)

    async def marked() -> bool:
        return '"mark":"stopped"' in room.journal.path.read_text()

    await wait_until(marked, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_delivered_jobs_and_unneeded_captures_are_deleted(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    capture = harness.room(meeting).capture_dir
    first = await harness.start(meeting)
    second = await harness.start(meeting, allow_multiple_recordings=True)
    await harness.act(first, Action.STOP)
    await harness.until(first, RecordingStatus.UPLOADED)

    async def job_deleted() -> bool:
        return not (harness.data / "jobs" / first.id).exists()

    await wait_until(job_deleted, timeout_s=PATIENCE_S, interval_s=0.002)
    assert capture.exists()
    harness.fleet.held = True
    await harness.act(second, Action.STOP)
    await harness.gateway.end(meeting.id)
    assert capture.exists()
    harness.fleet.release()
    await harness.until(second, RecordingStatus.UPLOADED)

    async def capture_deleted() -> bool:
        return not capture.exists()

    await wait_until(capture_deleted, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_session_without_recordings_leaves_no_capture(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    capture = harness.room(meeting).capture_dir
    await harness.gateway.end(meeting.id)
    assert not capture.exists()


async def test_captures_are_kept_when_the_settings_say_so(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"keep": True}) as harness:
        recording = await stopped(harness)
        await harness.until(recording, RecordingStatus.UPLOADED)
        await harness.gateway.end(recording.meeting_id)
        assert (tmp_path / "captures" / str(recording.session_id)).exists()
        assert (tmp_path / "jobs" / recording.id).exists()


async def test_a_database_that_refuses_for_a_while_delays_the_delivery(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = harness.plane._store
    move = store.move
    refusals = 0

    async def refuse_twice(recording_id: str, status: RecordingStatus, **changes: object) -> Recording:
        nonlocal refusals
        if status is RecordingStatus.UPLOADED and refusals < 2:
            refusals += 1
            raise DatabaseUnavailable("database or disk is full")
        return await move(recording_id, status, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "move", refuse_twice)
    recording = await stopped(harness)
    for expected in (1, 2):

        async def refused(expected: int = expected) -> bool:
            return refusals == expected and 2.0 in harness.clock.deadlines

        await wait_until(refused, timeout_s=PATIENCE_S, interval_s=0.002)
        assert (await harness.get(recording)).status is RecordingStatus.UPLOADING
        await harness.clock.advance(2)
    await harness.until(recording, RecordingStatus.UPLOADED)


async def test_expired_files_are_deleted(harness: Harness) -> None:
    recording = await harness.until(await stopped(harness), RecordingStatus.UPLOADED)
    stored = harness.bucket.path(recording.app_id, recording.id, recording.output_file_name)
    expiry = Expiry(harness.database, harness.clock, harness.bucket)
    await harness.clock.advance(harness.settings.recording.url_lifetime_s - 1)
    assert await expiry.check() == 0
    assert stored.exists()
    await harness.clock.advance(1)
    assert await expiry.check() == 1
    assert not stored.exists()
    assert await expiry.check() == 0
    assert recording.download_expires_at == utc(harness.clock.now_s)
