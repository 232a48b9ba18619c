"""What nobody waits for is tried again for as long as it can only be a matter of time."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from reelkit.clock import Clock
from reelkit.db.errors import DatabaseUnavailable
from reelkit.durable import is_disk_full
from reelkit.errors import ReelkitError

log = structlog.get_logger(__name__)

RETRY_S = 5.0

Result = TypeVar("Result")


async def patiently(clock: Clock, what: str, attempt: Callable[[], Awaitable[Result]], **context: object) -> Result:
    """Calls ``attempt``, again and again while the disk is full or the database refuses.

    ``what`` and ``context`` are for the log. Any other error is raised.
    """
    while True:
        try:
            return await attempt()
        except (ReelkitError, OSError) as error:
            if not (isinstance(error, DatabaseUnavailable) or is_disk_full(error)):
                raise
            log.error("the disk or the database is waited for", work=what, reason=str(error), **context)  # noqa: TRY400
        await clock.sleep(RETRY_S)
