"""Connections to storage cut at random moments of uploads: what becomes of the objects.

    scripts/netns.sh .venv/bin/python -m bench.storage_cuts [--cuts 50] [--seed 1] [--kinds s3 azure gcs sftp]

For each kind of storage a real server on loopback, behind a link that is cut after random amounts of data, and files of
random bytes that are uploaded one after the other until there were so many cuts. Now and then the process that uploads
is "killed" too: its upload goes on from the state that it saved last. After each upload the object is read back by a
good link and compared. The exit status is 1 if one was not right.
"""

import argparse
import asyncio
import hashlib
import logging
import random
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from reelkit.clock import SystemClock
from reelkit.publish.storage.base import Destination
from reelkit.publish.upload.retry import Patience
from reelkit.publish.upload.source import FinishedFile
from reelkit.publish.upload.state import UploadState
from reelkit.publish.upload.upload import Upload
from testbed.storage.places import KINDS, Place

FILE_BYTES = 64 << 20
MEAN_BYTES = 14 << 20
"""Between two cuts: somewhat less than two parts, which travel at once."""
KILL_CHANCE = 0.3
"""Of an upload to be given up once and taken over from its saved state."""
PATIENCE = Patience(first_s=0.02, most_s=0.2)


@dataclass
class Tally:
    """What happened to one kind."""

    uploads: int = 0
    wrong: int = 0
    cuts: int = 0
    restarts: int = 0
    failures: int = 0
    beginnings: int = 0
    file_bytes: int = 0
    sent_bytes: int = 0
    seconds: float = 0.0


async def cut_and_send(kind: str, cuts: int, seed: int) -> Tally:
    """Uploads until there were so many cuts."""
    tally, chance = Tally(), random.Random(f"{kind} {seed}")
    with tempfile.TemporaryDirectory() as scratch:
        root, film = Path(scratch) / "server", Path(scratch) / "film.mp4"
        root.mkdir()
        async with KINDS[kind](root) as place:
            while tally.cuts < cuts:
                size = chance.randrange(FILE_BYTES // 2, FILE_BYTES)
                film.write_bytes(chance.randbytes(size))
                await _one(place, film, chance, tally)
                tally.file_bytes += size
    return tally


async def _one(place: Place, film: Path, chance: random.Random, tally: Tally) -> None:
    name = f"film-{tally.uploads}.mp4"
    size = film.stat().st_size
    with film.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    saved = UploadState(name=name, content_type="video/mp4").model_dump_json()

    async def save(state: UploadState) -> None:
        nonlocal saved
        saved = state.model_dump_json()

    def upload() -> Upload:
        state = UploadState.model_validate_json(saved)
        return Upload(place.open(), state, save, clock=SystemClock(), random=chance, patience=PATIENCE)

    cuts, sent, began_s = place.link.cuts, place.link.sent_bytes, time.monotonic()
    place.link.cut_randomly(MEAN_BYTES, seed=chance.randrange(1 << 30))
    if chance.random() < KILL_CHANCE:
        task = asyncio.create_task(upload().finish(FinishedFile(path=film, size_bytes=size)))
        await asyncio.wait({task}, timeout=chance.uniform(0.05, 0.5))
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        tally.restarts += 1
    await upload().finish(FinishedFile(path=film, size_bytes=size))
    place.link.cut_randomly(None)
    tally.seconds += time.monotonic() - began_s
    tally.cuts += place.link.cuts - cuts
    tally.sent_bytes += place.link.sent_bytes - sent
    tally.uploads += 1
    state = UploadState.model_validate_json(saved)
    tally.failures += state.failures
    tally.beginnings += state.beginnings
    tally.wrong += await _digest(place.open(), name) != digest
    await place.close()


async def _digest(destination: Destination, name: str) -> str:
    found = hashlib.sha256()
    async for piece in destination.read(name):
        found.update(piece)
    return found.hexdigest()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=["s3", "azure", "gcs", "sftp"])
    options = parser.parse_args()
    # Each cut is a warning.
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    columns = ("storage", "uploads", "wrong", "cuts", "takeovers", "failed calls", "begun", "MB", "MB sent", "s")
    table = Table(*columns, title="Connections cut during uploads")
    wrong = 0
    for kind in options.kinds:
        tally = asyncio.run(cut_and_send(kind, options.cuts, options.seed))
        wrong += tally.wrong
        row = (tally.uploads, tally.wrong, tally.cuts, tally.restarts, tally.failures, tally.beginnings)
        megabytes = (f"{size / 1e6:.0f}" for size in (tally.file_bytes, tally.sent_bytes))
        table.add_row(kind, *map(str, row), *megabytes, f"{tally.seconds:.0f}")
    Console(width=120).print(table)
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())
