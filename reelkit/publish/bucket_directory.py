"""The hosted bucket as a directory: files lie at ``<root>/<app_id>/<recording_id>/<name>``."""

import asyncio
import hashlib
import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from reelkit.durable import delete_directory, sync_directory, sync_file
from reelkit.publish.bucket import FileAddress, StoredFile, require_component
from reelkit.publish.errors import StorageError

# Large enough that hashing runs at the disk's speed, small enough to stay in the cache.
_HASH_BLOCK_BYTES = 1 << 20
_PART_FILE = ".part"


class DirectoryBucket:
    """Stores files under ``root``."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def check(self) -> None:
        """A directory is made when it is needed."""

    async def put(self, app_id: str, recording_id: str, source: Path, name: str, content_type: str) -> StoredFile:  # noqa: ARG002
        """Moves ``source`` into the bucket under ``name``, durably and in one step; an existing file is replaced.

        Raises StorageError; ``source`` is then still where it was.
        """
        return await asyncio.to_thread(_put, source, self.path(app_id, recording_id, name))

    async def keep(self, address: FileAddress, source: Path, sha256: str) -> StoredFile:
        """The same for a file whose digest is known. Raises StorageError."""
        target = self.path(address.app_id, address.recording_id, address.name)
        return await asyncio.to_thread(_put, source, target, sha256)

    async def delete(self, app_id: str, recording_id: str, names: Iterable[str]) -> bool:  # noqa: ARG002
        """Removes all files of a recording, whatever their names; tells whether there were any. Raises StorageError."""
        return await asyncio.to_thread(self._delete, self._directory(app_id, recording_id))

    async def local(self, app_id: str, recording_id: str, name: str) -> Path:
        """Where the file can be read on this machine. Raises FileNotFoundError."""
        path = self.path(app_id, recording_id, name)
        if not await asyncio.to_thread(path.is_file):
            raise FileNotFoundError(f"the hosted bucket does not hold {name}")
        return path

    async def release(self, app_id: str, recording_id: str) -> None:
        """Nothing is kept here but the files themselves."""

    def presigned(self, address: FileAddress, lifetime_s: float) -> str | None:  # noqa: ARG002
        """A directory has no address of its own: its files are read through this server."""
        return None

    async def close(self) -> None:
        """Nothing is open."""

    def path(self, app_id: str, recording_id: str, name: str) -> Path:
        """Where a file lies. Raises ValueError for parts that would leave the bucket."""
        return self._directory(app_id, recording_id) / require_component(name)

    def _directory(self, app_id: str, recording_id: str) -> Path:
        return self._root / require_component(app_id) / require_component(recording_id)

    def _delete(self, directory: Path) -> bool:
        try:
            return delete_directory(directory)
        except OSError as error:
            raise StorageError(
                f"the hosted bucket could not delete: {error.strerror or error}", recording_id=directory.name
            ) from error


def _put(source: Path, target: Path, sha256: str | None = None) -> StoredFile:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        digest = sha256 or _sha256(source)
        _move_durably(source, target)
        return StoredFile(path=target, size_bytes=target.stat().st_size, sha256=digest)
    except OSError as error:
        raise StorageError(
            f"the hosted bucket could not store the file: {error.strerror or error}",
            recording_id=target.parent.name,
            name=target.name,
        ) from error


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb", buffering=0) as file:
        # Half of a long film may have left the cache: the disk reads ahead while the processor digests.
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_SEQUENTIAL)
        block = memoryview(bytearray(_HASH_BLOCK_BYTES))
        while length := file.readinto(block):
            digest.update(block[:length])
    return digest.hexdigest()


def _move_durably(source: Path, target: Path) -> None:
    """Renames within a file system; across file systems copies to a part file first, so readers never see half."""
    if source.stat().st_dev == target.parent.stat().st_dev:
        sync_file(source)
        source.replace(target)
    else:
        # Not after the target, whose name may be as long as names can be.
        part = target.with_name(_PART_FILE)
        try:
            shutil.copyfile(source, part)
            sync_file(part)
            part.replace(target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
        source.unlink()
    sync_directory(target.parent)
