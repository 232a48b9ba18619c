"""PostgreSQL as it is used here: connections that notice a dead server, and a lock that keeps a second Reelkit out."""

from sqlalchemy import event, text
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

from reelkit.db.errors import DatabaseUnavailable, DatabaseUnusable

# One for the lock, one for the writer whose turn it is, the others for readers; more are opened when many read at once.
_POOL_SIZE = 6
_MAX_OVERFLOW = 12
_CONNECT_TIMEOUT_S = 10.0
# The longest question takes a small part of it: what takes longer is a server that is gone.
_STATEMENT_TIMEOUT_S = 30.0
# A server whose machine is lost without a word holds its lock for at most a minute more.
_SERVER_SETTINGS = {
    "application_name": "reelkit",
    "tcp_keepalives_idle": "30",
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
}
# Any number that nobody else locks: "reelkit" as bytes.
_LOCK_KEY = int.from_bytes(b"reelkit", "big")
# A server that was killed a moment ago still has the lock until PostgreSQL sees its connection end.
LOCK_PATIENCE_MS = 5_000
# SQLSTATE lock_not_available.
_NOT_AVAILABLE = "55P03"

SNAPSHOT = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Execution options of readers: all their questions are answered of one moment, as SQLite answers them."""


def postgresql_engine(url: URL) -> AsyncEngine:
    """Connections to a server. One that does not answer raises DatabaseUnavailable."""
    # As PostgreSQL's own tools call it.
    if mode := url.query.get("sslmode"):
        url = url.difference_update_query(["sslmode"]).update_query_dict({"ssl": mode})
    engine = create_async_engine(
        url,
        pool_size=_POOL_SIZE,
        max_overflow=_MAX_OVERFLOW,
        # After a restart of the server its old connections are replaced, and nobody is told.
        pool_pre_ping=True,
        connect_args={
            "timeout": _CONNECT_TIMEOUT_S,
            "command_timeout": _STATEMENT_TIMEOUT_S,
            "server_settings": _SERVER_SETTINGS,
        },
    )

    @event.listens_for(engine.sync_engine, "handle_error")
    def _on_error(context: ExceptionContext) -> None:
        # The driver's time limits, and connections that break, are no errors of SQLAlchemy's.
        if isinstance(context.original_exception, OSError):
            raise DatabaseUnavailable(no_answer(context.original_exception)) from context.original_exception

    return engine


def no_answer(error: OSError) -> str:
    """What is said of a server that cannot be reached."""
    return f"the database does not answer: {error or 'it took too long'}"


class ServerLock:
    """Held by the one server that a database has, by a connection that does nothing else."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: AsyncConnection | None = None

    async def hold(self) -> None:
        """Takes it, or sees to it that it is still held. Raises DatabaseUnusable if another server has it,
        SQLAlchemyError, DatabaseUnavailable, OSError."""
        if self._connection is not None and await _alive(self._connection):
            return
        await self.release()
        connection = await self._engine.connect()
        try:
            await connection.execute(text(f"SET lock_timeout = {LOCK_PATIENCE_MS}"))
            await connection.execute(text("SELECT pg_advisory_lock(:key)"), {"key": _LOCK_KEY})
        except BaseException as error:
            # The pool must not have it: it may get the lock after all.
            await connection.invalidate()
            await connection.close()
            if isinstance(error, DBAPIError) and getattr(error.orig, "sqlstate", None) == _NOT_AVAILABLE:
                raise DatabaseUnusable(
                    "another reelkit server is using the database: stop it, or give this one a database of its own"
                ) from error
            raise
        self._connection = connection

    async def release(self) -> None:
        """Gives it back; its connection ends."""
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.invalidate()
            await connection.close()


async def _alive(connection: AsyncConnection) -> bool:
    try:
        await connection.execute(text("SELECT 1"))
    except (DBAPIError, DatabaseUnavailable, OSError):
        return False
    return True
