"""The databases of tests: SQLite's, or with ``--database postgresql`` those of a real server (tests/conftest.py)."""

import asyncio
import hashlib
import shutil
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

from sqlalchemy import event

from reelkit.db import Database
from reelkit.process import wait_until
from testbed.postgres import PostgresServer

_TEMPLATE = "template"
_FILE_NAME = "reelkit.sqlite3"
_THREADS_END_S = 2.0


class FreshDatabase(Database):
    """A database that is made, with all migrations behind it, when it is opened for the first time."""

    def __init__(self, url: str, make: Callable[[], Awaitable[None]]) -> None:
        super().__init__(url)
        self._make = make
        self._threads: list[Thread] = []
        event.listen(self._engine.sync_engine, "connect", self._connected)

    async def open(self) -> None:
        await self._make()
        await super().open()

    async def close(self) -> None:
        """Returns when none of SQLite's threads has anything to tell the event loop, which may be closed then: the
        connection of a task that was cancelled ends by itself."""
        await super().close()

        async def ended() -> bool:
            return not any(thread.is_alive() for thread in self._threads)

        # A server that crashes leaves what it was at.
        with suppress(TimeoutError):
            await wait_until(ended, timeout_s=_THREADS_END_S, interval_s=0.001)

    def _connected(self, connection: Any, _record: object) -> None:
        thread = getattr(connection.driver_connection, "_thread", None)
        if thread is not None:
            self._threads.append(thread)


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
