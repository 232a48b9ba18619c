"""Erased recordings: everything that they had goes, and a tombstone says so."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from reelkit.clock import utc
from reelkit.control.caller import Caller
from reelkit.control.erasure import ErasureState, Tombstone
from reelkit.control.erasures import CHECK_INTERVAL_S
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.control.render_params import RenderParams
from reelkit.control.rerender import RenderStatus
from reelkit.control.retention import CHECK_INTERVAL_S as RETENTION_INTERVAL_S
from reelkit.control.vault import KEY_FILE, new_key
from reelkit.control.webhooks.events import recording_subject
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.recordings import RecordingFilter
from reelkit.db.webhooks import WebhookDeliveryRow, WebhookRow
from reelkit.process import wait_until
from reelkit.publish.errors import StorageError
from tests.control.deliveries import in_time as delivered_in_time
from tests.control.deliveries import retried, until_waiting
from tests.control.harness import CALLER, Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import STORAGE_CONFIG
from tests.patience import PATIENCE_S


async def until(condition: Callable[[], bool]) -> None:
    async def holds() -> bool:
        return condition()

    await wait_until(holds, timeout_s=PATIENCE_S, interval_s=0.002)


async def uploaded(harness: Harness, *, end: bool = True, **fields: Any) -> Recording:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting, **fields)
    await harness.clock.advance(10)
    await harness.act(recording, Action.STOP)
    recording = await harness.until(recording, RecordingStatus.UPLOADED)
    # What a delivery deletes is gone.
    await until(lambda: not harness.plane._delivery._running)
    if end:
        await harness.gateway.end(meeting.id)
    return recording


async def erased(harness: Harness, recording: Recording) -> Tombstone:
    return await harness.plane.erasures.erase(harness.app.id, recording.id, CALLER)


async def tombstone_of(harness: Harness, recording: Recording) -> Tombstone:
    return await harness.plane.erasures.get(harness.app.id, recording.id)


async def in_time(harness: Harness, recording: Recording, state: ErasureState) -> Tombstone:
    """Lets minutes pass until an erasure is that far."""

    async def reached() -> bool:
        await harness.clock.advance(CHECK_INTERVAL_S)
        tombstone = await tombstone_of(harness, recording)
        return tombstone.state is state and tombstone.completed_at is not None

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.002)
    return await tombstone_of(harness, recording)


def removed(tombstone: Tombstone) -> list[str]:
    return [each["what"] for each in tombstone.removed]


def files_below(directory: Path) -> list[Path]:
    return [path for path in directory.rglob("*") if path.is_file()]


async def test_everything_goes_and_a_tombstone_stays(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"keep": True}) as harness:
        recording = await uploaded(harness, video_config={}, audio_config={}, file_name_prefix="secret_project")
        render = await harness.plane.rerenders.start(harness.app.id, recording.id, RenderParams.parse({}))

        async def made() -> bool:
            found = await harness.plane.rerenders.get(harness.app.id, recording.id, render.id)
            return found.status is RenderStatus.UPLOADED

        await wait_until(made, timeout_s=PATIENCE_S, interval_s=0.002)
        assert len(files_below(tmp_path / "bucket")) == 5
        tombstone = await erased(harness, recording)
        assert tombstone.state is ErasureState.ERASED
        assert removed(tombstone) == ["hosted_files", "render", "job", "capture"]
        assert tombstone.left == ()
        assert (tombstone.meeting_id, tombstone.session_id) == (recording.meeting_id, recording.session_id)
        assert (tombstone.started_at, tombstone.stopped_at) == (recording.started_at, recording.stopped_at)
        assert tombstone.erased_by == CALLER
        for directory in ("bucket", "jobs", "captures"):
            assert files_below(tmp_path / directory) == []
        with pytest.raises(NotFound, match="was erased at 2026-01-01T00:00:10"):
            await harness.get(recording)
        with pytest.raises(NotFound):
            await harness.plane.rerenders.list(harness.app.id, recording.id, PageRequest())
        listed = await harness.plane.recordings.list(harness.app.id, RecordingFilter(), PageRequest())
        assert listed.items == ()
        assert harness.metric("reelkit_recordings", status="UPLOADED") == 0
        row = json.dumps((await raw(harness, "erasures"))[0], default=str)
        assert "secret_project" not in row
        for table in ("recordings", "renders", "recording_files", "deliveries"):
            assert await raw(harness, table) == []


@pytest.mark.sqlite
async def test_the_database_keeps_nothing_of_it(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as harness:
        recording = await uploaded(harness, file_name_prefix="secret_project")
        told = {"id": str(uuid4()), "webhook_id": await webhook(harness), "event": "recording.statusUpdate"}
        now = utc(harness.clock.now_s)
        async with harness.database.transaction() as session:
            for state in ("DELIVERED", "PENDING"):
                row = told | {"id": str(uuid4()), "state": state, "body": f"{state}_secret_project"}
                times = {"created_at": now, "give_up_at": now, "attempts": 1, "tries": 1}
                session.add(WebhookDeliveryRow(subject=recording_subject(recording.id), **row, **times))
        await erased(harness, recording)
        assert [each["body"] for each in await raw(harness, "webhook_deliveries")] == ["PENDING_secret_project"]
        async with harness.database.transaction() as session:
            await session.execute(text("DELETE FROM webhook_deliveries"))
    content = b"".join(path.read_bytes() for path in tmp_path.glob("reelkit.sqlite3*"))
    assert recording.id.encode() in content
    assert b"secret_project" not in content


async def webhook(harness: Harness) -> str:
    row = WebhookRow(
        id=str(uuid4()),
        app_id=harness.app.id,
        name="log",
        url="https://example.com",
        events=[],
        enabled=False,
        created_at=utc(harness.clock.now_s),
        updated_at=utc(harness.clock.now_s),
    )
    async with harness.database.transaction() as session:
        session.add(row)
    return row.id


async def raw(harness: Harness, table: str) -> list[dict[str, Any]]:
    async with harness.database.session() as session:
        return [dict(row._mapping) for row in await session.execute(text(f"SELECT * FROM {table}"))]  # noqa: S608


async def test_a_recording_that_runs_is_refused(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    with pytest.raises(Conflict, match="stop it first"):
        await erased(harness, recording)
    harness.fleet.held = True
    await harness.act(recording, Action.STOP)
    with pytest.raises(Conflict, match="being finished"):
        await erased(harness, recording)
    harness.fleet.release()
    await harness.until(recording, RecordingStatus.UPLOADED)
    assert (await erased(harness, recording)).erased_by == CALLER


async def test_nobody_elses_recording_is_found(harness: Harness) -> None:
    recording = await uploaded(harness)
    with pytest.raises(NotFound):
        await harness.plane.erasures.erase("0" * 32, recording.id, CALLER)
    await erased(harness, recording)
    for app_id, recording_id in (("0" * 32, recording.id), (harness.app.id, harness.app.id)):
        with pytest.raises(NotFound):
            await harness.plane.erasures.get(app_id, recording_id)


async def test_a_recording_whose_other_film_is_being_made_is_refused(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"keep": True}) as harness:
        recording = await uploaded(harness)
        harness.fleet.held = True
        await harness.plane.rerenders.start(harness.app.id, recording.id, RenderParams.parse({}))
        with pytest.raises(Conflict, match="another film"):
            await erased(harness, recording)


async def test_a_capture_goes_with_the_last_recording_of_its_session(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"keep": True}) as harness:
        meeting = await harness.attended_meeting()
        capture = harness.room(meeting).capture_dir
        recordings = []
        for _ in range(2):
            recording = await harness.start(meeting)
            await harness.act(recording, Action.STOP)
            recordings.append(await harness.until(recording, RecordingStatus.UPLOADED))
        first, second = recordings
        waits = await erased(harness, first)
        assert waits.state is ErasureState.ERASING
        assert [(left.what, left.reason) for left in waits.left] == [("capture", "its session goes on")]
        await harness.gateway.end(meeting.id)
        kept = await erased(harness, first)
        assert [left.reason for left in kept.left] == ["another recording of the same session keeps it"]
        assert capture.exists()
        last = await erased(harness, second)
        assert removed(last) == ["hosted_files", "job", "capture"]
        assert not capture.exists()
        await in_time(harness, first, ErasureState.ERASED)


async def test_what_cannot_be_deleted_is_named_and_tried_again(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await uploaded(harness)
    delete = harness.bucket.delete

    async def refuse(*_: object) -> bool:
        raise StorageError("the disk does not answer")

    monkeypatch.setattr(harness.bucket, "delete", refuse)
    tombstone = await erased(harness, recording)
    assert tombstone.state is ErasureState.ERASING
    assert [(left.what, left.reason, left.again) for left in tombstone.left] == [
        ("hosted_files", "the disk does not answer", True)
    ]
    assert tombstone.completed_at is None
    with pytest.raises(NotFound, match="erased"):
        await harness.get(recording)
    assert len(files_below(harness.data / "bucket")) == 2
    monkeypatch.setattr(harness.bucket, "delete", delete)
    await in_time(harness, recording, ErasureState.ERASED)
    assert (await tombstone_of(harness, recording)).completed_at is not None
    assert files_below(harness.data / "bucket") == []


async def test_a_server_that_dies_in_the_middle_goes_on_at_its_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    recording = await uploaded(crashed)

    async def killed(*_: object) -> None:
        raise RuntimeError("as if the process had been killed")

    monkeypatch.setattr(crashed.plane.erasures, "_try", killed)
    tombstone = await erased(crashed, recording)
    assert len(tombstone.left) == 3
    await crashed.crash()
    assert len(files_below(tmp_path / "bucket")) == 2
    async with harness_at(tmp_path, clock) as harness:
        await in_time(harness, recording, ErasureState.ERASED)
        assert files_below(tmp_path / "bucket") == []
        with pytest.raises(NotFound, match="erased"):
            await harness.get(recording)


async def test_the_callers_own_storage_is_emptied_too(harness: Harness) -> None:
    recording = await uploaded(harness, storage_config=STORAGE_CONFIG, audio_config={}, video_config={})
    assert len(harness.storage.objects()) == 3
    tombstone = await erased(harness, recording)
    assert {"what": "storage_files", "where": "s3://films/2026"} in tombstone.removed
    assert harness.storage.objects() == {}
    assert tombstone.left == ()


async def test_storage_that_is_down_is_tried_again_and_one_that_refuses_is_named(harness: Harness) -> None:
    recording = await uploaded(harness, storage_config=STORAGE_CONFIG)
    harness.storage.down = True
    tombstone = await erased(harness, recording)
    assert [(left.what, left.where, left.again) for left in tombstone.left] == [
        ("storage_files", "s3://films/2026", True)
    ]
    harness.storage.down = False
    harness.storage.secret = "changed since"
    refused = await erased(harness, recording)
    assert refused.state is ErasureState.INCOMPLETE
    assert [(left.reason, left.again) for left in refused.left] == [("the credentials are not right", False)]
    assert refused.completed_at is not None
    # It is no secret that it waits for the caller, and no secret is told.
    assert STORAGE_CONFIG["secret"] not in repr(refused)
    harness.storage.secret = STORAGE_CONFIG["secret"]
    await harness.clock.advance(3_600)
    assert len(harness.storage.objects()) == 2
    assert (await erased(harness, recording)).state is ErasureState.ERASED
    assert harness.storage.objects() == {}


async def test_storage_that_stays_down_is_given_up(harness: Harness) -> None:
    recording = await uploaded(harness, storage_config=STORAGE_CONFIG)
    harness.storage.down = True
    await erased(harness, recording)
    await harness.clock.advance(harness.settings.storage.give_up_after_s + 1)

    await in_time(harness, recording, ErasureState.INCOMPLETE)


async def test_a_recording_whose_storage_is_waited_for_can_be_erased(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting(), storage_config=STORAGE_CONFIG)
    harness.storage.down = True
    await harness.act(recording, Action.STOP)

    async def waits() -> bool:
        delivery = (await harness.get(recording)).delivery
        return delivery is not None and delivery.next_try_at is not None

    await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
    await harness.gateway.end(recording.meeting_id)
    tombstone = await erased(harness, recording)
    assert removed(tombstone)[0] == "hosted_files"
    assert not harness.plane._delivery._running
    harness.storage.down = False
    await harness.clock.advance(3_600)
    assert harness.storage.objects() == {}


async def test_many_erasures_are_gone_on_with_a_few_at_a_time(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, most = 0, 0

    async def due() -> tuple[str, ...]:
        return tuple(str(uuid4()) for _ in range(30))

    async def remove(_: str, *, asked: bool) -> None:
        nonlocal running, most
        assert not asked
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.001)
        running -= 1

    monkeypatch.setattr(harness.plane._erasures, "due", due)
    monkeypatch.setattr(harness.plane.erasures, "_remove", remove)
    await harness.plane.erasures.check()
    assert most == 8
    assert running == 0


async def test_an_erasure_that_fails_breaks_no_delivery_off(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await harness.start(await harness.attended_meeting(), storage_config=STORAGE_CONFIG)
    harness.storage.down = True
    await harness.act(recording, Action.STOP)
    await until_waiting(harness, recording)

    async def refuse(*_: object) -> None:
        raise DatabaseUnavailable("the database is restarting")

    with monkeypatch.context() as patched:
        patched.setattr(harness.plane._erasures, "bury", refuse)
        with pytest.raises(DatabaseUnavailable):
            await erased(harness, recording)
    harness.storage.down = False
    uploaded = await delivered_in_time(harness, recording, RecordingStatus.UPLOADED)
    assert uploaded.output_file_name in harness.storage.objects()


async def test_what_is_delivered_again_is_not_erased_at_the_same_time(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await harness.start(await harness.attended_meeting(), storage_config=STORAGE_CONFIG)
    harness.storage.secret = "another"
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.ERRORED)
    await harness.gateway.end(recording.meeting_id)
    harness.storage.secret = STORAGE_CONFIG["secret"]
    bury, go_on = harness.plane._erasures.bury, asyncio.Event()

    async def slow(*arguments: Any) -> Any:
        await go_on.wait()
        return await bury(*arguments)

    monkeypatch.setattr(harness.plane._erasures, "bury", slow)
    erasing = asyncio.create_task(erased(harness, recording))
    await until(lambda: bool(harness.plane._recorder._turns._locks))
    again = asyncio.create_task(retried(harness, recording))
    await asyncio.wait({again}, timeout=0.05)
    go_on.set()
    assert (await erasing).left == ()
    with pytest.raises(NotFound, match="erased"):
        await again
    assert harness.storage.objects() == {}


async def test_what_opens_an_erased_recordings_storage_outlives_a_change_of_keys(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    recording = await uploaded(first, storage_config=STORAGE_CONFIG)
    first.storage.down = True
    await erased(first, recording)
    await first.close()
    path = tmp_path / "secrets" / KEY_FILE
    path.write_text(f"{new_key()}\n{path.read_text()}")
    second = Harness(tmp_path, clock)
    await second.open(recover=False)
    await second.close()
    path.write_text(path.read_text().splitlines()[0])
    async with harness_at(tmp_path, clock) as third:
        await in_time(third, recording, ErasureState.ERASED)


async def test_a_failed_recording_gives_its_capture_back(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    harness.fleet.specs.clear()
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.ERRORED)
    await harness.gateway.end(recording.meeting_id)
    capture = harness.data / "captures" / str(recording.session_id)
    assert capture.exists()
    assert "capture" in removed(await erased(harness, recording))
    assert not capture.exists()


async def test_who_asks_is_told_to_the_tombstone(harness: Harness) -> None:
    recording = await uploaded(harness)
    other = Caller.organization("another app's operator")
    await harness.plane.erasures.erase(harness.app.id, recording.id, other)
    assert (await tombstone_of(harness, recording)).erased_by == other


class TestKeptCaptures:
    """Captures that are kept for a time."""

    async def test_they_go_when_it_is_over(self, tmp_path: Path) -> None:
        async with harness_at(tmp_path, capture={"keep_for_s": 86_400}) as harness:
            recording = await uploaded(harness, reelkit={"keep_capture": True})
            capture = tmp_path / "captures" / str(recording.session_id)
            retention = harness.plane._retention
            await harness.clock.advance(86_399)
            assert await retention.expire() == 0
            assert capture.exists()

            async def gone() -> bool:
                # Whoever looks for it may not be waiting yet.
                await harness.clock.advance(1 + RETENTION_INTERVAL_S)
                return not capture.exists()

            await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.01)
            with pytest.raises(Conflict, match="gone"):
                await harness.plane.rerenders.start(harness.app.id, recording.id, RenderParams.parse({}))

    async def test_those_of_failed_recordings_and_of_live_sessions_stay(self, tmp_path: Path) -> None:
        async with harness_at(tmp_path, capture={"keep": True, "keep_for_s": 3_600}) as harness:
            failed = await harness.start(await harness.attended_meeting())
            harness.fleet.specs.clear()
            await harness.act(failed, Action.STOP)
            await harness.until(failed, RecordingStatus.ERRORED)
            await harness.gateway.end(failed.meeting_id)
            live = await uploaded(harness, end=False)
            await harness.clock.advance(7_200)
            assert await harness.plane._retention.expire() == 0
            for recording in (failed, live):
                assert (tmp_path / "captures" / str(recording.session_id)).exists()

    async def test_without_a_limit_they_stay(self, tmp_path: Path) -> None:
        async with harness_at(tmp_path, capture={"keep": True}) as harness:
            recording = await uploaded(harness)
            await harness.clock.advance(1e9)
            assert await harness.plane._retention.expire() == 0
            assert (tmp_path / "captures" / str(recording.session_id)).exists()
            assert (tmp_path / "jobs" / recording.id).exists()
