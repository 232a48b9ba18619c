"""Whether the next request would work."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from reelkit.db import Database
from reelkit.db.errors import DatabaseError

_BYTES_PER_MB = 1_000_000


class MediaServer(Protocol):
    """What readiness asks of :class:`reelkit.sfu.Sfu`."""

    @property
    def healthy(self) -> bool: ...

    @property
    def reason(self) -> str: ...


class Readiness:
    """Looks at what every request needs: Janus, the database and the disk."""

    def __init__(self, sfu: MediaServer, database: Database, data_dir: Path, min_free_bytes: int) -> None:
        self._sfu = sfu
        self._database = database
        self._data_dir = data_dir
        self.min_free_bytes = min_free_bytes
        self.stopping = False

    @property
    def free_bytes(self) -> int:
        """Space left for captures and films."""
        return shutil.disk_usage(self._data_dir).free

    async def reasons(self) -> Sequence[str]:
        """Why the server is not ready; empty when it is."""
        reasons = []
        if self.stopping:
            reasons.append("the server is stopping")
        if not self._sfu.healthy:
            reasons.append(f"the SFU is not ready: {self._sfu.reason}")
        try:
            await self._database.check_writable()
        except DatabaseError as error:
            reasons.append(error.message)
        try:
            free_bytes = self.free_bytes
        except OSError as error:
            reasons.append(f"the data directory cannot be used: {error.strerror}")
        else:
            if free_bytes < self.min_free_bytes:
                reasons.append(
                    f"only {free_bytes // _BYTES_PER_MB} MB are free on the data directory's disk, "
                    f"{self.min_free_bytes // _BYTES_PER_MB} MB are wanted"
                )
        return reasons
