"""The rows of recordings and the queries over them."""

import pytest

from reelkit.db import Database
from reelkit.db.errors import ConstraintViolated
from reelkit.db.recordings import RUNNING_STATUSES, RecordingFilter, RecordingRepository, RecordingRow
from tests.db.plans import plan_of
from tests.db.rows import NOW, add_meeting, later, recording_row

INDICES = {"app_id = :id": "ix_recordings_listed", "meeting_id = :id": "ix_recordings_meeting_id_invoked_at_id"}
COUNTED = {
    "app_id = :id": "ix_recordings_counted",
    "app_id = :id AND status IN ('UPLOADED', 'ERRORED')": "ix_recordings_app_id_status",
    "app_id = :id AND invoked_at >= '2026-01-01' AND invoked_at <= '2026-02-01'": "ix_recordings_listed",
    "app_id = :id AND download_expires_at <= '2026-01-01' "
    "AND (file_removed_at IS NULL OR file_removed_at >= download_expires_at)": "ix_recordings_counted",
}


async def add(database: Database, *rows: RecordingRow) -> None:
    async with database.transaction() as session:
        for row in rows:
            await RecordingRepository(session).add(row)


@pytest.mark.parametrize("status", RUNNING_STATUSES)
async def test_a_meeting_has_one_exclusive_running_recording(database: Database, status: str) -> None:
    meeting = await add_meeting(database)
    await add(database, recording_row(meeting, status=status))
    with pytest.raises(ConstraintViolated, match=r"(?i)unique"):
        await add(database, recording_row(meeting))
    await add(database, recording_row(meeting, allow_multiple=True), recording_row(meeting, status="UPLOADING"))
    await add(database, recording_row(await add_meeting(database)))


async def test_running_ones_are_found_newest_first(database: Database) -> None:
    meeting = await add_meeting(database)
    rows = [
        recording_row(meeting, allow_multiple=True, invoked_at=later(number), status=status)
        for number, status in enumerate(("RECORDING", "UPLOADED", "PAUSED", "ERRORED", "INVOKED"))
    ]
    await add(database, *rows)
    async with database.session() as session:
        repository = RecordingRepository(session)
        running = await repository.running(meeting.id)
        unfinished = await repository.with_status("INVOKED", "RECORDING")
        counts = await repository.count_by_status()
    assert [row.status for row in running] == ["INVOKED", "PAUSED", "RECORDING"]
    assert [row.status for row in unfinished] == ["RECORDING", "INVOKED"]
    assert counts == {"RECORDING": 1, "UPLOADED": 1, "PAUSED": 1, "ERRORED": 1, "INVOKED": 1}


async def test_files_expire_once(database: Database) -> None:
    meeting = await add_meeting(database)
    fields = {"status": "UPLOADED"}
    due = recording_row(meeting, download_expires_at=NOW, **fields)
    removed = recording_row(meeting, download_expires_at=NOW, file_removed_at=NOW, **fields)
    fresh = recording_row(meeting, download_expires_at=later(1), **fields)
    await add(database, due, removed, fresh, recording_row(meeting, status="ERRORED"))
    async with database.session() as session:
        expired = await RecordingRepository(session).with_expired_file(NOW, 10)
    assert [row.id for row in expired] == [due.id]


async def test_what_was_removed_before_its_time_is_not_expired(database: Database) -> None:
    meeting = await add_meeting(database)
    fields = {"status": "UPLOADED"}
    expired = [
        recording_row(meeting, download_expires_at=NOW, **fields),
        recording_row(meeting, download_expires_at=NOW, file_removed_at=later(600), **fields),
    ]
    others = [
        recording_row(meeting, download_expires_at=NOW, file_removed_at=later(-1), **fields),
        recording_row(meeting, download_expires_at=later(1), **fields),
        recording_row(meeting, **fields),
    ]
    await add(database, *expired, *others)
    for wanted, rows in ((True, expired), (False, others), (None, expired + others)):
        async with database.session() as session:
            found = await RecordingRepository(session).page(
                meeting.app_id, RecordingFilter(expired=wanted), now=NOW, newest_first=True, offset=0, limit=10
            )
        assert {row.id for row in found.rows} == {row.id for row in rows}


async def test_lists_use_indices(database: Database) -> None:
    meeting = await add_meeting(database)
    async with database.session() as session:
        for where in ("app_id = :id", "meeting_id = :id"):
            question = f"SELECT id FROM recordings WHERE {where} ORDER BY invoked_at DESC, id DESC"  # noqa: S608 - constants
            plan = await plan_of(session, question, id=meeting.id)
            assert plan.indices == {INDICES[where]}
            assert plan.covered
            assert not plan.sorts
        for condition, index in COUNTED.items():
            question = f"SELECT id FROM recordings WHERE {condition} ORDER BY invoked_at DESC, id DESC"  # noqa: S608 - constants
            listed = await plan_of(session, question, id=meeting.app_id)
            assert listed.indices == {"ix_recordings_listed"}, condition
            assert listed.covered, condition
            assert not listed.sorts, condition
            question = f"SELECT count(*) FROM recordings WHERE {condition}"  # noqa: S608 - constants
            counted = await plan_of(session, question, id=meeting.app_id)
            assert not counted.reads_all, condition
            # PostgreSQL takes any index as long as the table is empty.
            if session.get_bind().dialect.name == "sqlite":
                assert counted.indices == {index}, condition
                assert counted.covered, condition


@pytest.mark.parametrize("newest_first", [True, False])
async def test_equal_times_are_paged_in_one_order(database: Database, newest_first: bool) -> None:
    meeting = await add_meeting(database)
    rows = [recording_row(meeting, status="UPLOADED", invoked_at=later(number // 3)) for number in range(7)]
    await add(database, *rows)
    seen = []
    async with database.session() as session:
        for offset in range(0, 8, 2):
            page = await RecordingRepository(session).page(
                meeting.app_id, RecordingFilter(), now=NOW, newest_first=newest_first, offset=offset, limit=2
            )
            assert page.total_count == 7
            seen += [row.id for row in page.rows]
    in_time = sorted(rows, key=lambda row: (row.invoked_at, row.id), reverse=newest_first)
    assert seen == [row.id for row in in_time]
