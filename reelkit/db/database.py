"""The connection to the database: opening with migrations, reading sessions and writing transactions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, event, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from reelkit.db.errors import ConstraintViolated, DatabaseUnavailable, DatabaseUnusable

_MIGRATIONS = Path(__file__).with_name("migrations")
# How long a connection waits for a writer in another process (a backup tool, say) before it gives up.
_SQLITE_BUSY_TIMEOUT_MS = 5_000
_SQLITE_DRIVER = "sqlite+aiosqlite"
_WRITES = "reelkit_writes"


class Database:
    """One database. Call :meth:`open` before and :meth:`close` after use.

    SQLite gets WAL, foreign keys and full synchronisation: a committed recording survives a power cut. Its writers take
    turns inside this process, so that none of them fails because of another.
    """

    def __init__(self, url: str) -> None:
        """Raises DatabaseUnusable if ``url`` is no SQLAlchemy URL or its driver is missing."""
        try:
            parsed = make_url(url)
            if parsed.drivername == "sqlite":
                parsed = parsed.set(drivername=_SQLITE_DRIVER)
            self._engine: AsyncEngine = create_async_engine(parsed)
        except (ArgumentError, ImportError) as error:
            raise DatabaseUnusable(f"the database URL is not usable: {error}") from error
        self._write_turn: asyncio.Lock | None = None
        if self._engine.dialect.name == "sqlite":
            self._write_turn = asyncio.Lock()
            _prepare_sqlite(self._engine)
        self._sessions = async_sessionmaker(self._engine, expire_on_commit=False)
        self._write_sessions = async_sessionmaker(
            self._engine.execution_options(**{_WRITES: True}), expire_on_commit=False
        )

    @classmethod
    def at(cls, path: Path) -> "Database":
        """The SQLite database in file ``path``."""
        return cls(f"{_SQLITE_DRIVER}:///{path}")

    async def open(self) -> None:
        """Brings the schema up to date. Raises DatabaseUnusable."""
        try:
            async with self._engine.execution_options(**{_WRITES: True}).begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, CommandError, OSError) as error:
            raise DatabaseUnusable(f"the database cannot be opened: {error}") from error

    async def close(self) -> None:
        """Closes all connections."""
        await self._engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """For reading. Raises DatabaseUnavailable."""
        try:
            async with self._sessions() as session:
                yield session
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailable(_reason(error)) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """For writing: commits at the end, rolls back on any error. Raises ConstraintViolated, DatabaseUnavailable."""
        turn: AbstractAsyncContextManager[Any] = self._write_turn or nullcontext()
        try:
            async with turn, self._write_sessions() as session, session.begin():
                yield session
        except IntegrityError as error:
            raise ConstraintViolated(_reason(error)) from error
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailable(_reason(error)) from error

    async def check_writable(self) -> None:
        """Commits a write that changes nothing. Raises DatabaseUnavailable."""
        async with self.transaction() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = version_num"))


def _reason(error: DBAPIError | PoolTimeout) -> str:
    if isinstance(error, DBAPIError):
        return f"the database refused: {error.orig}"
    return "the database is busy: no connection to it became free"


def _migrate(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    command.upgrade(config, "head")


def _prepare_sqlite(engine: AsyncEngine) -> None:
    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
        # Transactions are begun below and not by the driver, which would begin none before a SELECT.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            # What was deleted is overwritten: erased recordings leave no names in free pages.
            "secure_delete = ON",
            f"busy_timeout = {_SQLITE_BUSY_TIMEOUT_MS}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that turns writer after another's commit is refused without waiting.
        writes = connection.get_execution_options().get(_WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
