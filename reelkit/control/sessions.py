"""The book of sessions: when they began and ended, and who was in them."""

from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Self

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.ports import Room
from reelkit.control.session_entries import SessionEntries
from reelkit.control.tasks import NamedLocks
from reelkit.control.webhooks.events import EndReason
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db import Database
from reelkit.db.errors import DatabaseError
from reelkit.db.sessions import SessionRepository, SessionRow
from reelkit.errors import ReelkitError
from reelkit.rooms.peer import PeerInfo

log = structlog.get_logger(__name__)

# What a server that dies can cost of the time that people were there.
ALIVE_INTERVAL_S = 10.0


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
        self._locks = NamedLocks()
        """Of sessions that begin or end."""
        self._going_on: set[str] = set()
        self._unopened: dict[str, Room] = {}
        """Sessions that go on and are not in the database yet."""
        self._unended: dict[str, tuple[datetime, EndReason]] = {}
        """Ends that the database did not take."""

    async def open(self, room: Room) -> None:
        """Enters a session unless it is there. Raises NotFound if its meeting is not. What the database does not take
        is entered with the next join, or by :meth:`watch`."""
        try:
            async with self._locks.held(room.session_id), self._entries() as entries:
                await entries.opened(room)
        except DatabaseError:
            self._unopened[room.session_id] = room
            raise
        self._going_on.add(room.session_id)

    async def joined(self, room: Room, peer: PeerInfo) -> None:
        """A peer came in, or came back. Raises NotFound as :meth:`open` does, if the session is not entered yet."""
        if room.session_id in self._unopened:
            await self._open_late(room)
        async with self._entries() as entries:
            await entries.joined(room, peer)

    async def left(self, room: Room, peer: PeerInfo) -> None:
        """A peer went away."""
        async with self._entries() as entries:
            await entries.left(room, peer)

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
        self._unopened.pop(session_id, None)
        ended_at = ended_at or utc(self._clock.time_s())
        self._unended[session_id] = ended_at, reason
        async with self._locks.held(session_id), self._entries() as entries:
            await entries.ended(session_id, ended_at, reason)
        self._unended.pop(session_id, None)

    async def watch(self) -> None:
        """For ever notes which sessions go on, so that a crash costs little of them, and writes the beginnings and ends
        that could not be written. One that is refused again keeps nothing else back."""
        while True:
            if self._going_on:
                await _tried(self._note_alive())
            for room in list(self._unopened.values()):
                await _tried(self._open_late(room))
            for session_id, (ended_at, reason) in list(self._unended.items()):
                await _tried(self.end(session_id, ended_at, reason=reason))
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

    async def _open_late(self, room: Room) -> None:
        async with self._locks.held(room.session_id):
            if room.session_id not in self._unopened:
                # It was entered meanwhile, or is over.
                return
            async with self._entries() as entries:
                await entries.opened(room)
            # Its end may wait for us.
            if self._unopened.pop(room.session_id, None) is not None:
                self._going_on.add(room.session_id)

    async def _note_alive(self) -> None:
        async with self._database.transaction() as session:
            await SessionRepository(session).seen_alive(tuple(self._going_on), utc(self._clock.time_s()))

    @asynccontextmanager
    async def _entries(self) -> AsyncIterator[SessionEntries]:
        async with self._database.transaction() as session:
            yield SessionEntries(session, self._outbox, utc(self._clock.time_s()))


async def _tried(writing: Awaitable[None]) -> None:
    try:
        await writing
    except ReelkitError as error:
        log.warning("the book of sessions is behind", reason=error.message)
