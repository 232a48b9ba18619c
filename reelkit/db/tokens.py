"""Hashes of operators' tokens; the tokens themselves are nowhere."""

from datetime import datetime

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime


class TokenRow(Base):
    """The operator's token of an account, as the hexadecimal SHA-256 of its text."""

    __tablename__ = "tokens"

    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"), primary_key=True, type_=Id)
    sha256: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class TokenRepository:
    """Tokens in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> tuple[TokenRow, ...]:
        return tuple(await self._session.scalars(select(TokenRow)))

    async def put(self, row: TokenRow) -> None:
        """Adds the account's token or replaces it."""
        await self._session.merge(row)
        await self._session.flush()
