"""Time as a dependency, so that timers, expiry and timelines are tested without waiting."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What code that depends on time is given."""

    def time_s(self) -> float:
        """Wall-clock time in seconds since the epoch."""

    def monotonic_s(self) -> float:
        """A clock that never goes back, for intervals and deadlines."""

    async def sleep(self, duration_s: float) -> None:
        """Waits for ``duration_s`` seconds of this clock."""


class SystemClock:
    """The machine's own clock."""

    def time_s(self) -> float:
        return time.time()

    def monotonic_s(self) -> float:
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        await asyncio.sleep(duration_s)


def utc(time_s: float) -> datetime:
    """The aware UTC datetime of ``time_s`` seconds since the epoch."""
    return datetime.fromtimestamp(time_s, tz=UTC)


def iso_ms(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and ``Z``, the one form in which times are told."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
