"""Meetings: reusable rooms."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, Text, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page
from reelkit.db.titles import Titled, folded


class MeetingRow(Titled, Base):
    """A meeting; ``recording_config`` is the API's JSON without anything secret, ``recording_secrets`` the rest of it,
    encrypted."""

    __tablename__ = "meetings"
    __table_args__ = (
        Index(None, "app_id", "created_at", "id"),
        Index(None, "app_id", "status", "created_at", "id"),
        # A text inside titles is looked for in all of them, which are fewer bytes here. PostgreSQL's entries of 2,704
        # bytes at most are too small for the longest.
        Index("ix_meetings_titles", "app_id", "folded_title", "id").ddl_if(dialect="sqlite"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    status: Mapped[str] = mapped_column(String(16))
    record_on_start: Mapped[bool]
    live_stream_on_start: Mapped[bool]
    persist_chat: Mapped[bool]
    summarize_on_end: Mapped[bool]
    transcribe_on_end: Mapped[bool]
    session_keep_alive_s: Mapped[float]
    recording_config: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    recording_secrets: Mapped[str | None] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


def found_by(search: str) -> ColumnElement[bool]:
    """Whether a meeting's title contains a text, or its id is it."""
    return or_(MeetingRow.id == search, MeetingRow.folded_title.contains(folded(search), autoescape=True))


@dataclass(frozen=True, slots=True)
class MeetingFilter:
    """What of an app's meetings to list; None leaves a condition out."""

    search: str | None = None
    """Part of the title, or the id."""
    status: str | None = None
    created_from: datetime | None = None
    created_until: datetime | None = None


class MeetingRepository:
    """Meetings in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: MeetingRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, app_id: str, meeting_id: str) -> MeetingRow | None:
        return await self._session.scalar(
            select(MeetingRow).where(MeetingRow.id == meeting_id, MeetingRow.app_id == app_id)
        )

    async def by_id(self, meeting_id: str) -> MeetingRow | None:
        """A meeting whichever app it belongs to."""
        return await self._session.get(MeetingRow, meeting_id)

    async def by_ids(self, app_id: str, meeting_ids: set[str]) -> tuple[MeetingRow, ...]:
        """Those of ``meeting_ids`` that the app has, in no order."""
        # With a condition for the app, SQLite would look through all that it has.
        rows = await self._session.scalars(select(MeetingRow).where(MeetingRow.id.in_(meeting_ids)))
        return tuple(row for row in rows if row.app_id == app_id)

    async def with_secrets(self) -> tuple[MeetingRow, ...]:
        """Those whose configuration has something encrypted."""
        return tuple(await self._session.scalars(select(MeetingRow).where(MeetingRow.recording_secrets.is_not(None))))

    async def page(self, app_id: str, where: MeetingFilter, *, offset: int, limit: int) -> RowPage[MeetingRow]:
        """Newest first."""
        query = select(MeetingRow).where(MeetingRow.app_id == app_id)
        if where.search:
            query = query.where(found_by(where.search))
        if where.status is not None:
            query = query.where(MeetingRow.status == where.status)
        if where.created_from is not None:
            query = query.where(MeetingRow.created_at >= where.created_from)
        if where.created_until is not None:
            query = query.where(MeetingRow.created_at <= where.created_until)
        order = (MeetingRow.created_at.desc(), MeetingRow.id.desc())
        return await fetch_page(self._session, query, order, offset=offset, limit=limit, slow=bool(where.search))
