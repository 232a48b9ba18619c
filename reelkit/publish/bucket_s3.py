"""The hosted bucket as a bucket that speaks Amazon's S3: objects ``<prefix>/<app_id>/<recording_id>/<name>``.

A stored file also stays on this machine, below ``spool``, until nobody reads it here any more: it may have to be sent
elsewhere from there.
"""

import asyncio
import hashlib
import math
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

import structlog

from reelkit.clock import Clock, utc
from reelkit.publish.bucket import FileAddress, StoredFile
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.errors import PublishError, StorageError
from reelkit.publish.storage.base import Destination, Part
from reelkit.publish.storage.errors import DestinationError, StorageUnavailable
from reelkit.publish.storage.sigv4 import SigV4, uri_encode

log = structlog.get_logger(__name__)

# Twice what S3 asks of a part at least; smaller files are sent whole.
_PART_BYTES = 16 << 20
# In memory, of all files together: many may be finished at once, or wait for a bucket that comes back.
_PARTS_AT_ONCE = 8
# A part that fails is sent again at once; whoever waits longer sends the whole file again.
_TRIES = 3
_ATTACHMENT = "attachment"


class S3Bucket:
    """Stores files by ``destination``, whose root is the bucket with its prefix."""

    def __init__(self, destination: Destination, spool: Path, signer: SigV4, base_url: str, clock: Clock) -> None:
        """``base_url`` is where callers find the prefix, without a slash at its end."""
        self._destination = destination
        self._spool = DirectoryBucket(spool)
        self._signer = signer
        self._base_url = base_url
        self._clock = clock
        self._places = asyncio.Semaphore(_PARTS_AT_ONCE)

    async def check(self) -> None:
        """Writes and deletes a tiny object. Raises DestinationError."""
        await self._destination.check()

    async def put(self, app_id: str, recording_id: str, source: Path, name: str, content_type: str) -> StoredFile:
        """Sends ``source`` and then moves it into the spool; readers never see a part of it.

        Raises DestinationError, StorageError; ``source`` is then still where it was.
        """
        address = FileAddress.of(app_id, recording_id, name)
        try:
            size_bytes = (await asyncio.to_thread(source.stat)).st_size
            sha256 = await self._send(source, address.key, size_bytes, content_type)
        except OSError as error:
            raise StorageError(f"a finished file cannot be read: {error.strerror or error}", name=name) from error
        return await self._spool.keep(address, source, sha256)

    async def delete(self, app_id: str, recording_id: str, names: Iterable[str]) -> bool:
        """Removes the objects ``names``, and everything of the recording from the spool."""
        there = await self._spool.delete(app_id, recording_id, ())
        for name in names:
            there |= await self._destination.delete(FileAddress.of(app_id, recording_id, name).key)
        return there

    async def local(self, app_id: str, recording_id: str, name: str) -> Path:
        """The file in the spool, fetched from the bucket if it is not there. Raises FileNotFoundError, OSError,
        DestinationError."""
        path = self._spool.path(app_id, recording_id, name)
        if await asyncio.to_thread(path.is_file):
            return path
        await asyncio.to_thread(path.parent.mkdir, parents=True, exist_ok=True)
        # Not after the file, whose name may be as long as names can be.
        part = path.with_name(f".{hashlib.sha256(name.encode()).hexdigest()}.part")
        with part.open("wb") as file:
            async for piece in self._destination.read(FileAddress.of(app_id, recording_id, name).key):
                await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(part.replace, path)
        return path

    async def release(self, app_id: str, recording_id: str) -> None:
        """Empties the spool of a recording."""
        try:
            await self._spool.delete(app_id, recording_id, ())
        except PublishError as error:
            log.warning("files that were sent to the bucket stay here, too", id=recording_id, reason=error.message)

    def presigned(self, address: FileAddress, lifetime_s: float) -> str | None:
        """A URL that downloads the file under its name, for at most seven days."""
        key = "/".join(uri_encode(part) for part in address.key.split("/"))
        disposition = f"{_ATTACHMENT}; filename*=UTF-8''{uri_encode(address.name)}"
        if address.name.isascii() and not set(address.name) & set('"\\'):
            disposition = f'{_ATTACHMENT}; filename="{address.name}"'
        return self._signer.presigned_url(
            "GET",
            f"{self._base_url}/{key}",
            max(1, math.floor(lifetime_s)),
            utc(self._clock.time_s()),
            {"response-content-disposition": disposition},
        )

    async def close(self) -> None:
        await self._destination.close()

    async def _send(self, source: Path, key: str, size_bytes: int, content_type: str) -> str:
        """Sends the whole file; returns its SHA-256."""
        part_bytes = min(_PART_BYTES, self._destination.rules.max_bytes)
        if size_bytes <= part_bytes:
            async with self._places:
                return await self._send_whole(source, key, content_type)
        part_bytes = max(part_bytes, math.ceil(size_bytes / self._destination.rules.max_parts))
        upload_id = await self._destination.begin(key, content_type)
        try:
            sending = _Sending(self._destination, key, upload_id, self._places)
            sha256, receipts = await sending.parts(source, part_bytes)
            await self._destination.complete(key, upload_id, receipts, size_bytes)
        except BaseException:
            await self._abort(key, upload_id)
            raise
        return sha256

    async def _send_whole(self, source: Path, key: str, content_type: str) -> str:
        data = await asyncio.to_thread(source.read_bytes)
        await self._destination.put(key, data, content_type)
        return hashlib.sha256(data).hexdigest()

    async def _abort(self, key: str, upload_id: str) -> None:
        try:
            await self._destination.abort(key, upload_id)
        except DestinationError as error:
            log.info("parts of an upload stay in the bucket", key=key, reason=error.message)


class _Sending:
    """Sends the parts of one file, a few at once, reading it once."""

    def __init__(self, destination: Destination, key: str, upload_id: str, places: asyncio.Semaphore) -> None:
        self._destination = destination
        self._key = key
        self._upload_id = upload_id
        self._places = places
        self._digest = hashlib.sha256()

    async def parts(self, source: Path, part_bytes: int) -> tuple[str, list[tuple[int, str]]]:
        """The SHA-256 of the file, and the receipts of all parts in order."""
        receipts: list[asyncio.Task[str]] = []
        with source.open("rb") as file:
            try:
                async with asyncio.TaskGroup() as sending:
                    while (part := await self._next(file, len(receipts), part_bytes)) is not None:
                        task = sending.create_task(self._sent(part))
                        task.add_done_callback(lambda _: self._places.release())
                        receipts.append(task)
                        # It must not stay in memory while its successor waits for a place.
                        del part
            except* (PublishError, OSError) as failures:
                raise failures.exceptions[0] from None
        return self._digest.hexdigest(), [(number, each.result()) for number, each in enumerate(receipts, 1)]

    async def _next(self, file: BinaryIO, index: int, part_bytes: int) -> Part | None:
        """The next part once there is a place for it, which is the caller's to release; None at the file's end."""
        await self._places.acquire()
        part = None
        try:
            if data := await asyncio.to_thread(file.read, part_bytes):
                digest = await asyncio.to_thread(self._digested, data)
                part = Part(index + 1, index * part_bytes, data, digest)
        finally:
            if part is None:
                self._places.release()
        return part

    def _digested(self, data: bytes) -> str:
        self._digest.update(data)
        return hashlib.sha256(data).hexdigest()

    async def _sent(self, part: Part) -> str:
        for _ in range(_TRIES - 1):
            try:
                return await self._destination.put_part(self._key, self._upload_id, part)
            except StorageUnavailable as error:
                log.info("a part is sent again", key=self._key, part=part.number, reason=error.message)
        return await self._destination.put_part(self._key, self._upload_id, part)
