"""API tokens, as digests; the tokens themselves are nowhere."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page


class TokenRow(Base):
    """An API token of an account, known by the hexadecimal SHA-256 of its text."""

    __tablename__ = "tokens"
    __table_args__ = (Index(None, "account_id", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    app_id: Mapped[str | None] = mapped_column(ForeignKey("apps.id"))
    """The one app that it opens; None for the whole account."""
    name: Mapped[str] = mapped_column(String(255))
    email: Mapped[str | None] = mapped_column(String(320))
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    bootstrap: Mapped[bool]
    """Made at a start of the server or fixed by its settings, and not through the API."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class TokenRepository:
    """Tokens in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def all(self) -> tuple[TokenRow, ...]:
        return tuple(await self._session.scalars(select(TokenRow)))

    async def add(self, row: TokenRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def delete(self, row: TokenRow) -> None:
        await self._session.delete(row)
        await self._session.flush()

    async def of_account(self, account_id: str) -> tuple[TokenRow, ...]:
        """All of an account, kept from changes by others until the transaction ends."""
        query = select(TokenRow).where(TokenRow.account_id == account_id).with_for_update()
        return tuple(await self._session.scalars(query))

    async def page(self, account_id: str, *, offset: int, limit: int) -> RowPage[TokenRow]:
        """Newest first."""
        query = select(TokenRow).where(TokenRow.account_id == account_id)
        order = (TokenRow.created_at.desc(), TokenRow.id.desc())
        return await fetch_page(self._session, query, order, offset=offset, limit=limit)

    async def put_uses(self, last_used_at: Mapping[str, datetime]) -> None:
        """Notes when tokens were used last, by their ids."""
        for row in await self._session.scalars(select(TokenRow).where(TokenRow.id.in_(last_used_at))):
            row.last_used_at = last_used_at[row.id]
