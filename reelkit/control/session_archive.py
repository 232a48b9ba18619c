"""Looking things up in the book of sessions."""

from itertools import groupby
from operator import attrgetter

from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock
from reelkit.control.errors import NotFound
from reelkit.control.paging import Page, PageRequest
from reelkit.control.session_records import SessionPeer, SessionRecord
from reelkit.db import Database
from reelkit.db.session_history import PeerOrder, SessionFilter, SessionHistory, SessionOrder, TimedPeer, TimedSession
from reelkit.db.visits import VisitRepository

_MS_PER_S = 1_000


class SessionArchive:
    """Sessions of the past and those that go on. Hidden peers are not in it. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, app_id: str, where: SessionFilter, order: SessionOrder, page: PageRequest, *, descending: bool
    ) -> Page[SessionRecord]:
        """An app's sessions."""
        async with self._database.session() as session:
            rows, total_count = await self._history(session).page(
                app_id, where, order, descending=descending, offset=page.offset, limit=page.per_page
            )
        return Page.of(page, tuple(map(SessionRecord.of, rows)), total_count)

    async def get(self, app_id: str, session_id: str) -> SessionRecord:
        """Raises NotFound, also for another app's session."""
        async with self._database.session() as session:
            return SessionRecord.of(await self._found(session, app_id, session_id))

    async def peers(
        self,
        app_id: str,
        session_id: str,
        page: PageRequest,
        order: PeerOrder = PeerOrder.JOINED,
        *,
        search: str | None = None,
        descending: bool = False,
        with_events: bool = False,
    ) -> Page[SessionPeer]:
        """Who was in a session. Raises NotFound."""
        async with self._database.session() as session:
            await self._found(session, app_id, session_id)
            rows, total_count = await self._history(session).peers(
                session_id, search, order, descending=descending, offset=page.offset, limit=page.per_page
            )
            peers = await _told(session, rows, with_events=with_events)
        return Page.of(page, peers, total_count)

    async def peer(
        self, app_id: str, session_id: str, peer_or_participant_id: str, *, with_events: bool = False
    ) -> SessionPeer:
        """A peer by its own id, or the one as which a participant came last. Raises NotFound."""
        async with self._database.session() as session:
            await self._found(session, app_id, session_id)
            row = await self._history(session).peer(session_id, peer_or_participant_id)
            if row is None:
                raise NotFound("there is no such participant in this session")
            return (await _told(session, (row,), with_events=with_events))[0]

    async def newest_peer(self, app_id: str, peer_id: str) -> SessionPeer:
        """A peer of any session, with its events; of the last one that it was in. Raises NotFound."""
        async with self._database.session() as session:
            row = await self._history(session).newest_peer(app_id, peer_id)
            if row is None:
                raise NotFound("there is no such peer in this app")
            return (await _told(session, (row,), with_events=True))[0]

    def _history(self, session: AsyncSession) -> SessionHistory:
        return SessionHistory(session, round(self._clock.time_s() * _MS_PER_S))

    async def _found(self, session: AsyncSession, app_id: str, session_id: str) -> TimedSession:
        found = await self._history(session).get(app_id, session_id)
        if found is None:
            raise NotFound("there is no such session in this app")
        return found


async def _told(session: AsyncSession, rows: tuple[TimedPeer, ...], *, with_events: bool) -> tuple[SessionPeer, ...]:
    """Peers of one session."""
    if not with_events or not rows:
        return tuple(map(SessionPeer.of, rows))
    peer_ids = [timed.row.peer_id for timed in rows]
    visits = await VisitRepository(session).of_peers(rows[0].row.session_id, peer_ids)
    of_peer = {peer_id: tuple(found) for peer_id, found in groupby(visits, attrgetter("peer_id"))}
    return tuple(SessionPeer.of(timed, of_peer.get(timed.row.peer_id, ())) for timed in rows)
