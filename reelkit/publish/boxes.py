"""Boxes of the ISO base media file format (ISO/IEC 14496-12)."""

import struct
from collections.abc import Iterator
from typing import NamedTuple

from reelkit.publish.errors import FilmError

HEADER_BYTES = 8
LARGE_HEADER_BYTES = 16
"""A header with a 64-bit size."""
MAX_U32 = (1 << 32) - 1


class Box(NamedTuple):
    """A box inside some bytes: its content is ``content_start`` … ``stop - 1``, its header begins at ``start``."""

    kind: bytes
    start: int
    content_start: int
    stop: int


def boxes(data: bytes, start: int = 0, stop: int | None = None) -> Iterator[Box]:
    """The boxes that lie side by side in ``data[start:stop]``. Raises FilmError where they do not fit."""
    end = len(data) if stop is None else stop
    while start < end:
        if start + HEADER_BYTES > end:
            raise FilmError("an MP4 file ends inside a box header", at=start)
        size, kind = struct.unpack_from(">I4s", data, start)
        content = start + HEADER_BYTES
        if size == 1:
            if start + LARGE_HEADER_BYTES > end:
                raise FilmError("an MP4 file ends inside a box header", at=start)
            (size,) = struct.unpack_from(">Q", data, content)
            content = start + LARGE_HEADER_BYTES
        elif size == 0:
            size = end - start
        if start + size > end or start + size < content:
            raise FilmError("a box of an MP4 file does not fit", box=kind, at=start, bytes=size)
        yield Box(kind, start, content, start + size)
        start += size


def children(data: bytes, parent: Box) -> Iterator[Box]:
    """The boxes inside ``parent``, which must be a pure container."""
    return boxes(data, parent.content_start, parent.stop)


def child(data: bytes, parent: Box, *path: bytes) -> Box:
    """The first box down ``path`` below ``parent``. Raises FilmError if there is none."""
    for kind in path:
        found = next((box for box in children(data, parent) if box.kind == kind), None)
        if found is None:
            raise FilmError("a box is missing in an MP4 file", box=kind, parent=parent.kind)
        parent = found
    return parent


def box(kind: bytes, *content: bytes) -> bytes:
    """A box around ``content``."""
    size = HEADER_BYTES + sum(len(part) for part in content)
    return struct.pack(">I4s", size, kind) + b"".join(content)


def full_box(kind: bytes, version: int, flags: int, *content: bytes) -> bytes:
    """A box whose content begins with a version and flags."""
    return box(kind, struct.pack(">I", version << 24 | flags), *content)


def large_header(kind: bytes, content_bytes: int) -> bytes:
    """The 16 bytes in front of ``content_bytes`` of content, however much that is."""
    return struct.pack(">I4sQ", 1, kind, LARGE_HEADER_BYTES + content_bytes)
