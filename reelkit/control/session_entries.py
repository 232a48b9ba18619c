"""What is written into the book of sessions, in one transaction."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import utc
from reelkit.control.errors import NotFound
from reelkit.control.ports import Room
from reelkit.control.webhooks.events import EndReason
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db.meetings import MeetingRepository
from reelkit.db.sessions import MAX_NAME_LENGTH, SessionPeerRow, SessionRepository, SessionRow
from reelkit.db.visits import SessionVisitRow, VisitRepository, stay_ms
from reelkit.rooms.peer import PeerInfo


class SessionEntries:
    """Entries that are made ``now``, with the events that tell of them."""

    def __init__(self, session: AsyncSession, outbox: Outbox, now: datetime) -> None:
        self._session = session
        self._sessions = SessionRepository(session)
        self._visits = VisitRepository(session)
        self._outbox = outbox
        self._now = now

    async def opened(self, room: Room) -> None:
        """A session has begun, with those who are there. Does nothing if it is in the book. Raises NotFound if its
        meeting is not."""
        if await self._sessions.get(room.session_id) is not None:
            return
        meeting = await MeetingRepository(self._session).by_id(room.meeting_id)
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
        await self._sessions.add(row)
        await self._outbox.session_started(self._session, row)
        for peer in room.peers():
            await self.joined(room, peer)

    async def joined(self, room: Room, peer: PeerInfo) -> None:
        """A peer came in, or came back."""
        live = await self._sessions.get(room.session_id)
        self._count(live, room)
        row = await self._sessions.peer(room.session_id, peer.peer_id)
        if row is not None and row.visits and peer.hidden:
            # Others saw it before. It stays in the lists as it was then, with the time that was counted.
            return
        present = row is not None and row.left_at is None
        joined_at = utc(peer.joined_at_s)
        if row is None:
            row = _new_peer(room, peer, joined_at)
        _describe(row, peer)
        if not present:
            row.joined_at, row.left_at = joined_at, None
            row.visits += not peer.hidden
        row.updated_at = joined_at
        await self._sessions.add_peer(row)
        if not present and not peer.hidden:
            visit = SessionVisitRow(
                session_id=room.session_id,
                peer_id=peer.peer_id,
                number=row.visits,
                created_at=min(utc(peer.created_at_s), joined_at),
                joined_at=joined_at,
                left_at=None,
            )
            await self._visits.add(visit)
        if live is not None and not present:
            await self._outbox.peer_joined(self._session, live, row)

    async def left(self, room: Room, peer: PeerInfo) -> None:
        """A peer went away."""
        live = await self._sessions.get(room.session_id)
        row = await self._sessions.peer(room.session_id, peer.peer_id)
        present = row is not None and row.left_at is None
        if live is not None and row is not None and present:
            visits = await self._visits.open_of(room.session_id, peer.peer_id)
            _leave(live, row, visits, self._now)
        self._count(live, room)
        if live is not None and row is not None and present:
            await self._outbox.peer_left(self._session, live, row)

    async def ended(self, session_id: str, ended_at: datetime, reason: EndReason) -> None:
        """A session is over, and everybody has left it. Does nothing if it was over before, or is not in the book."""
        row = await self._sessions.get(session_id)
        if row is None or row.ended_at is not None:
            return
        # The clock may have been set back.
        row.ended_at = row.updated_at = ended_at = max(ended_at, row.started_at)
        row.live_peers = 0
        visits = await self._visits.open_of(session_id)
        for peer in await self._sessions.present_peers(session_id):
            _leave(row, peer, [visit for visit in visits if visit.peer_id == peer.peer_id], ended_at)
            await self._outbox.peer_left(self._session, row, peer)
        await self._outbox.session_ended(self._session, row, reason)
        await self._outbox.chat_kept(self._session, row)

    def _count(self, row: SessionRow | None, room: Room) -> None:
        if row is not None:
            row.live_peers = room.visible_peer_count
            row.peak_peers = max(row.peak_peers, row.live_peers)
            row.updated_at = self._now


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
        stayed_ms = stay_ms(visit.joined_at, visit.left_at)
        peer.present_ms += stayed_ms
        live.consumed_ms += stayed_ms
