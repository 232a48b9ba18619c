"""Opens callers' own storage, and finds out in the start call whether its credentials are right."""

import asyncio
from collections.abc import Callable

import structlog

from reelkit.clock import Clock
from reelkit.control.errors import Invalid
from reelkit.control.host_keys import PinnedHostKeys
from reelkit.control.storage_config import StorageConfig
from reelkit.db import Database
from reelkit.egress.guard import EgressGuard
from reelkit.errors import ReelkitError
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused
from reelkit.publish.storage.host_keys import HostKeys
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.targets import Target
from reelkit.settings import Settings, StorageSettings

log = structlog.get_logger(__name__)

FIELD = "storage_config"

OpenDestination = Callable[[Target, HostKeys], Destination]
"""Raises StorageRefused for a target that cannot be right."""


def guarded(settings: Settings, guard: EgressGuard) -> OpenDestination:
    """Opens real storage: hosts that callers name are reached through ``guard``."""

    def opened(target: Target, host_keys: HostKeys) -> Destination:
        return open_destination(target, guard=guard, settings=settings.storage, host_keys=host_keys)

    return opened


class Destinations:
    """Callers' own storage."""

    def __init__(self, settings: StorageSettings, database: Database, clock: Clock, opened: OpenDestination) -> None:
        self._settings = settings
        self._database = database
        self._clock = clock
        self._opened = opened

    def open(self, target: Target, app_id: str) -> Destination:
        """Close it at the end. Raises StorageRefused for a target that cannot be right."""
        return self._opened(target, PinnedHostKeys(self._database, self._clock, app_id))

    async def check(self, storage: StorageConfig, app_id: str) -> str | None:
        """Tries ``storage`` out if the settings say so; returns a note for the caller if it could not be reached.

        Raises Invalid naming the field for what will not come right by itself: credentials, permission, a bucket that
        does not exist, a host that callers may not name.
        """
        try:
            destination = self.open(storage.target(), app_id)
        except StorageRefused as error:
            raise _invalid(error) from error
        try:
            if not self._settings.check_at_start:
                return None
            async with asyncio.timeout(self._settings.check_timeout_s):
                await destination.check()
        except StorageRefused as error:
            raise _invalid(error) from error
        except TimeoutError:
            reason = f"it did not answer within {self._settings.check_timeout_s:g} s"
        except ReelkitError as error:
            reason = error.message
        else:
            return None
        finally:
            await destination.close()
        # A storage that is down now may be back when the recording ends.
        log.warning("a storage could not be checked", storage=destination.label, reason=reason)
        return f"{FIELD}: the storage could not be checked when the recording was asked for: {reason}"


def _invalid(error: StorageRefused) -> Invalid:
    return Invalid(f"{FIELD}: {error.message}", field=FIELD)
