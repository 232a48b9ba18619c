"""Databases, disks and rooms that refuse at the worst moment."""

from collections.abc import Callable
from pathlib import Path

import pytest

from reelkit.control.errors import Unavailable
from reelkit.control.expiry import CHECK_INTERVAL_S, Expiry
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus, StopReason
from reelkit.control.sessions import SessionBook
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.recordings import RecordingFilter, RecordingRepository
from reelkit.fleet.errors import FleetError
from reelkit.process import wait_until
from reelkit.sfu.errors import SfuError
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.patience import PATIENCE_S

_RETRY_S = 2.0


@pytest.fixture
def refuse(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> Callable[[RecordingStatus], None]:
    """Lets the next move to a status fail."""
    store = harness.plane._store
    move = store.move
    refused: set[RecordingStatus] = set()

    async def refusing(recording_id: str, status: RecordingStatus, **changes: object) -> Recording:
        if status in refused:
            refused.discard(status)
            raise DatabaseUnavailable("database or disk is full")
        return await move(recording_id, status, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "move", refusing)
    return refused.add


async def retried(harness: Harness) -> None:
    """Waits until something waits for its next try, and lets it come."""

    async def waiting() -> bool:
        return _RETRY_S in harness.clock.deadlines

    await wait_until(waiting, timeout_s=PATIENCE_S, interval_s=0.002)
    await harness.clock.advance(_RETRY_S)


async def test_a_stop_that_could_not_be_stored_can_be_repeated(
    harness: Harness, refuse: Callable[[RecordingStatus], None]
) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    await harness.clock.advance(3)
    refuse(RecordingStatus.UPLOADING)
    with pytest.raises(DatabaseUnavailable):
        await harness.act(recording, Action.STOP)
    assert harness.room(meeting).running == set()
    await harness.clock.advance(3)
    assert (await harness.act(recording, Action.STOP)).duration_ms == 3_000


async def test_an_end_that_could_not_be_stored_is_tried_again(
    harness: Harness, refuse: Callable[[RecordingStatus], None]
) -> None:
    recording = await harness.start(await harness.attended_meeting(), max_seconds=60)
    refuse(RecordingStatus.UPLOADING)
    await harness.clock.advance(60)
    await retried(harness)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert uploaded.stop_reason is StopReason.API_CALL


async def test_a_start_that_could_not_be_stored_leaves_nothing_on(
    harness: Harness, refuse: Callable[[RecordingStatus], None]
) -> None:
    meeting = await harness.attended_meeting()
    refuse(RecordingStatus.RECORDING)
    with pytest.raises(Unavailable, match="disk is full"):
        await harness.start(meeting)
    assert harness.room(meeting).running == set()
    assert (await harness.start(meeting)).status is RecordingStatus.RECORDING


async def test_an_error_that_could_not_be_stored_is_stored_later(
    harness: Harness, refuse: Callable[[RecordingStatus], None]
) -> None:
    meeting = await harness.attended_meeting()
    harness.fleet.fail_start = FleetError("no worker")
    refuse(RecordingStatus.ERRORED)
    with pytest.raises(Unavailable, match="no worker"):
        await harness.start(meeting)
    page = await harness.plane.recordings.list(harness.app.id, RecordingFilter(), PageRequest())
    (recording,) = page.items
    # The first retry is at once, by the task that now cares for it.
    assert "no worker" in ((await harness.until(recording, RecordingStatus.ERRORED)).error or "")


async def test_a_room_that_refuses_to_resume_changes_nothing(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    await harness.act(recording, Action.PAUSE)
    harness.room(meeting).fail_start = SfuError("Janus does not answer")
    with pytest.raises(Unavailable, match="does not answer"):
        await harness.act(recording, Action.RESUME)
    assert (await harness.get(recording)).status is RecordingStatus.PAUSED
    harness.room(meeting).fail_start = None
    assert (await harness.act(recording, Action.RESUME)).status is RecordingStatus.RECORDING


async def test_a_disk_that_cannot_be_asked_is_not_trusted(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> int:
        raise OSError(5, "Input/output error")

    recording = await harness.start(await harness.attended_meeting())
    monkeypatch.setattr(harness.plane._disk, "_free_bytes", fail)
    with pytest.raises(Unavailable, match="Input/output error"):
        await harness.start(await harness.attended_meeting())
    await harness.clock.advance(5)
    await harness.until(recording, RecordingStatus.UPLOADED)


async def test_a_recording_that_is_being_recovered_cannot_be_steered(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    live = harness.plane._recorder._live.pop(recording.id)
    with pytest.raises(Unavailable, match="recovered"):
        await harness.act(recording, Action.STOP)
    harness.plane._recorder._live[recording.id] = live


async def test_expiry_goes_on_after_refusals(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = 0
    expired = RecordingRepository.with_expired_file

    async def refuse_once(self: RecordingRepository, *arguments: object) -> object:
        nonlocal calls
        calls += 1
        if calls == 1:
            raise DatabaseUnavailable("locked")
        return await expired(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RecordingRepository, "with_expired_file", refuse_once)
    await harness.clock.advance(CHECK_INTERVAL_S)

    async def asked_twice() -> bool:
        await harness.clock.advance(CHECK_INTERVAL_S)
        return calls >= 2

    await wait_until(asked_twice, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_file_that_cannot_be_deleted_is_tried_again(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    await harness.act(recording, Action.STOP)
    recording = await harness.until(recording, RecordingStatus.UPLOADED)
    # Nobody is woken: the plane's own expiry would delete them too.
    harness.clock.now_s += harness.settings.recording.url_lifetime_s
    stored = harness.bucket.path(recording.app_id, recording.id, recording.output_file_name)
    aside = stored.parent.rename(harness.data / "aside")
    stored.parent.write_text("no directory")
    expiry = Expiry(harness.database, harness.clock, harness.bucket)
    assert await expiry.check() == 0
    stored.parent.unlink()
    aside.rename(stored.parent)
    assert await expiry.check() == 1


@pytest.mark.parametrize("lost", ["journal", "session"])
async def test_recovery_of_what_cannot_be_read(tmp_path: Path, lost: str) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    meeting = await crashed.attended_meeting()
    recording = await crashed.start(meeting)
    journal = crashed.room(meeting).journal.path
    if lost == "journal":
        journal.unlink()
        journal.mkdir()
    else:
        async with crashed.database.transaction() as session:
            row = await RecordingRepository(session).get(recording.id)
            assert row is not None
            row.status, row.session_id, row.started_at = "INVOKED", None, None
        book = SessionBook(crashed.database, clock, crashed.plane._webhooks.outbox)
        await book.end(crashed.room(meeting).session_id)
    await crashed.crash()
    async with harness_at(tmp_path, clock) as harness:
        errored = await harness.get(recording)
        assert errored.status is RecordingStatus.ERRORED
        assert errored.stop_reason is StopReason.INTERNAL_ERROR
        expected = "cannot be used" if lost == "journal" else "before anything was captured"
        assert expected in (errored.error or "")


async def test_recovery_without_a_worker_is_an_error(tmp_path: Path) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    recording = await crashed.start(await crashed.attended_meeting())
    await crashed.crash()
    harness = Harness(tmp_path, clock)
    harness.fleet.fail_start = FleetError("no worker")
    await harness.open()
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert errored.error.endswith("the film could not be made: no worker")
    await harness.close()
