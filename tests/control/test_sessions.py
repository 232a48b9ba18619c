"""What the book of sessions keeps when things go wrong."""

from pathlib import Path

import pytest

from reelkit.clock import utc
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.session_records import SessionPeer, SessionRecord
from reelkit.control.sessions import ALIVE_INTERVAL_S
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.sessions import SessionRepository
from reelkit.process import wait_until
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock


async def record_of(harness: Harness, session_id: str) -> SessionRecord:
    return await harness.plane.sessions.get(harness.app.id, session_id)


async def peers_of(harness: Harness, session_id: str) -> tuple[SessionPeer, ...]:
    return (await harness.plane.sessions.peers(harness.app.id, session_id, PageRequest())).items


async def ticked(harness: Harness, meeting: Meeting) -> None:
    """Goes on to the next time that the book notes that sessions go on."""
    await harness.clock.advance(ALIVE_INTERVAL_S)
    now = utc(harness.clock.time_s())

    async def noted() -> bool:
        async with harness.database.session() as session:
            row = await SessionRepository(session).get(harness.room(meeting).session_id)
        return row is not None and row.alive_at == now and ALIVE_INTERVAL_S in harness.clock.deadlines

    await wait_until(noted, timeout_s=5, interval_s=0.002)


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

    await wait_until(ended, timeout_s=5, interval_s=0.002)
    record = await record_of(harness, session_id)
    assert (record.ended_at, record.consumed_ms) == (utc(START_S + ALIVE_INTERVAL_S), 10_000)


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
