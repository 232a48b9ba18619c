"""Chats whose time is over."""

from datetime import timedelta

import structlog

from reelkit.clock import Clock, utc
from reelkit.db import Database
from reelkit.db.chats import ChatRepository
from reelkit.db.errors import DatabaseError

log = structlog.get_logger(__name__)

# Links end on time by themselves; the messages may follow a little later.
CHECK_INTERVAL_S = 600.0
_SESSIONS_AT_ONCE = 20


class ChatExpiry:
    """Deletes what was written in sessions, ``keep_for_s`` after their end."""

    def __init__(self, database: Database, clock: Clock, keep_for_s: float) -> None:
        self._database = database
        self._clock = clock
        self._keep_for = timedelta(seconds=keep_for_s)

    async def run(self) -> None:
        """Checks now and then for ever."""
        while True:
            try:
                while await self.check() >= _SESSIONS_AT_ONCE:
                    pass
            except DatabaseError as error:
                log.error("chats could not be deleted", reason=error.message)  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def check(self) -> int:
        """Deletes some of them; returns of how many sessions. Raises DatabaseError."""
        before = utc(self._clock.time_s()) - self._keep_for
        async with self._database.session() as session:
            session_ids = await ChatRepository(session).sessions_ended_before(before, _SESSIONS_AT_ONCE)
        if session_ids:
            async with self._database.transaction() as session:
                await ChatRepository(session).delete_of(session_ids)
            log.info("chats were deleted", sessions=len(session_ids))
        return len(session_ids)
