"""The keys of SSH servers that an app's recordings were delivered to: remembered at the first connection."""

from reelkit.clock import Clock, utc
from reelkit.db import Database
from reelkit.db.deliveries import HostKeyRepository, HostKeyRow


class PinnedHostKeys:
    """Implements :class:`reelkit.publish.storage.host_keys.HostKeys` for one app.

    Each app trusts for itself: what one of them has met under a name binds no other.
    """

    def __init__(self, database: Database, clock: Clock, app_id: str) -> None:
        self._database = database
        self._clock = clock
        self._app_id = app_id

    async def known(self, host: str, port: int) -> str | None:
        """Raises DatabaseUnavailable."""
        async with self._database.session() as session:
            row = await HostKeyRepository(session).get(self._app_id, host, port)
        return row.key if row is not None else None

    async def pin(self, host: str, port: int, key: str) -> None:
        """Raises DatabaseUnavailable."""
        row = HostKeyRow(app_id=self._app_id, host=host, port=port, key=key, pinned_at=utc(self._clock.time_s()))
        async with self._database.transaction() as session:
            await HostKeyRepository(session).put(row)
