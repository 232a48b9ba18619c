"""The book of sessions: when they began and ended, and who was in them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from reelkit.clock import Clock, utc
from reelkit.control.errors import NotFound
from reelkit.control.ports import Room
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

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

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
            await repository.add(
                SessionRow(
                    id=room.session_id,
                    app_id=meeting.app_id,
                    meeting_id=meeting.id,
                    title=meeting.title,
                    started_at=started_at,
                    live_peers=0,
                    peak_peers=0,
                    updated_at=started_at,
                )
            )

    async def joined(self, room: Room, peer: PeerInfo) -> None:
        """A peer came in, or came back."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            await repository.put_peer(
                SessionPeerRow(
                    session_id=room.session_id,
                    peer_id=peer.peer_id,
                    participant_id=peer.participant_id,
                    name=peer.name[:MAX_NAME_LENGTH],
                    hidden=peer.hidden,
                    joined_at=utc(peer.joined_at_s),
                    left_at=None,
                )
            )
            await self._count(repository, room)

    async def left(self, room: Room, peer: PeerInfo) -> None:
        """A peer went away."""
        async with self._database.transaction() as session:
            repository = SessionRepository(session)
            row = await repository.peer(room.session_id, peer.peer_id)
            if row is not None:
                row.left_at = utc(self._clock.time_s())
            await self._count(repository, room)

    async def end(self, session_id: str, ended_at: datetime | None = None) -> None:
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

    async def live(self) -> tuple[Session, ...]:
        """The sessions that have not ended."""
        async with self._database.session() as session:
            return tuple(Session.of(row) for row in await SessionRepository(session).live())

    async def ended(self, session_id: str) -> bool:
        """Whether the session is over; also when it is unknown."""
        async with self._database.session() as session:
            row = await SessionRepository(session).get(session_id)
        return row is None or row.ended_at is not None

    async def _count(self, repository: SessionRepository, room: Room) -> None:
        row = await repository.get(room.session_id)
        if row is not None:
            row.live_peers = room.visible_peer_count
            row.peak_peers = max(row.peak_peers, row.live_peers)
            row.updated_at = utc(self._clock.time_s())
