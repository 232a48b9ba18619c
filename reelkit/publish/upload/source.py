"""Reads parts of files, growing and finished. Everything here blocks: call it in a thread."""

import hashlib
import os
from pathlib import Path
from typing import NamedTuple, Self

from pydantic import BaseModel, ConfigDict

from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.upload.digest import BLOCK_BYTES, BlockDigests
from reelkit.publish.upload.errors import SourceLost
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.plan import Span

_READ_BYTES = 1 << 20


class FinishedFile(BaseModel):
    """A file that will not change any more."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    path: Path
    size_bytes: int
    head_bytes: int = 0
    blocks: tuple[str, ...] = ()
    """SHA-256 of each block of the data behind the head (:mod:`reelkit.publish.upload.digest`); empty if unknown."""

    @classmethod
    def of(cls, delivered: DeliveredFile, path: Path | None = None) -> Self:
        """A file of a job, which lies at ``path`` meanwhile."""
        return cls(
            path=path or delivered.path,
            size_bytes=delivered.size_bytes,
            head_bytes=delivered.head_bytes,
            blocks=delivered.blocks_sha256,
        )

    @property
    def data_bytes(self) -> int:
        return self.size_bytes - self.head_bytes


class Piece(NamedTuple):
    """What was read for a part."""

    data: bytes
    sha256: str
    blocks: tuple[str, ...]
    """Digests of the blocks in it; empty for a part of anything but whole blocks of data."""


def read_growing(report: GrowingFile, span: Span) -> Piece | None:
    """Data of a growing file; None if it does not lie where the report says, or is not what the report says: the writer
    has gone on, or has begun anew. Raises OSError."""
    blocks = report.blocks[span.start // BLOCK_BYTES : span.stop // BLOCK_BYTES]
    if len(blocks) * BLOCK_BYTES != span.size_bytes:
        return None
    try:
        data = _read(report.path, report.head_bytes + span.start, span.size_bytes)
    except (FileNotFoundError, SourceLost):
        return None
    return _piece(data, blocks)


def read_finished(file: FinishedFile, head_bytes: int, span: Span) -> Piece:
    """A part of a finished file whose data is taken to begin at ``head_bytes``. Raises SourceLost, OSError."""
    try:
        data = _read(file.path, head_bytes + span.start, span.size_bytes)
    except FileNotFoundError:
        raise SourceLost("the file that was to be uploaded is gone", file=file.path) from None
    whole = head_bytes == file.head_bytes and span.start % BLOCK_BYTES == span.stop % BLOCK_BYTES == 0 <= span.start
    sha256 = hashlib.sha256(data).hexdigest()
    if not whole:
        return Piece(data, sha256, ())
    return Piece(data, sha256, (sha256,) if len(data) == BLOCK_BYTES else tuple(_digests(data)))


def read_blocks(file: FinishedFile) -> tuple[str, ...]:
    """The digests of a finished file's data, made by reading all of it. Raises SourceLost, OSError."""
    digests = BlockDigests()
    try:
        with file.path.open("rb", buffering=0) as opened:
            opened.seek(file.head_bytes)
            while data := opened.read(_READ_BYTES):
                digests.add(data)
    except FileNotFoundError:
        raise SourceLost("the file that was to be uploaded is gone", file=file.path) from None
    return digests.all_blocks()


def _piece(data: bytes, blocks: tuple[str, ...]) -> Piece | None:
    found = _digests(data)
    if tuple(found) != blocks:
        return None
    return Piece(data, found[0] if len(found) == 1 else hashlib.sha256(data).hexdigest(), blocks)


def _digests(data: bytes) -> list[str]:
    view = memoryview(data)
    return [hashlib.sha256(view[at : at + BLOCK_BYTES]).hexdigest() for at in range(0, len(data), BLOCK_BYTES)]


def _read(path: Path, at: int, size_bytes: int) -> bytes:
    """Exactly so many bytes. Raises SourceLost if there are fewer, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # One call gives at most 2 GiB (read(2)).
        pieces = []
        while size_bytes:
            data = os.pread(descriptor, size_bytes, at)
            if not data:
                raise SourceLost("the file that was to be uploaded is too short", file=path)
            pieces.append(data)
            at, size_bytes = at + len(data), size_bytes - len(data)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)
    finally:
        os.close(descriptor)
