"""SQLite as it is used here: durable, with foreign keys, and with writers that wait instead of failing."""

from typing import Any

from sqlalchemy import Connection, event
from sqlalchemy.engine import URL
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

WRITES = "reelkit_writes"
"""The execution option of connections that will write."""

# How long a connection waits for a writer in another process (a backup tool, say) before it gives up.
_BUSY_TIMEOUT_MS = 5_000
# What each of some five connections keeps of the file at most: the index that lists of 100,000 recordings come from.
_CACHE_KIB = 32_768


def sqlite_engine(url: URL) -> AsyncEngine:
    """Connections to a file; a committed recording survives a power cut."""
    engine = create_async_engine(url)

    @event.listens_for(engine.sync_engine, "connect")
    def _on_connect(connection: Any, _record: object) -> None:  # noqa: ANN401 - a DBAPI connection has no type
        # Transactions are begun below and not by the driver, which would begin none before a SELECT.
        connection.isolation_level = None
        # SQLite's own knows only the letters of English, PostgreSQL's all.
        connection.create_function("lower", 1, _lower, deterministic=True)
        cursor = connection.cursor()
        for pragma in (
            "journal_mode = WAL",
            "synchronous = FULL",
            "foreign_keys = ON",
            # What was deleted is overwritten: erased recordings leave no names in free pages.
            "secure_delete = ON",
            f"busy_timeout = {_BUSY_TIMEOUT_MS}",
            f"cache_size = -{_CACHE_KIB}",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine.sync_engine, "begin")
    def _on_begin(connection: Connection) -> None:
        # A writer takes the lock at once: a reader that turns writer after another's commit is refused without waiting.
        writes = connection.get_execution_options().get(WRITES, False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    return engine


def _lower(text: str | None) -> str | None:
    return text.lower() if text is not None else None
