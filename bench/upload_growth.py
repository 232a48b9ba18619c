"""From the stop of a recording to its object in storage, for films of any length.

    scripts/netns.sh .venv/bin/python -m bench.upload_growth [--minutes 1 60 480] [--kind s3] [--crf 40] [--cold]

Some segments of a meeting of four are encoded and stand for all of it, as in bench.film_writer. They are joined to a
film that is sent to a storage server on loopback while it grows. Then comes the stop: the film is finished, put into
the hosted bucket, and the rest of it is sent. The object is compared with the film. With --cold the film is dropped
from the page cache at the stop, as if it had been written long ago. The s3 server (rclone) writes objects in the order
of their parts, and therefore nearly all of the film once it gets the first part, which comes last; azure's does not.
"""

import argparse
import asyncio
import hashlib
import logging
import os
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from random import Random

import structlog
from rich.console import Console
from rich.table import Table

from bench.film_writer import FPS, encode, segment_of
from bench.film_writer import place as put_in_place
from reelkit.clock import SystemClock
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.publish.files import FilesWriter
from reelkit.publish.storage.base import Destination, Part
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.source import FinishedFile
from reelkit.publish.upload.state import UploadState
from reelkit.publish.upload.upload import Upload
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.segment import SegmentPlan
from testbed.storage.places import KINDS

_SEGMENT_S = 3.2
_NAME = "film.mp4"


@dataclass
class Measured:
    """One film."""

    film_s: float
    size_bytes: int
    before_bytes: int
    """What the storage had at the stop."""
    after_bytes: int
    """What was sent after it, with everything around the data."""
    finish_s: float
    bucket_s: float
    upload_s: float
    save_bytes: int
    """Of the last saved state."""
    held_bytes: int
    """Most in memory for parts on their way."""
    same: bool


class _Watched:
    """A destination that counts what is on its way."""

    def __init__(self, destination: Destination) -> None:
        self._destination = destination
        self.held_bytes = self.most_bytes = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self._destination, name)

    async def put_part(self, name: str, upload_id: str, part: Part) -> str:
        self.held_bytes += len(part.data)
        self.most_bytes = max(self.most_bytes, self.held_bytes)
        try:
            return await self._destination.put_part(name, upload_id, part)
        finally:
            self.held_bytes -= len(part.data)


async def measure(minutes: float, encoded: list[Path], root: Path, kind: str, *, cold: bool) -> Measured:
    """Records, stops and delivers a film."""
    (root / "server").mkdir(parents=True)
    (root / "job").mkdir()
    async with KINDS[kind](root / "server") as place:
        destination = place.open()
        watched = _Watched(destination)
        saved = ""

        async def save(state: UploadState) -> None:
            nonlocal saved
            saved = state.model_dump_json()

        upload = Upload(
            watched,  # type: ignore[arg-type]  # hands everything on
            UploadState(name=_NAME, content_type="video/mp4"),
            save,
            clock=SystemClock(),
            random=Random(1),
        )
        with FilesWriter(root / "job", RenderConfig()) as writer:
            await _record(writer, upload, encoded, root, round(minutes * 60 / _SEGMENT_S))
            before_bytes, link_bytes = upload.state.sent_bytes, place.link.sent_bytes
            stopped_s = time.monotonic()
            (film,) = await asyncio.to_thread(writer.finish)
        finished_s = time.monotonic()
        if cold:
            _drop(film.path)
        kept_s = time.monotonic()
        stored = await DirectoryBucket(root / "bucket").put("app", "recording", film.path, _NAME, film.content_type)
        bucket_s = time.monotonic()
        state_bytes = len(saved)
        await upload.finish(FinishedFile.of(film, stored.path))
        sent_s = time.monotonic()
        after_bytes = place.link.sent_bytes - link_bytes
        digest = hashlib.sha256()
        async for piece in destination.read(_NAME):
            digest.update(piece)
        await place.close()
    return Measured(
        film_s=film.duration_s,
        size_bytes=film.size_bytes,
        before_bytes=before_bytes,
        after_bytes=after_bytes,
        finish_s=finished_s - stopped_s,
        bucket_s=bucket_s - kept_s,
        upload_s=sent_s - bucket_s,
        save_bytes=state_bytes,
        held_bytes=watched.most_bytes,
        same=digest.hexdigest() == stored.sha256,
    )


async def _record(writer: FilesWriter, upload: Upload, encoded: list[Path], root: Path, count: int) -> None:
    first, other = encoded
    writer.append(first, segment_of(first, SegmentPlan(0, FPS)))
    moved = root / "segment.mp4"
    told: GrowingFile | None = None
    for index in range(1, count):
        writer.append(moved, put_in_place(other, moved, index))
        for news in writer.growing():
            told = news.following(told)
            await upload.advance(told)


def _drop(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    os.fsync(descriptor)
    os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    os.close(descriptor)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 60.0, 480.0], help="of film")
    parser.add_argument("--directory", type=Path, help="where to write; the system's temporary directory otherwise")
    parser.add_argument("--kind", choices=KINDS, default="s3", help="of storage")
    parser.add_argument("--crf", type=float, default=40.0, help="of the film; 40 gives about 1 GB for 8 hours")
    parser.add_argument("--cold", action="store_true", help="drop the film from the page cache at the stop")
    arguments = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    columns = (
        "film min",
        "MB",
        "MB sent before",
        "after",
        "finish s",
        "bucket s",
        "upload s",
        "stop to end s",
        "MB held",
    )
    table = Table(*columns, "state kB", "same", title=f"From the stop to the object: {arguments.kind}")
    with tempfile.TemporaryDirectory(dir=arguments.directory) as temporary:
        encoded = encode(Path(temporary), RenderConfig(video=VideoSpec(crf=arguments.crf)))
        for minutes in arguments.minutes:
            with tempfile.TemporaryDirectory(dir=arguments.directory) as root:
                measured = measure(minutes, encoded, Path(root) / "run", arguments.kind, cold=arguments.cold)
                found = asyncio.run(measured)
            total_s = found.finish_s + found.bucket_s + found.upload_s
            megabytes = (f"{size / 1e6:.1f}" for size in (found.size_bytes, found.before_bytes, found.after_bytes))
            seconds = (f"{each:.2f}" for each in (found.finish_s, found.bucket_s, found.upload_s, total_s))
            state = (f"{found.held_bytes / 1e6:.0f}", f"{found.save_bytes / 1e3:.0f}", str(found.same))
            table.add_row(f"{found.film_s / 60:.0f}", *megabytes, *seconds, *state)
    Console(width=130).print(table)


if __name__ == "__main__":
    main()
