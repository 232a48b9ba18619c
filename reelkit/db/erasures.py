"""Tombstones: what is left of recordings that were erased."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Table, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.recordings import RecordingRow
from reelkit.db.webhooks import PENDING, WebhookDeliveryRow


class ErasureRow(Base):
    """A recording that was erased: who did it and when, and what became of everything it had.

    ``work`` is what is still to be removed, with the names and the encrypted credentials that this takes; it empties as
    the work is done. ``removed`` and ``left`` are for callers and name nothing personal.
    """

    __tablename__ = "erasures"
    __table_args__ = (Index(None, "next_try_at"), Index(None, "session_id"))

    recording_id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    meeting_id: Mapped[str] = mapped_column(Id)
    session_id: Mapped[str | None] = mapped_column(Id)
    invoked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    erased_by: Mapped[dict[str, Any]] = mapped_column(JSON)
    requested_at: Mapped[datetime] = mapped_column(UtcDateTime)
    completed_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """When nothing was left to be tried."""
    removed: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    work: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    next_try_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    tries: Mapped[int]


class ErasureRepository:
    """Erasures in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ErasureRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, recording_id: str) -> ErasureRow | None:
        return await self._session.get(ErasureRow, recording_id)

    async def of_app(self, app_id: str, recording_id: str) -> ErasureRow | None:
        return await self._session.scalar(
            select(ErasureRow).where(ErasureRow.recording_id == recording_id, ErasureRow.app_id == app_id)
        )

    async def due(self, now: datetime) -> tuple[str, ...]:
        """The recordings of which something is to be removed now, the most urgent first."""
        return tuple(
            await self._session.scalars(
                select(ErasureRow.recording_id).where(ErasureRow.next_try_at <= now).order_by(ErasureRow.next_try_at)
            )
        )

    async def unfinished(self) -> tuple[ErasureRow, ...]:
        """Those of which something is left, whether it is tried again or not."""
        rows = await self._session.scalars(select(ErasureRow).order_by(ErasureRow.recording_id))
        return tuple(row for row in rows if row.work)

    async def purge(self, recording_id: str, subject: str) -> None:
        """Deletes a recording, all rows that hang on it, and the log of what webhooks were told of ``subject``."""
        told = WebhookDeliveryRow.subject == subject, WebhookDeliveryRow.state != PENDING
        await self._session.execute(delete(WebhookDeliveryRow).where(*told))
        table = RecordingRow.metadata.tables[RecordingRow.__tablename__]
        await self._delete(table, table.c.id == recording_id)
        self._session.expire_all()

    async def _delete(self, table: Table, where: ColumnElement[bool]) -> None:
        for other in table.metadata.sorted_tables:
            for column in other.columns:
                for key in column.foreign_keys:
                    if key.column.table is table:
                        await self._delete(other, column.in_(select(key.column).where(where)))
        await self._session.execute(delete(table).where(where))
