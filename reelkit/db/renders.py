"""Films made again from kept captures, and the queries over them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.hosted import HostedColumns
from reelkit.db.page import RowPage, fetch_page


class RenderRow(HostedColumns, Base):
    """Another film of a recording; ``config`` and ``render`` are as in recordings."""

    __tablename__ = "renders"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    recording_id: Mapped[str] = mapped_column(ForeignKey("recordings.id"))
    status: Mapped[str] = mapped_column(String(16))
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    render: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "recording_id", "created_at"),
        Index(None, "download_expires_at"),
        Index(None, "status"),
    )


class RenderRepository:
    """Films made again, in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: RenderRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, render_id: str) -> RenderRow | None:
        return await self._session.get(RenderRow, render_id)

    async def of_recording(self, recording_id: str, render_id: str) -> RenderRow | None:
        return await self._session.scalar(
            select(RenderRow).where(RenderRow.id == render_id, RenderRow.recording_id == recording_id)
        )

    async def all_of(self, recording_id: str) -> tuple[RenderRow, ...]:
        """All of one recording."""
        return tuple(await self._session.scalars(select(RenderRow).where(RenderRow.recording_id == recording_id)))

    async def with_status(self, *statuses: str) -> tuple[RenderRow, ...]:
        """Those in one of ``statuses``, oldest first."""
        return tuple(
            await self._session.scalars(
                select(RenderRow).where(RenderRow.status.in_(statuses)).order_by(RenderRow.created_at, RenderRow.id)
            )
        )

    async def with_expired_file(self, now: datetime, limit: int) -> tuple[RenderRow, ...]:
        """Those whose hosted files have outlived their time and are still there."""
        return tuple(
            await self._session.scalars(
                select(RenderRow)
                .where(RenderRow.download_expires_at <= now, RenderRow.file_removed_at.is_(None))
                .order_by(RenderRow.download_expires_at)
                .limit(limit)
            )
        )

    async def integrity(self, render_id: str) -> dict[str, Any] | None:
        """The integrity record, which rows do not bring along."""
        return await self._session.scalar(select(RenderRow.integrity).where(RenderRow.id == render_id))

    async def page(self, recording_id: str, *, offset: int, limit: int) -> RowPage[RenderRow]:
        """Films of one recording, newest first."""
        query = select(RenderRow).where(RenderRow.recording_id == recording_id)
        order = (RenderRow.created_at.desc(), RenderRow.id.desc())
        return await fetch_page(self._session, query, order, offset=offset, limit=limit)
