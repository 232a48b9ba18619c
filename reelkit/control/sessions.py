"""The book of sessions: when they began and ended, and who was in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Self

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.errors import NotFound
from reelkit.control.ports import Room
from reelkit.control.webhooks.events import EndReason
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db import Database
from reelkit.db.errors import DatabaseError
from reelkit.db.meetings import MeetingRepository
from reelkit.db.sessions import MAX_NAME_LENGTH, SessionPeerRow, SessionRepository, SessionRow
from reelkit.db.visits import SessionVisitRow, VisitRepository
from reelkit.rooms.peer import PeerInfo

log = structlog.get_logger(__name__)

# What a server that dies can cost of the time that people were there.
ALIVE_INTERVAL_S = 10.0
_MS = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Session:
    """One live instance of a meeting."""

    id: str
    app_id: str
    meeting_id: str
    started_at: datetime
    ended_at: datetime | None
    updated_at: datetime
    alive_at: datetime
    """When it was last known to go on."""

    @classmethod
    def of(cls, row: SessionRow) -> Self:
        alive_at = row.updated_at if row.alive_at is None else max(row.updated_at, row.alive_at)
        return cls(row.id, row.app_id, row.meeting_id, row.started_at, row.ended_at, row.updated_at, alive_at)


class SessionBook:
    """Sessions in the database. All methods but :meth:`watch` raise DatabaseUnavailable.

    What a peer was like is written down when it joins: participants may be changed or deleted later.
    """

    def __init__(self, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox
        self._going_on: set[str] = set()
        self._unended: dict[str, tuple[datetime, EndReason]] = {}
        """Ends that the database did not take."""

    async def open(self, room: Room) -> None:
        """Enters a session unless it is there. Raises NotFound if its meeting is not."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            if await repository.get(room.session_id) is not None:
                return
            meeting = await MeetingRepository(session).by_id(room.meeting_id)
            if meeting is None:
                raise NotFound("there is no such meeting", meeting_id=room.meeting_id)
            started_at = utc(room.started_at_s)
            row = SessionRow(
                id=room.session_id,
                app_id=meeting.app_id,
                meeting_id=meeting.id,
                title=meeting.title,
                started_at=started_at,
                live_peers=0,
                peak_peers=0,
                updated_at=started_at,
            )
            await repository.add(row)
            await self._outbox.session_started(session, row)
        self._going_on.add(room.session_id)

    async def joined(self, room: Room, peer: PeerInfo) -> None:
        """A peer came in, or came back."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            live = await repository.get(room.session_id)
            row = await repository.peer(room.session_id, peer.peer_id)
            present = row is not None and row.left_at is None
            joined_at = utc(peer.joined_at_s)
            if row is None:
                row = _new_peer(room, peer, joined_at)
            _describe(row, peer)
            if not present:
                row.joined_at, row.left_at = joined_at, None
                row.visits += not peer.hidden
            row.updated_at = joined_at
            await repository.add_peer(row)
            if not present and not peer.hidden:
                visit = SessionVisitRow(
                    session_id=room.session_id,
                    peer_id=peer.peer_id,
                    number=row.visits,
                    created_at=min(utc(peer.created_at_s), joined_at),
                    joined_at=joined_at,
                    left_at=None,
                )
                await VisitRepository(session).add(visit)
            self._count(live, room)
            if live is not None and not present:
                await self._outbox.peer_joined(session, live, row)

    async def left(self, room: Room, peer: PeerInfo) -> None:
        """A peer went away."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            live = await repository.get(room.session_id)
            row = await repository.peer(room.session_id, peer.peer_id)
            present = row is not None and row.left_at is None
            if live is not None and row is not None and present:
                visits = await VisitRepository(session).open_of(room.session_id, peer.peer_id)
                _leave(live, row, visits, utc(self._clock.time_s()))
            self._count(live, room)
            if live is not None and row is not None and present:
                await self._outbox.peer_left(session, live, row)

    async def end(
        self,
        session_id: str,
        ended_at: datetime | None = None,
        *,
        reason: EndReason = EndReason.ALL_PARTICIPANTS_LEFT,
    ) -> None:
        """The session is over since ``ended_at``, by default since now. What the database does not take is written
        later by :meth:`watch`."""
        self._going_on.discard(session_id)
        ended_at = ended_at or utc(self._clock.time_s())
        self._unended[session_id] = ended_at, reason
        async with self._database.transaction() as session:
            await self._end(session, session_id, ended_at, reason)
        self._unended.pop(session_id, None)

    async def watch(self) -> None:
        """For ever notes which sessions go on, so that a crash costs little of them, and ends those whose end could not
        be written."""
        while True:
            try:
                for session_id, (ended_at, reason) in list(self._unended.items()):
                    await self.end(session_id, ended_at, reason=reason)
                if self._going_on:
                    async with self._database.transaction() as session:
                        now = utc(self._clock.time_s())
                        await SessionRepository(session).seen_alive(tuple(self._going_on), now)
            except DatabaseError as error:
                log.warning("the book of sessions is behind", reason=error.message)
            await self._clock.sleep(ALIVE_INTERVAL_S)

    async def live(self) -> tuple[Session, ...]:
        """The sessions that have not ended."""
        async with self._database.session() as session:
            return tuple(Session.of(row) for row in await SessionRepository(session).live())

    async def ended(self, session_id: str) -> bool:
        """Whether the session is over; also when it is unknown."""
        async with self._database.session() as session:
            row = await SessionRepository(session).get(session_id)
        return row is None or row.ended_at is not None

    async def ended_before(self, session_ids: Sequence[str], moment: datetime) -> tuple[str, ...]:
        """Which of these sessions were over at that time."""
        async with self._database.session() as session:
            return await SessionRepository(session).ended_before(session_ids, moment)

    async def _end(self, session: AsyncSession, session_id: str, ended_at: datetime, reason: EndReason) -> None:
        repository = SessionRepository(session)
        row = await repository.get(session_id)
        if row is None or row.ended_at is not None:
            return
        # The clock may have been set back.
        row.ended_at = row.updated_at = ended_at = max(ended_at, row.started_at)
        row.live_peers = 0
        visits = await VisitRepository(session).open_of(session_id)
        for peer in await repository.present_peers(session_id):
            _leave(row, peer, [visit for visit in visits if visit.peer_id == peer.peer_id], ended_at)
            await self._outbox.peer_left(session, row, peer)
        await self._outbox.session_ended(session, row, reason)
        await self._outbox.chat_kept(session, row)

    def _count(self, row: SessionRow | None, room: Room) -> None:
        if row is not None:
            row.live_peers = room.visible_peer_count
            row.peak_peers = max(row.peak_peers, row.live_peers)
            row.updated_at = utc(self._clock.time_s())


def _new_peer(room: Room, peer: PeerInfo, joined_at: datetime) -> SessionPeerRow:
    return SessionPeerRow(
        session_id=room.session_id,
        peer_id=peer.peer_id,
        created_at=min(utc(peer.created_at_s), joined_at),
        first_joined_at=joined_at,
        visits=0,
        present_ms=0,
    )


def _describe(row: SessionPeerRow, peer: PeerInfo) -> None:
    row.participant_id = peer.participant_id
    row.custom_participant_id = peer.custom_participant_id
    row.name = peer.name[:MAX_NAME_LENGTH]
    row.picture = peer.picture
    row.preset_name = peer.preset_name
    row.view_type = peer.view_type
    row.hidden = peer.hidden


def _leave(live: SessionRow, peer: SessionPeerRow, visits: Sequence[SessionVisitRow], left_at: datetime) -> None:
    """Closes what is open of a peer, not before it began: the clock may have been set back."""
    peer.left_at = peer.updated_at = max(left_at, peer.joined_at)
    for visit in visits:
        visit.left_at = max(left_at, visit.joined_at)
        stay_ms = round((visit.left_at - visit.joined_at) / _MS)
        peer.present_ms += stay_ms
        live.consumed_ms += stay_ms
