"""The book of sessions: when they began and ended, and who was in them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from reelkit.clock import Clock, utc
from reelkit.control.errors import NotFound
from reelkit.control.ports import Room
from reelkit.control.webhooks.events import EndReason
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db import Database
from reelkit.db.meetings import MeetingRepository
from reelkit.db.sessions import MAX_NAME_LENGTH, SessionPeerRow, SessionRepository, SessionRow
from reelkit.rooms.peer import PeerInfo


@dataclass(frozen=True, slots=True)
class Session:
    """One live instance of a meeting."""

    id: str
    app_id: str
    meeting_id: str
    started_at: datetime
    ended_at: datetime | None
    updated_at: datetime

    @classmethod
    def of(cls, row: SessionRow) -> Self:
        return cls(row.id, row.app_id, row.meeting_id, row.started_at, row.ended_at, row.updated_at)


class SessionBook:
    """Sessions in the database. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, outbox: Outbox) -> None:
        self._database = database
        self._clock = clock
        self._outbox = outbox

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

    async def joined(self, room: Room, peer: PeerInfo) -> None:
        """A peer came in, or came back."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            known = await repository.peer(room.session_id, peer.peer_id)
            present = known is not None and known.left_at is None
            row = SessionPeerRow(
                session_id=room.session_id,
                peer_id=peer.peer_id,
                participant_id=peer.participant_id,
                name=peer.name[:MAX_NAME_LENGTH],
                hidden=peer.hidden,
                joined_at=utc(peer.joined_at_s),
                left_at=None,
            )
            await repository.put_peer(row)
            live = await self._count(repository, room)
            if live is not None and not present:
                await self._outbox.peer_joined(session, live, row)

    async def left(self, room: Room, peer: PeerInfo) -> None:
        """A peer went away."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            row = await repository.peer(room.session_id, peer.peer_id)
            present = row is not None and row.left_at is None
            if row is not None:
                row.left_at = utc(self._clock.time_s())
            live = await self._count(repository, room)
            if live is not None and row is not None and present:
                await self._outbox.peer_left(session, live, row)

    async def end(
        self,
        session_id: str,
        ended_at: datetime | None = None,
        *,
        reason: EndReason = EndReason.ALL_PARTICIPANTS_LEFT,
    ) -> None:
        """The session is over since ``ended_at``, by default since now."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            row = await repository.get(session_id)
            if row is None or row.ended_at is not None:
                return
            row.ended_at = row.updated_at = ended_at or utc(self._clock.time_s())
            row.live_peers = 0
            for peer in await repository.present_peers(session_id):
                peer.left_at = row.ended_at
                await self._outbox.peer_left(session, row, peer)
            await self._outbox.session_ended(session, row, reason)

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

    async def _count(self, repository: SessionRepository, room: Room) -> SessionRow | None:
        row = await repository.get(room.session_id)
        if row is not None:
            row.live_peers = room.visible_peer_count
            row.peak_peers = max(row.peak_peers, row.live_peers)
            row.updated_at = utc(self._clock.time_s())
        return row
