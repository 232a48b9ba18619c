"""Lists over many rows: what is searched for, and where pages begin and end."""

from typing import Any

import pytest
from sqlalchemy import select

from reelkit.db import Database, recordings
from reelkit.db.apps import AppRepository, AppRow
from reelkit.db.meetings import MeetingFilter, MeetingRepository, MeetingRow
from reelkit.db.page import RowPage, fetch_page
from reelkit.db.recordings import RecordingFilter, RecordingRepository, RecordingRow
from tests.db.rows import NOW, add_meeting, later, meeting_row, recording_row


async def put(database: Database, *rows: Any) -> None:
    async with database.transaction() as session:
        session.add_all(rows)


async def meetings_of(database: Database, app_id: str, **where: Any) -> RowPage[MeetingRow]:
    async with database.session() as session:
        return await MeetingRepository(session).page(app_id, MeetingFilter(**where), offset=0, limit=10)


async def recordings_of(database: Database, app_id: str, **where: Any) -> list[str]:
    async with database.session() as session:
        found = await RecordingRepository(session).page(
            app_id, RecordingFilter(**where), now=NOW, newest_first=True, offset=0, limit=10
        )
    assert found.total_count == len(found.rows)
    return [row.id for row in found.rows]


async def test_case_does_not_matter_in_any_script(database: Database) -> None:
    meeting = await add_meeting(database, title="Übung mit ÉLAN, Straße")
    for text in ("übung", "ÜBUNG", "élan", "STRASSE", "straße", "Straße"):
        assert (await meetings_of(database, meeting.app_id, search=text)).total_count == 1, text
    async with database.transaction() as session:
        row = await MeetingRepository(session).by_id(meeting.id)
        assert row is not None
        row.title = "Ähnlich"
    assert (await meetings_of(database, meeting.app_id, search="übung")).rows == ()
    assert (await meetings_of(database, meeting.app_id, search="ÄHN")).total_count == 1


async def test_apps_are_found_in_any_script(database: Database) -> None:
    meeting = await add_meeting(database)
    async with database.session() as session:
        account_id = await session.scalar(select(AppRow.account_id))
        assert account_id is not None
    await put(database, AppRow(id="a" * 32, account_id=account_id, name="ÖL", created_at=later(1)))
    async with database.session() as session:
        found = await AppRepository(session).page(
            account_id, only=None, search="öl", created_until=None, newest_first=True, offset=0, limit=10
        )
    assert [row.name for row in found.rows] == ["ÖL"]
    assert found.rows[0].id != meeting.app_id


@pytest.mark.parametrize(("few_meetings", "few_recordings"), [(500, 500), (1, 500), (1, 0)])
async def test_recordings_are_found_by_their_meetings(
    database: Database, monkeypatch: pytest.MonkeyPatch, few_meetings: int, few_recordings: int
) -> None:
    monkeypatch.setattr(recordings, "_FEW_MEETINGS", few_meetings)
    monkeypatch.setattr(recordings, "_FEW_RECORDINGS", few_recordings)
    first = await add_meeting(database, title="Weekly one")
    second, other = meeting_row(first.app_id, title="WEEKLY two"), meeting_row(first.app_id, title="Retro")
    stranger = await add_meeting(database, title="Weekly of somebody else")
    await put(database, second, other)
    rows = [
        recording_row(meeting, status="UPLOADED", invoked_at=later(number))
        for number, meeting in enumerate((first, second, other, first, stranger))
    ]
    # An id may stand in a title, too.
    named = meeting_row(first.app_id, title=f"About {rows[2].id}, weekly")
    await put(database, named)
    about = recording_row(named, status="UPLOADED", invoked_at=later(9))
    await put(database, *rows, about)
    ids = [row.id for row in rows]
    app_id = first.app_id
    assert await recordings_of(database, app_id, search="weekly") == [about.id, ids[3], ids[1], ids[0]]
    assert await recordings_of(database, app_id, search=ids[2]) == [about.id, ids[2]]
    assert await recordings_of(database, app_id, search=ids[0]) == [ids[0]]
    assert await recordings_of(database, app_id, search=second.id) == [ids[1]]
    assert await recordings_of(database, app_id, search="weekly", meeting_id=first.id) == [ids[3], ids[0]]
    assert await recordings_of(database, app_id, search=ids[2], meeting_id=first.id) == []
    for nothing in ("nowhere", ids[4], stranger.id):
        assert await recordings_of(database, app_id, search=nothing) == []
    assert await recordings_of(database, app_id, meeting_id=stranger.id) == []


@pytest.mark.parametrize("slow", [False, True])
async def test_a_page_behind_the_end_is_empty_and_counts_all(database: Database, slow: bool) -> None:
    meeting = await add_meeting(database)
    await put(database, *(recording_row(meeting, status="UPLOADED") for _ in range(3)))
    query = select(RecordingRow).where(RecordingRow.meeting_id == meeting.id)
    async with database.session() as session:
        for offset, length in ((0, 2), (2, 1), (4, 0)):
            found = await fetch_page(session, query, (RecordingRow.id.desc(),), offset=offset, limit=2, slow=slow)
            assert (len(found.rows), found.total_count) == (length, 3)
        none = query.where(RecordingRow.status == "ERRORED")
        found = await fetch_page(session, none, (RecordingRow.id.desc(),), offset=0, limit=2, slow=slow)
        assert found == RowPage((), 0)
