"""Presets: what participants may do and how the meeting looks to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, String, UniqueConstraint, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page


class PresetRow(Base):
    """A preset; ``document`` is its whole JSON in the API's words: name, config, permissions, ui."""

    __tablename__ = "presets"
    __table_args__ = (UniqueConstraint("app_id", "name"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    name: Mapped[str] = mapped_column(String(255))
    document: Mapped[dict[str, Any]] = mapped_column(JSON)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PresetRepository:
    """Presets in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, *rows: PresetRow) -> None:
        self._session.add_all(rows)
        await self._session.flush()

    async def get(self, app_id: str, preset_id: str) -> PresetRow | None:
        return await self._session.scalar(
            select(PresetRow).where(PresetRow.id == preset_id, PresetRow.app_id == app_id)
        )

    async def by_name(self, app_id: str, name: str) -> PresetRow | None:
        return await self._session.scalar(select(PresetRow).where(PresetRow.app_id == app_id, PresetRow.name == name))

    async def delete(self, row: PresetRow) -> None:
        await self._session.delete(row)
        await self._session.flush()

    async def page(self, app_id: str, *, search: str | None = None, offset: int, limit: int) -> RowPage[PresetRow]:
        query = select(PresetRow).where(PresetRow.app_id == app_id)
        if search:
            query = query.where(PresetRow.name.icontains(search, autoescape=True))
        return await fetch_page(self._session, query, (PresetRow.name.asc(), PresetRow.id), offset=offset, limit=limit)
