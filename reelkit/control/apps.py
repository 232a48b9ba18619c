"""Apps: what owns meetings, presets and recordings."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self
from uuid import uuid4

from reelkit.clock import Clock, utc
from reelkit.control.default_presets import default_presets
from reelkit.control.errors import Invalid, NotFound
from reelkit.control.paging import Page, PageRequest
from reelkit.control.presets import new_preset_row
from reelkit.db import Database
from reelkit.db.apps import AccountRow, AppRepository, AppRow
from reelkit.db.presets import PresetRepository, PresetRow

_MAX_NAME_LENGTH = 255
_DEFAULT_NAME = "default"


@dataclass(frozen=True, slots=True)
class App:
    """An app. Ids of accounts and apps are 32 hexadecimal digits, the most that the API's paths allow."""

    id: str
    account_id: str
    name: str
    created_at: datetime

    @classmethod
    def of(cls, row: AppRow) -> Self:
        return cls(row.id, row.account_id, row.name, row.created_at)


class AppService:
    """Makes and finds apps."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def ensure_default(self) -> App:
        """The first app of the first account; both are made when there are none."""
        async with self._database.transaction() as session:
            repository = AppRepository(session)
            account = await repository.first_account()
            if account is None:
                account = AccountRow(id=uuid4().hex, name=_DEFAULT_NAME, created_at=utc(self._clock.time_s()))
                await repository.add_account(account)
            app = await repository.first(account.id)
            if app is None:
                app = self._row(account.id, _DEFAULT_NAME)
                await repository.add(app)
                await PresetRepository(session).add(*self._presets(app))
            return App.of(app)

    async def list(
        self,
        account_id: str,
        page: PageRequest,
        *,
        only: str | None = None,
        search: str | None = None,
        created_until: datetime | None = None,
        newest_first: bool = True,
    ) -> Page[App]:
        """Apps whose name contains ``search``; with ``only`` none but the app of that id.

        Raises NotFound for an unknown account.
        """
        async with self._database.session() as session:
            repository = AppRepository(session)
            await self._require_account(repository, account_id)
            found = await repository.page(
                account_id,
                only=only,
                search=search,
                created_until=created_until,
                newest_first=newest_first,
                offset=page.offset,
                limit=page.per_page,
            )
        return Page.of(page, tuple(App.of(row) for row in found.rows), found.total_count)

    async def create(self, account_id: str, name: str) -> App:
        """A new app with the default presets. Raises NotFound for an unknown account, Invalid naming ``name``."""
        if not name.strip() or len(name) > _MAX_NAME_LENGTH or "\0" in name:
            raise Invalid(f"name must have 1 to {_MAX_NAME_LENGTH} characters", field="name")
        async with self._database.transaction() as session:
            repository = AppRepository(session)
            await self._require_account(repository, account_id)
            app = self._row(account_id, name)
            await repository.add(app)
            await PresetRepository(session).add(*self._presets(app))
        return App.of(app)

    async def get(self, account_id: str, app_id: str) -> App:
        """Raises NotFound, also for another account's app."""
        async with self._database.session() as session:
            row = await AppRepository(session).get(account_id, app_id)
        if row is None:
            raise NotFound("there is no such app in this account")
        return App.of(row)

    async def by_id(self, app_id: str) -> App:
        """An app whoever owns it. Raises NotFound."""
        async with self._database.session() as session:
            row = await AppRepository(session).by_id(app_id)
        if row is None:
            raise NotFound("there is no such app")
        return App.of(row)

    async def _require_account(self, repository: AppRepository, account_id: str) -> None:
        if await repository.account(account_id) is None:
            raise NotFound("there is no such account")

    def _row(self, account_id: str, name: str) -> AppRow:
        return AppRow(id=uuid4().hex, account_id=account_id, name=name, created_at=utc(self._clock.time_s()))

    def _presets(self, app: AppRow) -> tuple[PresetRow, ...]:
        return tuple(new_preset_row(app.id, document, app.created_at) for document in default_presets())
