"""Answers that are given again when a request is repeated under the same key."""

from datetime import datetime

from sqlalchemy import String, Text, delete, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, UtcDateTime


class KeptAnswerRow(Base):
    """One request by its key. Of the request itself and of the key only digests are kept, hexadecimal SHA-256."""

    __tablename__ = "kept_answers"

    id: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Of whoever asked and their key."""
    request_sha256: Mapped[str] = mapped_column(String(64))
    """Of path and body."""
    started_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)
    sealed_answer: Mapped[str | None] = mapped_column(Text)
    """Encrypted: answers hold tokens. None until the request is answered."""


class KeptAnswerRepository:
    """Kept answers in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def get(self, row_id: str) -> KeptAnswerRow | None:
        return await self._session.get(KeptAnswerRow, row_id)

    async def all_sealed(self, *, unmarked: str | None = None) -> tuple[KeptAnswerRow, ...]:
        """Those that are answered; of these only the ones whose sealed text does not begin with ``unmarked``."""
        query = select(KeptAnswerRow).where(KeptAnswerRow.sealed_answer.is_not(None))
        if unmarked is not None:
            query = query.where(KeptAnswerRow.sealed_answer.not_like(f"{unmarked}%"))
        return tuple(await self._session.scalars(query))

    async def add(self, row: KeptAnswerRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def delete(self, row_id: str) -> None:
        await self._session.execute(delete(KeptAnswerRow).where(KeptAnswerRow.id == row_id))

    async def delete_before(self, moment: datetime) -> None:
        """Deletes those whose request began at ``moment`` or earlier."""
        await self._session.execute(delete(KeptAnswerRow).where(KeptAnswerRow.started_at <= moment))
