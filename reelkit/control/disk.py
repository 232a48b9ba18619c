"""The disk: enough of it before a recording starts, and an orderly end before it is full."""

import shutil
from collections.abc import Awaitable, Callable
from pathlib import Path

import structlog

from reelkit.clock import Clock
from reelkit.control.errors import Unavailable
from reelkit.settings import RecordingSettings

log = structlog.get_logger(__name__)

# A recording writes a few megabits a second: at this interval the reserve lasts for hundreds of recordings.
CHECK_INTERVAL_S = 5.0
_BYTES_PER_MB = 1_000_000

FreeBytes = Callable[[], int]


def free_bytes_of(path: Path) -> FreeBytes:
    """How to ask for the free space of the file system that holds ``path``."""
    return lambda: shutil.disk_usage(path).free


class DiskGuard:
    """Refuses new recordings on a disk that is short of space, and ends running ones on a disk that is nearly full."""

    def __init__(
        self,
        settings: RecordingSettings,
        clock: Clock,
        free_bytes: FreeBytes,
        end_all: Callable[[str], Awaitable[None]],
    ) -> None:
        """``end_all(reason)`` ends every running recording."""
        self._settings = settings
        self._clock = clock
        self._free_bytes = free_bytes
        self._end_all = end_all

    def require_space(self) -> None:
        """Raises Unavailable when there is too little for a new recording."""
        problem = self._problem(self._settings.min_free_bytes)
        if problem is not None:
            raise Unavailable(f"no recording can start: {problem}")

    async def run(self) -> None:
        """Checks for ever."""
        while True:
            await self._clock.sleep(CHECK_INTERVAL_S)
            await self.check()

    async def check(self) -> None:
        """Ends all recordings if the disk is nearly full."""
        problem = self._problem(self._settings.stop_free_bytes)
        if problem is not None:
            await self._end_all(f"ended early: {problem}")

    def _problem(self, wanted_bytes: int) -> str | None:
        try:
            free_bytes = self._free_bytes()
        except OSError as error:
            return f"the data directory cannot be used: {error.strerror or error}"
        if free_bytes >= wanted_bytes:
            return None
        return (
            f"only {free_bytes // _BYTES_PER_MB} MB are free on the disk, {wanted_bytes // _BYTES_PER_MB} MB are needed"
        )
