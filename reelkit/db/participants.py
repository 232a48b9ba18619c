"""Participants: who may join a meeting."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, joinedload, mapped_column, relationship

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.meetings import MeetingRow
from reelkit.db.page import RowPage, fetch_page
from reelkit.db.presets import PresetRow


class ParticipantRow(Base):
    """A participant; tokens of another ``token_version`` are revoked."""

    __tablename__ = "participants"
    __table_args__ = (
        # What the list is filtered by and sorted by is all in it.
        Index("ix_participants_listed", "meeting_id", "created_at", "id", "recording_id"),
        Index(None, "preset_id"),
        Index(None, "recording_id"),
    )

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meetings.id"))
    preset_id: Mapped[str] = mapped_column(ForeignKey("presets.id"))
    custom_participant_id: Mapped[str] = mapped_column(String(255))
    name: Mapped[str | None] = mapped_column(String(255))
    picture: Mapped[str | None] = mapped_column(String(2_048))
    token_version: Mapped[int]
    recording_id: Mapped[str | None] = mapped_column(Id)
    """Of the browser that shows a page for a recording, as long as that runs; None for everybody whom callers added."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    meeting: Mapped[MeetingRow] = relationship(lazy="raise")
    preset: Mapped[PresetRow] = relationship(lazy="raise")


class ParticipantRepository:
    """Participants in one session; each row comes with its preset."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: ParticipantRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, meeting_id: str, participant_id: str) -> ParticipantRow | None:
        """One whom a caller added."""
        return await self._session.scalar(
            select(ParticipantRow)
            .options(joinedload(ParticipantRow.preset))
            .where(
                ParticipantRow.id == participant_id,
                ParticipantRow.meeting_id == meeting_id,
                ParticipantRow.recording_id.is_(None),
            )
        )

    async def by_ids(self, participant_ids: Collection[str]) -> tuple[ParticipantRow, ...]:
        """Those of these that there are, of any meeting and without their presets; also those of browsers."""
        query = select(ParticipantRow).where(ParticipantRow.id.in_(participant_ids))
        return tuple(await self._session.scalars(query))

    async def recorders(self, recording_id: str | None = None) -> tuple[ParticipantRow, ...]:
        """Those of browsers; of one recording if it is given."""
        wanted = (
            ParticipantRow.recording_id.is_not(None)
            if recording_id is None
            else ParticipantRow.recording_id == recording_id
        )
        return tuple(await self._session.scalars(select(ParticipantRow).where(wanted)))

    async def with_meeting(self, participant_id: str) -> ParticipantRow | None:
        """The participant with its meeting and its preset."""
        return await self._session.scalar(
            select(ParticipantRow)
            .options(joinedload(ParticipantRow.preset), joinedload(ParticipantRow.meeting))
            .where(ParticipantRow.id == participant_id)
        )

    async def count_with_preset(self, preset_id: str) -> int:
        """How many have a preset, browsers included."""
        count = select(func.count()).select_from(ParticipantRow).where(ParticipantRow.preset_id == preset_id)
        return await self._session.scalar(count) or 0

    async def delete(self, row: ParticipantRow) -> None:
        await self._session.delete(row)
        await self._session.flush()

    async def page(self, meeting_id: str, *, offset: int, limit: int) -> RowPage[ParticipantRow]:
        """Those whom callers added, oldest first."""
        query = select(ParticipantRow).where(
            ParticipantRow.meeting_id == meeting_id, ParticipantRow.recording_id.is_(None)
        )
        order = (ParticipantRow.created_at.asc(), ParticipantRow.id.asc())
        with_preset = (joinedload(ParticipantRow.preset),)
        return await fetch_page(self._session, query, order, offset=offset, limit=limit, options=with_preset)
