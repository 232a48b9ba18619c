"""Accounts and the apps they own."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page, in_time


class AccountRow(Base):
    """An account: who owns apps."""

    __tablename__ = "accounts"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class AppRow(Base):
    """An app: the owner of meetings, presets and recordings; its recording configuration is kept as a meeting's is."""

    __tablename__ = "apps"
    __table_args__ = (Index(None, "account_id", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    account_id: Mapped[str] = mapped_column(ForeignKey("accounts.id"))
    name: Mapped[str] = mapped_column(String(255))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    recording_config: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    recording_secrets: Mapped[str | None] = mapped_column(Text)


class AppRepository:
    """Accounts and apps in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def first_account(self) -> AccountRow | None:
        """The account that was made first."""
        return await self._session.scalar(select(AccountRow).order_by(AccountRow.created_at, AccountRow.id).limit(1))

    async def account(self, account_id: str) -> AccountRow | None:
        return await self._session.get(AccountRow, account_id)

    async def add_account(self, row: AccountRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def add(self, row: AppRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, account_id: str, app_id: str) -> AppRow | None:
        return await self._session.scalar(select(AppRow).where(AppRow.id == app_id, AppRow.account_id == account_id))

    async def first(self, account_id: str) -> AppRow | None:
        """The account's oldest app."""
        return await self._session.scalar(
            select(AppRow).where(AppRow.account_id == account_id).order_by(AppRow.created_at, AppRow.id).limit(1)
        )

    async def by_id(self, app_id: str) -> AppRow | None:
        """An app whoever owns it."""
        return await self._session.get(AppRow, app_id)

    async def with_secrets(self) -> tuple[AppRow, ...]:
        """Those whose configuration has something encrypted."""
        return tuple(await self._session.scalars(select(AppRow).where(AppRow.recording_secrets.is_not(None))))

    async def page(
        self,
        account_id: str,
        *,
        only: str | None,
        search: str | None,
        created_until: datetime | None,
        newest_first: bool,
        offset: int,
        limit: int,
    ) -> RowPage[AppRow]:
        """Those whose name contains ``search``; with ``only`` none but the app of that id."""
        query = select(AppRow).where(AppRow.account_id == account_id)
        if only is not None:
            query = query.where(AppRow.id == only)
        if search:
            query = query.where(AppRow.name.icontains(search, autoescape=True))
        if created_until is not None:
            query = query.where(AppRow.created_at <= created_until)
        order = in_time(AppRow.created_at, AppRow.id, newest_first=newest_first)
        return await fetch_page(self._session, query, order, offset=offset, limit=limit)
