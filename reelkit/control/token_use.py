"""When API tokens were used last, to about a minute."""

from datetime import datetime

import structlog

from reelkit.clock import Clock
from reelkit.db import Database
from reelkit.db.errors import DatabaseError
from reelkit.db.tokens import TokenRepository

log = structlog.get_logger(__name__)

# No request waits for the database because of this, and none of its writers more than once within that time.
WRITE_INTERVAL_S = 60.0


class TokenUse:
    """Remembers the last use of each token and writes it down now and then."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._unwritten: dict[str, datetime] = {}

    def mark(self, token_id: str, now: datetime) -> None:
        """It is used right now."""
        self._unwritten[token_id] = now

    def last(self, token_id: str, written: datetime | None) -> datetime | None:
        """The last use, of which ``written`` is what the database knows."""
        return self._unwritten.get(token_id, written)

    async def run(self) -> None:
        """Writes for ever."""
        while True:
            await self._clock.sleep(WRITE_INTERVAL_S)
            await self.write()

    async def write(self) -> None:
        """Writes what is not written yet."""
        uses = dict(self._unwritten)
        if not uses:
            return
        try:
            async with self._database.transaction() as session:
                await TokenRepository(session).put_uses(uses)
        except DatabaseError as error:
            log.warning("the last use of API tokens could not be written", reason=error.message)
            return
        self._unwritten = {id_: used_at for id_, used_at in self._unwritten.items() if uses.get(id_) != used_at}
