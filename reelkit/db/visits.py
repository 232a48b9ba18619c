"""Visits: each time that a peer was in a session."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime

_MS = timedelta(milliseconds=1)


class SessionVisitRow(Base):
    """From a join to the next leave of one peer that others can see; ``left_at`` is null while it is there.

    Hidden peers have none: nobody counts their time.
    """

    __tablename__ = "session_visits"

    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"), primary_key=True, type_=Id)
    peer_id: Mapped[str] = mapped_column(String(64), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """Counts from 1 in each peer."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When its client connected, which it does before it joins."""
    joined_at: Mapped[datetime] = mapped_column(UtcDateTime)
    left_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


def stay_ms(joined_at: datetime, left_at: datetime) -> int:
    """How long a visit took that is over."""
    return round((left_at - joined_at) / _MS)


class VisitRepository:
    """Visits in one database session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: SessionVisitRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def open_of(self, session_id: str, peer_id: str | None = None) -> tuple[SessionVisitRow, ...]:
        """Those that go on; of one peer if it is given."""
        query = select(SessionVisitRow).where(
            SessionVisitRow.session_id == session_id, SessionVisitRow.left_at.is_(None)
        )
        if peer_id is not None:
            query = query.where(SessionVisitRow.peer_id == peer_id)
        return tuple(await self._session.scalars(query))

    async def of_peers(self, session_id: str, peer_ids: Collection[str]) -> tuple[SessionVisitRow, ...]:
        """All visits of these peers, in order for each."""
        return tuple(
            await self._session.scalars(
                select(SessionVisitRow)
                .where(SessionVisitRow.session_id == session_id, SessionVisitRow.peer_id.in_(peer_ids))
                .order_by(SessionVisitRow.peer_id, SessionVisitRow.number)
            )
        )
