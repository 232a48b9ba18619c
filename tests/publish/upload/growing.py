"""A file that grows as films do, with blocks of some bytes instead of megabytes."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from random import Random
from unittest.mock import patch

from reelkit.publish.upload.growth import GrowingFile, Growth
from reelkit.publish.upload.source import FinishedFile

BLOCK = 64
START = 4 * BLOCK
_MODULES = ("digest", "plan", "source", "state", "upload")


@contextmanager
def small_blocks(block_bytes: int = BLOCK) -> Iterator[None]:
    """Everything in small."""
    with ExitStack() as stack:
        for module in _MODULES:
            stack.enter_context(patch(f"reelkit.publish.upload.{module}.BLOCK_BYTES", block_bytes))
        stack.enter_context(patch("reelkit.publish.upload.upload.START_BYTES", 4 * block_bytes))
        yield


def content(count: int, seed: int = 0) -> bytes:
    return Random(seed).randbytes(count)


class GrowingFilm:
    """A writer: ``content`` is what its data will be; the head's room is ``first_room`` and doubles as the data does.

    Films of up to ``compact`` bytes are written anew with as little room as they need.
    """

    def __init__(self, path: Path, data: bytes, first_room: int, compact: int = 0) -> None:
        self.path = path
        self.part = path.with_name(path.name + ".part")
        self.data = data
        self.written = 0
        self._first_room = first_room
        self._compact = compact
        self._told: GrowingFile | None = None
        self._begin()

    def _begin(self) -> None:
        self.part.write_bytes(b"")
        self.growth = Growth(self.path, self.part, self._first_room)
        self.written = 0
        self._told = None

    def restart(self, until: int) -> None:
        """Another writer took over, and is at ``until`` so far."""
        self._begin()
        self.grow(until)

    def grow(self, count: int) -> None:
        stop = min(len(self.data), self.written + count)
        self.growth.digests.add(self.data[self.written : stop])
        self.written = stop
        while self._first_room and self.growth.head_bytes < self.written // 8:
            self.growth.head_bytes *= 2
        replaced = self.part.with_name("new")
        replaced.write_bytes(bytes(self.growth.head_bytes) + self.data[: self.written])
        replaced.replace(self.part)

    def report(self) -> GrowingFile | None:
        """As a supervisor has it."""
        news = self.growth.news("video")
        if news is not None:
            self._told = news.following(self._told)
        return self._told

    def finish(self, *, known: bool = True) -> FinishedFile:
        head_bytes = self.growth.head_bytes
        if self.written <= self._compact:
            head_bytes = min(head_bytes, 1 + self.written // 10)
        self.path.write_bytes(content(head_bytes, 99) + self.data[: self.written])
        self.part.unlink()
        return FinishedFile(
            path=self.path,
            size_bytes=head_bytes + self.written,
            head_bytes=head_bytes,
            blocks=self.growth.digests.all_blocks() if known else (),
        )
