"""Livestreams of meetings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page, in_time

# So many fit into a statement.
_IDS_AT_ONCE = 500

RUNNING_STATUSES = ("INVOKED", "LIVE")
"""A meeting's livestream with one of these keeps others out."""


class LivestreamRow(Base):
    """A livestream. Each is made for one run, which the API calls its session; ``stream_key`` is encrypted."""

    __tablename__ = "livestreams"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meetings.id"))
    run_id: Mapped[str] = mapped_column(Id, unique=True)
    name: Mapped[str | None] = mapped_column(String(1_000))
    stream_key: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    invoked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When the ingest server took the first of it."""
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    error: Mapped[str | None] = mapped_column(Text)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (Index(None, "app_id", "invoked_at"), Index(None, "meeting_id", "invoked_at"))


_RUNNING = LivestreamRow.status.in_(RUNNING_STATUSES)
Index(
    "uq_livestreams_one_running",
    LivestreamRow.meeting_id,
    unique=True,
    sqlite_where=_RUNNING,
    postgresql_where=_RUNNING,
)


@dataclass(frozen=True, slots=True)
class LivestreamFilter:
    """What of an app's livestreams to list; None leaves a condition out."""

    status: str | None = None
    invoked_from: datetime | None = None
    invoked_until: datetime | None = None


class LivestreamRepository:
    """Livestreams in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: LivestreamRow) -> None:
        """The second running one of a meeting violates a constraint."""
        self._session.add(row)
        await self._session.flush()

    async def get(self, livestream_id: str) -> LivestreamRow | None:
        return await self._session.get(LivestreamRow, livestream_id)

    async def of_app(self, app_id: str, livestream_id: str) -> LivestreamRow | None:
        return await self._session.scalar(
            select(LivestreamRow).where(LivestreamRow.id == livestream_id, LivestreamRow.app_id == app_id)
        )

    async def of_run(self, app_id: str, run_id: str) -> LivestreamRow | None:
        return await self._session.scalar(
            select(LivestreamRow).where(LivestreamRow.run_id == run_id, LivestreamRow.app_id == app_id)
        )

    async def running_of(self, meeting_id: str) -> LivestreamRow | None:
        return await self._session.scalar(select(LivestreamRow).where(LivestreamRow.meeting_id == meeting_id, _RUNNING))

    async def running(self) -> tuple[LivestreamRow, ...]:
        """Those of all meetings."""
        return tuple(await self._session.scalars(select(LivestreamRow).where(_RUNNING)))

    async def known(self, ids: Sequence[str]) -> tuple[str, ...]:
        """Those of ``ids`` that are livestreams."""
        found: list[str] = []
        for first in range(0, len(ids), _IDS_AT_ONCE):
            some = ids[first : first + _IDS_AT_ONCE]
            found += await self._session.scalars(select(LivestreamRow.id).where(LivestreamRow.id.in_(some)))
        return tuple(found)

    async def every(self) -> tuple[LivestreamRow, ...]:
        """All there are, of all apps."""
        return tuple(await self._session.scalars(select(LivestreamRow)))

    async def started_between(self, app_id: str, start: datetime, end: datetime) -> tuple[LivestreamRow, ...]:
        """Those of an app that were asked for from ``start`` until before ``end``, oldest first."""
        return tuple(
            await self._session.scalars(
                select(LivestreamRow)
                .where(
                    LivestreamRow.app_id == app_id, LivestreamRow.invoked_at >= start, LivestreamRow.invoked_at < end
                )
                .order_by(LivestreamRow.invoked_at, LivestreamRow.id)
            )
        )

    async def page(
        self, app_id: str, where: LivestreamFilter, *, newest_first: bool, offset: int, limit: int
    ) -> RowPage[LivestreamRow]:
        """By the time they were asked for."""
        query = select(LivestreamRow).where(LivestreamRow.app_id == app_id)
        if where.status is not None:
            query = query.where(LivestreamRow.status == where.status)
        if where.invoked_from is not None:
            query = query.where(LivestreamRow.invoked_at >= where.invoked_from)
        if where.invoked_until is not None:
            query = query.where(LivestreamRow.invoked_at <= where.invoked_until)
        order = in_time(LivestreamRow.invoked_at, LivestreamRow.id, newest_first=newest_first)
        return await fetch_page(self._session, query, order, offset=offset, limit=limit)
