"""The connection to the database: opening with migrations, reading sessions and writing transactions."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError, IntegrityError, InvalidRequestError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker

from reelkit.db.errors import ConstraintViolated, DatabaseUnavailable, DatabaseUnusable
from reelkit.db.postgresql import SNAPSHOT, ServerLock, no_answer, postgresql_engine
from reelkit.db.sqlite import WRITES, sqlite_engine

_MIGRATIONS = Path(__file__).with_name("migrations")
# A URL may leave the driver out, as everybody writes it.
_DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgresql": "postgresql+asyncpg",
    "postgres": "postgresql+asyncpg",
}


class Database:
    """One database. Call :meth:`open` before and :meth:`close` after use.

    Writers take turns inside this process, so that none of them fails because of another and each sees what those
    before it have done; a database has one server, which is this process. Readers do not wait, and see one moment.
    """

    def __init__(self, url: str) -> None:
        """Raises DatabaseUnusable if ``url`` is no SQLAlchemy URL of SQLite or PostgreSQL."""
        try:
            self._engine = _engine(make_url(url))
        except (ArgumentError, ImportError, InvalidRequestError) as error:
            raise DatabaseUnusable(f"the database URL is not usable: {error}") from error
        self._lock: ServerLock | None = None
        readers = self._engine
        if self._engine.dialect.name == "postgresql":
            self._lock = ServerLock(self._engine)
            readers = self._engine.execution_options(**SNAPSHOT)
        self._writers = self._engine.execution_options(**{WRITES: True})
        self._write_turn = asyncio.Lock()
        self._sessions = async_sessionmaker(readers, expire_on_commit=False)
        self._write_sessions = async_sessionmaker(self._writers, expire_on_commit=False)

    @classmethod
    def at(cls, path: Path) -> "Database":
        """The SQLite database in file ``path``."""
        return cls(f"sqlite:///{path}")

    async def open(self) -> None:
        """Brings the schema up to date, and keeps other servers out. Raises DatabaseUnusable."""
        try:
            if self._lock is not None:
                await self._lock.hold()
            async with self._writers.begin() as connection:
                await connection.run_sync(_migrate)
        except (SQLAlchemyError, CommandError, DatabaseUnavailable, OSError) as error:
            raise DatabaseUnusable(f"the database cannot be opened: {error}") from error

    async def close(self) -> None:
        """Closes all connections."""
        if self._lock is not None:
            await self._lock.release()
        await self._engine.dispose()

    @asynccontextmanager
    async def session(self) -> AsyncIterator[AsyncSession]:
        """For reading. Raises DatabaseUnavailable."""
        try:
            async with self._sessions() as session:
                await _connected(session)
                yield session
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailable(_reason(error)) from error

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """For writing: commits at the end, rolls back on any error. Raises ConstraintViolated, DatabaseUnavailable."""
        try:
            async with self._write_turn, self._write_sessions() as session, session.begin():
                await _connected(session)
                yield session
        except IntegrityError as error:
            raise ConstraintViolated(_reason(error)) from error
        except (DBAPIError, PoolTimeout) as error:
            raise DatabaseUnavailable(_reason(error)) from error

    async def check_writable(self) -> None:
        """Commits a write that changes nothing. Raises DatabaseUnavailable."""
        try:
            if self._lock is not None:
                await self._lock.hold()
        except (SQLAlchemyError, DatabaseUnusable, OSError) as error:
            raise DatabaseUnavailable(str(error)) from error
        async with self.transaction() as session:
            await session.execute(text("UPDATE alembic_version SET version_num = version_num"))


def _engine(url: URL) -> AsyncEngine:
    url = url.set(drivername=_DRIVERS.get(url.drivername, url.drivername))
    match url.get_backend_name():
        case "sqlite":
            return sqlite_engine(url)
        case "postgresql":
            return postgresql_engine(url)
        case other:
            raise ArgumentError(f"{other} is neither sqlite nor postgresql")


async def _connected(session: AsyncSession) -> None:
    """Takes a connection from the pool. What the operating system says of it is no error of SQLAlchemy's."""
    try:
        await session.connection()
    except OSError as error:
        raise DatabaseUnavailable(no_answer(error)) from error


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
