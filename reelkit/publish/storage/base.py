"""What every kind of storage can do."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Protocol

CHECK_NAME = ".reelkit-check"
"""What a check writes: always the same, so that one at most stays where deleting is not permitted."""
READ_BYTES = 4 << 20
"""Objects are read in pieces of this size."""


@dataclass(frozen=True, slots=True)
class PartRules:
    """What parts of an upload must be like. The last one may be shorter than ``min_bytes``."""

    min_bytes: int
    max_bytes: int
    max_parts: int
    """Numbers go from 1 to this."""
    uniform: bool
    """All parts but the last must have one size."""
    positional: bool
    """Parts are written at their ``offset`` in the final file; otherwise they are put together in the order given to
    ``complete``, whatever their offsets and the order of their arrival."""


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of an object."""

    number: int
    """From 1. Sending a number again replaces the part."""
    offset: int | None
    """Where it lies in the object; needed by positional storage only."""
    data: bytes
    sha256: str
    """Hexadecimal digest of ``data``."""


@dataclass(frozen=True, slots=True)
class ObjectStat:
    """What a storage says about an object."""

    size_bytes: int
    etag: str | None
    sha256: str | None
    """Of the whole object, hexadecimal, if the storage knows it."""


class Destination(Protocol):
    """A place below the ``path`` of one storage_config.

    Names are relative to it, may contain ``/``, and are refused with ValueError if they would leave it. Every method
    has a deadline and raises StorageRefused or StorageUnavailable; those of an upload also UploadUnknown. Safe for
    concurrent calls.
    """

    rules: PartRules
    label: str
    """For logs and callers: ``s3://films/2026``. Holds no secret."""

    async def check(self) -> None:
        """Writes a tiny object and deletes it."""

    async def put(self, name: str, data: bytes, content_type: str) -> None:
        """Writes a small object in one step, replacing one of that name."""

    async def begin(self, name: str, content_type: str) -> str:
        """Begins an upload in parts; returns its id, which stays good after a restart."""

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        """Sends a part; returns its receipt for ``complete``. May be repeated, also with the same number."""

    async def knows(self, name: str, upload_id: str) -> bool:
        """Whether an upload can go on; True also if the storage does not say.

        For when parts fail again and again: a server that does not know the upload may answer and close the connection
        while the part is still being sent, and the answer is lost with the connection.
        """

    async def complete(self, name: str, upload_id: str, receipts: Sequence[tuple[int, str]], size_bytes: int) -> None:
        """Makes the object of ``(number, receipt)`` in the order given: readers see the old object or the new one,
        never a part of it. ``size_bytes`` is the size of the whole. May be repeated when its answer was lost."""

    async def abort(self, name: str, upload_id: str) -> None:
        """Throws the parts of an unfinished upload away. An upload that is not there is none to throw away."""

    async def stat(self, name: str) -> ObjectStat | None:
        """What is known of an object; None if there is none."""

    def read(self, name: str) -> AsyncIterator[bytes]:
        """The object's bytes, in pieces. Raises FileNotFoundError at the first piece if there is none."""

    async def delete(self, name: str) -> bool:
        """Removes an object; tells whether one was there as far as the storage says (Amazon S3 always says yes)."""

    async def close(self) -> None:
        """Closes its connections."""
