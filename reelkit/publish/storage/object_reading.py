"""What objects in a store are read with: their size and tag from a HEAD, their bytes in ranges."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

from reelkit.egress.client import HttpResponse
from reelkit.publish.storage.base import READ_BYTES, ObjectStat
from reelkit.publish.storage.errors import StorageUnavailable

GetRange = Callable[[Mapping[str, str], int], Awaitable[HttpResponse]]
"""Asks for an object with more headers; the answer is good, and its body has at most so many bytes."""


def object_stat(headers: Mapping[str, str]) -> ObjectStat:
    """What a good answer to HEAD says. Raises StorageUnavailable if it lacks the size."""
    size = headers.get("content-length", "")
    if not size.isdecimal():
        raise StorageUnavailable("the storage does not tell an object's size")
    return ObjectStat(int(size), headers.get("etag", "").strip('"') or None, None)


async def read_in_ranges(found: ObjectStat, get: GetRange) -> AsyncIterator[bytes]:
    """All of an object, which must stay the same meanwhile. Raises StorageUnavailable."""
    same = {"if-match": f'"{found.etag}"'} if found.etag else {}
    for start in range(0, found.size_bytes, READ_BYTES):
        stop = min(start + READ_BYTES, found.size_bytes)
        answer = await get(same | {"range": f"bytes={start}-{stop - 1}"}, stop - start)
        if len(answer.body) != stop - start or answer.cut:
            raise StorageUnavailable("the storage gave another piece of an object than it was asked for")
        yield answer.body
