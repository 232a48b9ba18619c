"""What the book of sessions keeps when things go wrong."""

from pathlib import Path

import pytest

from reelkit.clock import utc
from reelkit.control.errors import NotFound
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.session_records import SessionPeer, SessionRecord
from reelkit.control.sessions import ALIVE_INTERVAL_S
from reelkit.db.errors import ConstraintViolated, DatabaseUnavailable
from reelkit.db.sessions import SessionPeerRow, SessionRepository
from reelkit.process import wait_until
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.patience import PATIENCE_S


async def record_of(harness: Harness, session_id: str) -> SessionRecord:
    return await harness.plane.sessions.get(harness.app.id, session_id)


async def peers_of(harness: Harness, session_id: str) -> tuple[SessionPeer, ...]:
    return (await harness.plane.sessions.peers(harness.app.id, session_id, PageRequest())).items


def book_waits(harness: Harness) -> bool:
    """Whether the book has noted all that was to be noted at its last time."""
    return ALIVE_INTERVAL_S in harness.clock.deadlines


async def ticked(harness: Harness, meeting: Meeting) -> None:
    """Goes on to the next time that the book notes that sessions go on."""
    await harness.clock.advance(ALIVE_INTERVAL_S)
    now = utc(harness.clock.time_s())

    async def noted() -> bool:
        async with harness.database.session() as session:
            row = await SessionRepository(session).get(harness.room(meeting).session_id)
        return row is not None and row.alive_at == now and book_waits(harness)

    await wait_until(noted, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_crash_costs_a_few_seconds_of_presence(tmp_path: Path) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    meeting = await crashed.attended_meeting()
    await crashed.gateway.join(meeting.id, "Recorder", hidden=True)
    session_id = crashed.room(meeting).session_id
    for _ in range(3):
        await ticked(crashed, meeting)
    await clock.advance(ALIVE_INTERVAL_S / 2)
    await crashed.crash()
    await clock.advance(5_000)
    async with harness_at(tmp_path, clock) as harness:
        record = await record_of(harness, session_id)
        (peer,) = await peers_of(harness, session_id)
    assert (record.consumed_ms, record.live_peers, record.peak_peers) == (30_000, 0, 1)
    assert record.ended_at == record.updated_at == peer.left_at == peer.updated_at == utc(START_S + 30)
    assert peer.present_ms == 30_000


async def test_an_end_that_the_database_refuses_is_written_later(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await harness.attended_meeting()
    session_id = harness.room(meeting).session_id
    await ticked(harness, meeting)

    async def refuse(*_: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(SessionRepository, "present_peers", refuse)
        await harness.gateway.end(meeting.id)
        await harness.clock.advance(ALIVE_INTERVAL_S)
        assert (await record_of(harness, session_id)).ended_at is None

    async def ended() -> bool:
        await harness.clock.advance(ALIVE_INTERVAL_S)
        return (await record_of(harness, session_id)).ended_at is not None

    await wait_until(ended, timeout_s=PATIENCE_S, interval_s=0.002)
    record = await record_of(harness, session_id)
    assert (record.ended_at, record.consumed_ms) == (utc(START_S + ALIVE_INTERVAL_S), 10_000)


def refuse_sessions(patched: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    patched.setattr(SessionRepository, "add", refuse)


async def test_a_session_that_the_database_refuses_is_entered_with_the_next_join(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await harness.meeting(title="Weekly")
    with monkeypatch.context() as patched:
        refuse_sessions(patched)
        ada = await harness.gateway.join(meeting.id)
    session_id = harness.room(meeting).session_id
    with pytest.raises(NotFound):
        await record_of(harness, session_id)
    await harness.clock.advance(1)
    bo = await harness.gateway.join(meeting.id)
    record = await record_of(harness, session_id)
    assert (record.title, record.started_at, record.live_peers) == ("Weekly", utc(START_S), 2)
    # Those who were there before are in it.
    assert [(peer.peer_id, peer.joined_at) for peer in await peers_of(harness, session_id)] == [
        (ada.peer_id, utc(START_S)),
        (bo.peer_id, utc(START_S + 1)),
    ]
    await ticked(harness, meeting)
    await harness.gateway.end(meeting.id)
    assert (await record_of(harness, session_id)).consumed_ms == 21_000


async def test_a_session_that_the_database_refuses_is_entered_soon(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting, over = await harness.meeting(), await harness.meeting()
    with monkeypatch.context() as patched:
        refuse_sessions(patched)
        await harness.gateway.join(meeting.id)
        await harness.gateway.join(over.id)
        over_id = harness.room(over).session_id
        await harness.gateway.end(over.id)
    await ticked_once_entered(harness, meeting)
    assert (await record_of(harness, harness.room(meeting).session_id)).live_peers == 1
    with pytest.raises(NotFound):
        await record_of(harness, over_id)


async def ticked_once_entered(harness: Harness, meeting: Meeting) -> None:
    session_id = harness.room(meeting).session_id

    async def entered() -> bool:
        await harness.clock.advance(ALIVE_INTERVAL_S)
        async with harness.database.session() as session:
            return await SessionRepository(session).get(session_id) is not None

    await wait_until(entered, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_an_end_that_is_always_refused_keeps_no_other_back(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck, other, live = [await harness.attended_meeting() for _ in range(3)]
    stuck_id, other_id = harness.room(stuck).session_id, harness.room(other).session_id
    refused = {stuck_id, other_id}
    present_peers = SessionRepository.present_peers

    async def refuse(repository: SessionRepository, session_id: str) -> tuple[SessionPeerRow, ...]:
        if session_id in refused:
            raise ConstraintViolated("a row contradicts another")
        return await present_peers(repository, session_id)

    monkeypatch.setattr(SessionRepository, "present_peers", refuse)
    for meeting in (stuck, other):
        await harness.gateway.end(meeting.id)
    refused.remove(other_id)

    async def ended() -> bool:
        if not book_waits(harness):
            return False
        await harness.clock.advance(ALIVE_INTERVAL_S)
        return (await record_of(harness, other_id)).ended_at is not None

    async def rests() -> bool:
        return book_waits(harness)

    await wait_until(ended, timeout_s=PATIENCE_S, interval_s=0.002)
    assert (await record_of(harness, stuck_id)).ended_at is None
    await wait_until(rests, timeout_s=PATIENCE_S, interval_s=0.002)
    await ticked(harness, live)


async def test_a_peer_that_returns_hidden_stays_as_it_was_seen(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    ada = await harness.gateway.join(meeting.id, "Ada")
    session_id = harness.room(meeting).session_id
    await harness.clock.advance(60)
    await harness.gateway.leave(meeting.id, ada)
    hidden = await harness.gateway.join(meeting.id, "Observer", hidden=True, peer_id=ada.peer_id)
    await harness.clock.advance(60)
    for _ in range(2):
        peers = await peers_of(harness, session_id)
        (told,) = [peer for peer in peers if peer.peer_id == ada.peer_id]
        assert (told.name, told.left_at, told.present_ms) == ("Ada", utc(START_S + 60), 60_000)
        record = await record_of(harness, session_id)
        assert record.consumed_ms == sum(peer.present_ms for peer in peers) == 180_000
        assert record.live_peers == 1
        if hidden in harness.room(meeting).present:
            await harness.gateway.leave(meeting.id, hidden)


async def test_a_clock_that_is_set_back_takes_no_time_away(harness: Harness) -> None:
    meeting = await harness.meeting()
    ada = await harness.gateway.join(meeting.id)
    session_id = harness.room(meeting).session_id
    harness.clock.now_s -= 100
    assert (await record_of(harness, session_id)).consumed_ms == 0
    assert (await peers_of(harness, session_id))[0].present_ms == 0
    await harness.gateway.leave(meeting.id, ada)
    (peer,) = await peers_of(harness, session_id)
    assert (peer.joined_at, peer.left_at, peer.present_ms) == (utc(START_S), utc(START_S), 0)
    await harness.gateway.end(meeting.id)
    record = await record_of(harness, session_id)
    assert record.started_at == record.ended_at == record.updated_at == utc(START_S)
