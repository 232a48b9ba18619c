"""The databases of tests: SQLite's, or with ``--database postgresql`` those of a real server (tests/conftest.py)."""

import asyncio
import hashlib
import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import aiosqlite
from sqlalchemy import event

from reelkit.db import Database
from reelkit.process import wait_until
from testbed.postgres import PostgresServer
from tests.patience import PATIENCE_S

_TEMPLATE = "template"
_FILE_NAME = "reelkit.sqlite3"


class FreshDatabase(Database):
    """A database that is made, with all migrations behind it, when it is opened for the first time."""

    def __init__(self, url: str, make: Callable[[], Awaitable[None]]) -> None:
        super().__init__(url)
        self._make = make
        self._connections: list[aiosqlite.Connection] = []
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine.sync_engine, "do_connect", self._connecting)

    async def open(self) -> None:
        await self._make()
        await super().open()

    async def close(self) -> None:
        """Returns when none of SQLite's threads has anything to tell the event loop, which may be closed then.

        A task that was cancelled does not wait for its connection's thread, and a server that crashes leaves those
        that it was at.
        """
        await super().close()

        def alive() -> list[aiosqlite.Connection]:
            return [connection for connection in self._connections if connection._thread.is_alive()]

        async def ended() -> bool:
            return not alive()

        for connection in alive():
            connection.stop()
        await wait_until(ended, timeout_s=PATIENCE_S, interval_s=0.001)
        self._connections.clear()

    def _connecting(self, *about: Any) -> None:
        """Lets SQLAlchemy make connections that are remembered from their beginning."""

        def made(*arguments: Any, **named: Any) -> aiosqlite.Connection:
            connection = aiosqlite.connect(*arguments, **named)
            connection._thread.daemon = True
            self._connections.append(connection)
            return connection

        about[-1]["async_creator_fn"] = made


class SqliteDatabases:
    """One file in each data directory, copied from one that was migrated once."""

    def __init__(self, directory: Path) -> None:
        """``directory`` is for what is copied."""
        self._directory = directory
        self._template: Path | None = None

    def at(self, data: Path) -> Database:
        """The database of the data directory ``data``, the same whenever it is asked for."""
        path = data / _FILE_NAME

        async def make() -> None:
            if not path.exists():
                shutil.copyfile(await self._migrated(), path)

        return FreshDatabase(f"sqlite:///{path}", make)

    async def _migrated(self) -> Path:
        if self._template is None:
            path = self._directory / _FILE_NAME
            database = Database.at(path)
            await database.open()
            await database.close()
            self._template = path
        return self._template

    def drop(self) -> None:
        """Files go with their directories."""


class PostgresDatabases:
    """One database of a server for each data directory, until :meth:`drop`."""

    def __init__(self, server: PostgresServer) -> None:
        self.server = server
        self._made: set[str] = set()
        self._has_template = False

    def at(self, data: Path) -> Database:
        """The database of the data directory ``data``, the same whenever it is asked for."""
        name = self.name(data)

        async def make() -> None:
            if name not in self._made:
                await self.server.create(name, template=await self._migrated())
                self._made.add(name)

        return FreshDatabase(self.server.url(name), make)

    def name(self, data: Path) -> str:
        """Of the database of a data directory."""
        return hashlib.sha256(str(data).encode()).hexdigest()[:32]

    async def _migrated(self) -> str:
        if not self._has_template:
            await self.server.create(_TEMPLATE)
            database = Database(self.server.url(_TEMPLATE))
            await database.open()
            await database.close()
            self._has_template = True
        return _TEMPLATE

    def drop(self) -> None:
        """Removes the databases that were made."""
        if self._made:
            asyncio.run(self._drop())

    async def _drop(self) -> None:
        while self._made:
            await self.server.drop(self._made.pop())


class _Current:
    databases: SqliteDatabases | PostgresDatabases


def use(databases: SqliteDatabases | PostgresDatabases) -> None:
    """From now on :func:`database_at` gives these."""
    _Current.databases = databases


def current() -> SqliteDatabases | PostgresDatabases:
    """What :func:`use` was given last."""
    return _Current.databases


def database_at(data: Path) -> Database:
    """The database that belongs to a data directory; the first :meth:`Database.open` makes it."""
    return _Current.databases.at(data)
