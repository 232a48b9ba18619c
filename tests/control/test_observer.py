"""What control makes of what happens in rooms."""

import pytest

from reelkit.clock import utc
from reelkit.control.meetings import Meeting
from reelkit.control.sessions import SessionBook
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.sessions import SessionRepository, SessionRow
from tests.control.harness import Harness
from tests.control.manual_clock import START_S


async def row_of(harness: Harness, session_id: str) -> SessionRow:
    async with harness.database.session() as session:
        row = await SessionRepository(session).get(session_id)
    assert row is not None
    return row


async def test_the_book_of_a_session(harness: Harness) -> None:
    meeting = await harness.meeting(title="Weekly")
    ada = await harness.gateway.join(meeting.id, "Ada")
    session_id = harness.room(meeting).session_id
    grace = await harness.gateway.join(meeting.id, "G" * 300)
    await harness.gateway.join(meeting.id, "recorder", hidden=True)
    row = await row_of(harness, session_id)
    assert (row.app_id, row.meeting_id, row.title) == (harness.app.id, meeting.id, "Weekly")
    assert (row.started_at, row.ended_at, row.live_peers, row.peak_peers) == (utc(START_S), None, 2, 2)

    await harness.clock.advance(10)
    await harness.gateway.leave(meeting.id, ada)
    await harness.clock.advance(10)
    await harness.gateway.end(meeting.id)
    row = await row_of(harness, session_id)
    assert (row.ended_at, row.live_peers, row.peak_peers) == (utc(START_S + 20), 0, 2)
    async with harness.database.session() as session:
        repository = SessionRepository(session)
        first = await repository.peer(session_id, ada.peer_id)
        second = await repository.peer(session_id, grace.peer_id)
        assert await repository.present_peers(session_id) == ()
    assert first is not None
    assert second is not None
    assert (first.joined_at, first.left_at) == (utc(START_S), utc(START_S + 10))
    assert second.left_at == utc(START_S + 20)
    assert second.name == "G" * 255


async def test_a_peer_that_comes_back_is_present_again(harness: Harness) -> None:
    meeting = await harness.meeting()
    ada = await harness.gateway.join(meeting.id)
    room = harness.room(meeting)
    await harness.gateway.leave(meeting.id, ada)
    room.present.append(ada)
    await harness.plane.observer.peer_joined(room, ada)
    async with harness.database.session() as session:
        (present,) = await SessionRepository(session).present_peers(room.session_id)
    assert present.peer_id == ada.peer_id


async def test_the_sfu_may_die_under_a_session(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    await harness.plane.observer.sfu_lost(harness.room(meeting))
    assert await harness.get(recording) == recording


async def test_a_database_that_refuses_does_not_stop_a_meeting(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*_: object, **__: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    for method in ("open", "joined", "left", "end"):
        monkeypatch.setattr(SessionBook, method, refuse)
    meeting: Meeting = await harness.meeting()
    ada = await harness.gateway.join(meeting.id)
    room = harness.room(meeting)
    await harness.gateway.leave(meeting.id, ada)
    await harness.gateway.end(meeting.id)
    assert room.closed
