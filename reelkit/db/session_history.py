"""The queries over sessions and over who was in them. Hidden peers are in none of the answers."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, false, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from reelkit.db.epoch import ms_until
from reelkit.db.sessions import SessionPeerRow, SessionRow
from reelkit.db.titles import folded
from reelkit.db.visits import SessionVisitRow


class SessionOrder(StrEnum):
    """What sessions can be sorted by."""

    STARTED = "started"
    CONSUMED = "consumed"


class PeerOrder(StrEnum):
    """What the peers of a session can be sorted by."""

    JOINED = "joined"
    PRESENT = "present"


@dataclass(frozen=True, slots=True)
class SessionFilter:
    """What of an app's sessions to list; None leaves a condition out."""

    meeting_id: str | None = None
    search: str | None = None
    """Part of the title, the meeting's id or the session's."""
    live: bool | None = None
    participant: str | None = None
    """The id of a participant who was there, or their custom_participant_id."""
    started_from: datetime | None = None
    started_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class TimedSession:
    """A session, and for how long visible peers were there until now, one after the other."""

    row: SessionRow
    consumed_ms: int


@dataclass(frozen=True, slots=True)
class TimedPeer:
    """A peer, and for how long it was there until now."""

    row: SessionPeerRow
    present_ms: int


class SessionHistory:
    """Sessions and peers in one database session. ``now_ms`` is when those who are still there are counted to."""

    def __init__(self, session: AsyncSession, now_ms: int) -> None:
        self._session = session
        self._consumed = _consumed(now_ms)
        self._present = _present(now_ms)

    async def get(self, app_id: str, session_id: str) -> TimedSession | None:
        query = select(SessionRow, self._consumed).where(SessionRow.id == session_id, SessionRow.app_id == app_id)
        found = (await self._session.execute(query)).first()
        return None if found is None else TimedSession(found[0], found[1])

    async def page(
        self, app_id: str, where: SessionFilter, order: SessionOrder, *, descending: bool, offset: int, limit: int
    ) -> tuple[tuple[TimedSession, ...], int]:
        """Some of the sessions, and how many there are in all."""
        conditions = _conditions(app_id, where)
        key = SessionRow.started_at if order is SessionOrder.STARTED else self._consumed
        query = select(SessionRow, self._consumed).where(*conditions).order_by(_sorted(key, descending), SessionRow.id)
        rows = await self._session.execute(query.offset(offset).limit(limit))
        total_count = await self._session.scalar(select(func.count()).select_from(SessionRow).where(*conditions))
        return tuple(TimedSession(row, consumed_ms) for row, consumed_ms in rows), total_count or 0

    async def peers(
        self, session_id: str, search: str | None, order: PeerOrder, *, descending: bool, offset: int, limit: int
    ) -> tuple[tuple[TimedPeer, ...], int]:
        """Some of a session's peers, those that ``search`` fits, and how many there are in all."""
        conditions = [SessionPeerRow.session_id == session_id, SessionPeerRow.hidden == false()]
        if search:
            conditions.append(
                or_(
                    SessionPeerRow.peer_id == search,
                    SessionPeerRow.participant_id == search,
                    SessionPeerRow.custom_participant_id == search,
                    SessionPeerRow.name.icontains(search, autoescape=True),
                )
            )
        key = SessionPeerRow.first_joined_at if order is PeerOrder.JOINED else self._present
        query = select(SessionPeerRow, self._present).where(*conditions)
        query = query.order_by(_sorted(key, descending), SessionPeerRow.peer_id)
        rows = await self._session.execute(query.offset(offset).limit(limit))
        total_count = await self._session.scalar(select(func.count()).select_from(SessionPeerRow).where(*conditions))
        return tuple(TimedPeer(row, present_ms) for row, present_ms in rows), total_count or 0

    async def peer(self, session_id: str, peer_or_participant_id: str) -> TimedPeer | None:
        """The peer as which a participant came last, or one by its own id.

        Clients choose ids of peers: nobody hides another participant behind one.
        """
        query = (
            select(SessionPeerRow, self._present)
            .where(
                SessionPeerRow.session_id == session_id,
                SessionPeerRow.hidden == false(),
                or_(
                    SessionPeerRow.peer_id == peer_or_participant_id,
                    SessionPeerRow.participant_id == peer_or_participant_id,
                ),
            )
            .order_by(
                case((SessionPeerRow.participant_id == peer_or_participant_id, 0), else_=1),
                SessionPeerRow.joined_at.desc(),
            )
            .limit(1)
        )
        found = (await self._session.execute(query)).first()
        return None if found is None else TimedPeer(found[0], found[1])

    async def newest_peer(self, app_id: str, peer_id: str) -> TimedPeer | None:
        """A peer of any session of an app; of the last one that it was in."""
        query = (
            select(SessionPeerRow, self._present)
            .join(SessionRow, SessionRow.id == SessionPeerRow.session_id)
            .where(SessionPeerRow.peer_id == peer_id, SessionPeerRow.hidden == false(), SessionRow.app_id == app_id)
            .order_by(SessionPeerRow.joined_at.desc())
            .limit(1)
        )
        found = (await self._session.execute(query)).first()
        return None if found is None else TimedPeer(found[0], found[1])


def _sorted(key: ColumnElement[Any] | InstrumentedAttribute[Any], descending: bool) -> ColumnElement[Any]:
    return key.desc() if descending else key.asc()


def _conditions(app_id: str, where: SessionFilter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [SessionRow.app_id == app_id]
    if where.meeting_id is not None:
        conditions.append(SessionRow.meeting_id == where.meeting_id)
    if where.search:
        conditions.append(
            or_(
                SessionRow.id == where.search,
                SessionRow.meeting_id == where.search,
                SessionRow.folded_title.contains(folded(where.search), autoescape=True),
            )
        )
    if where.live is not None:
        conditions.append(SessionRow.ended_at.is_(None) if where.live else SessionRow.ended_at.is_not(None))
    if where.participant is not None:
        attended = select(SessionPeerRow.session_id).where(
            SessionPeerRow.hidden == false(),
            or_(
                SessionPeerRow.participant_id == where.participant,
                SessionPeerRow.custom_participant_id == where.participant,
            ),
        )
        conditions.append(SessionRow.id.in_(attended))
    if where.started_from is not None:
        conditions.append(SessionRow.started_at >= where.started_from)
    if where.started_until is not None:
        conditions.append(SessionRow.started_at <= where.started_until)
    return conditions


def _consumed(now_ms: int) -> ColumnElement[int]:
    """With what goes on, which only sessions that are live are asked for."""
    going_on = (
        select(cast(func.coalesce(func.sum(ms_until(now_ms, SessionVisitRow.joined_at)), 0), BigInteger))
        .where(SessionVisitRow.session_id == SessionRow.id, SessionVisitRow.left_at.is_(None))
        .correlate(SessionRow)
        .scalar_subquery()
    )
    return SessionRow.consumed_ms + case((SessionRow.ended_at.is_(None), going_on), else_=0)


def _present(now_ms: int) -> ColumnElement[int]:
    going_on = case((SessionPeerRow.left_at.is_(None), ms_until(now_ms, SessionPeerRow.joined_at)), else_=0)
    return SessionPeerRow.present_ms + going_on
