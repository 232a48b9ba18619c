"""Removing what an erased recording had, one thing after the other. Doing any of it again does no harm."""

from collections.abc import Awaitable, Callable, Mapping

from reelkit.control.destinations import Destinations
from reelkit.control.diagnoses import Diagnoses
from reelkit.control.erasure import Removal, Thing, Tombstone
from reelkit.control.errors import Conflict
from reelkit.control.ports import Bucket
from reelkit.control.retention import Retention
from reelkit.control.storage_delivery import opened_target
from reelkit.control.vault import Sealed, Vault
from reelkit.db.errors import DatabaseError
from reelkit.errors import ReelkitError
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused

Step = Callable[[Tombstone, Removal], Awaitable[bool]]
"""Whether something was there, as far as that is known. Raises ReelkitError, OSError for what is still there."""


class ErasureSteps:
    """How each thing is removed."""

    def __init__(
        self,
        *,
        bucket: Bucket,
        retention: Retention,
        diagnoses: Diagnoses,
        destinations: Destinations,
        vault: Vault,
    ) -> None:
        self._bucket = bucket
        self._retention = retention
        self._diagnoses = diagnoses
        self._destinations = destinations
        self._vault = vault
        self._steps: Mapping[Thing, Step] = {
            Thing.HOSTED_FILES: self._hosted_files,
            Thing.STORAGE_FILES: self._storage_files,
            Thing.RENDER: self._render,
            Thing.JOB: self._job,
            Thing.CAPTURE: self._capture,
            Thing.DIAGNOSIS: self._diagnosis,
        }

    async def remove(self, tombstone: Tombstone, removal: Removal) -> bool:
        """Removes one thing; tells whether it was there, as far as that is known. Raises StillThere."""
        try:
            return await self._steps[removal.what](tombstone, removal)
        except DatabaseError:
            raise
        except (StorageRefused, Sealed) as error:
            # The hosted bucket is the operator's own to mend; a caller's storage will not change its mind by itself.
            raise StillThere(error.message, again=removal.what is not Thing.STORAGE_FILES) from error
        except ReelkitError as error:
            raise StillThere(error.message, again=True) from error
        except OSError as error:
            raise StillThere(error.strerror or "it could not be deleted", again=True) from error

    async def _hosted_files(self, tombstone: Tombstone, removal: Removal) -> bool:
        return await self._bucket.delete(tombstone.app_id, removal.id, removal.names)

    async def _render(self, tombstone: Tombstone, removal: Removal) -> bool:
        await self._bucket.delete(tombstone.app_id, removal.id, removal.names)
        await self._retention.erase_job(removal.id)
        return True

    async def _job(self, _: Tombstone, removal: Removal) -> bool:
        return await self._retention.erase_job(removal.id)

    async def _capture(self, _: Tombstone, removal: Removal) -> bool:
        return await self._retention.erase_capture(removal.id)

    async def _diagnosis(self, _: Tombstone, removal: Removal) -> bool:
        return await self._diagnoses.erase(removal.id)

    async def _storage_files(self, tombstone: Tombstone, removal: Removal) -> bool:
        target = opened_target(removal.target or "", self._vault, tombstone.recording_id)
        destination = self._destinations.open(target, tombstone.app_id)
        try:
            return await _deleted(destination, removal)
        finally:
            await destination.close()


async def _deleted(destination: Destination, removal: Removal) -> bool:
    was_there = False
    for name, upload_id in removal.uploads.items():
        await destination.abort(name, upload_id)
        was_there = True
    for name in removal.names:
        was_there |= await destination.delete(name)
    return was_there


class StillThere(Conflict):
    """A thing could not be removed; ``again`` is whether another try may succeed without anybody's doing."""

    def __init__(self, message: str, *, again: bool) -> None:
        super().__init__(message)
        self.again = again
