"""Hosted files that have outlived their time."""

from datetime import datetime

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.hosted import names_of
from reelkit.control.ports import Bucket
from reelkit.db import Database
from reelkit.db.errors import DatabaseError
from reelkit.db.recordings import RecordingRepository
from reelkit.db.renders import RenderRepository
from reelkit.publish.errors import PublishError

log = structlog.get_logger(__name__)

# Links end on time by themselves; the files may follow a little later.
CHECK_INTERVAL_S = 600.0
_FILES_AT_ONCE = 100


class Expiry:
    """Deletes hosted files whose links have expired."""

    def __init__(self, database: Database, clock: Clock, bucket: Bucket) -> None:
        self._database = database
        self._clock = clock
        self._bucket = bucket

    async def run(self) -> None:
        """Checks now and then for ever."""
        while True:
            try:
                while await self.check() >= _FILES_AT_ONCE:
                    pass
            except DatabaseError as error:
                log.error("expired files could not be looked for", reason=error.message)  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def check(self) -> int:
        """Deletes some expired files; returns of how many recordings and renders. Raises DatabaseError."""
        now = utc(self._clock.time_s())
        removed = await self._check(RecordingRepository, now) + await self._check(RenderRepository, now)
        if removed:
            log.info("expired files were deleted", removed=removed)
        return removed

    async def _check(self, repository: type[RecordingRepository | RenderRepository], now: datetime) -> int:
        async with self._database.session() as session:
            expired = await repository(session).with_expired_file(now, _FILES_AT_ONCE)
        removed = 0
        for owner in expired:
            try:
                await self._bucket.delete(owner.app_id, owner.id, names_of(owner))
            except PublishError as error:
                log.warning("an expired file could not be deleted", id=owner.id, reason=error.message)
                continue
            async with self._database.transaction() as session:
                row = await repository(session).get(owner.id)
                if row is not None:
                    row.file_removed_at = now
            removed += 1
        return removed
