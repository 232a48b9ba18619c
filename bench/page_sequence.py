"""Many short recordings of a page one after the other, and whether anything is left of them.

    scripts/netns.sh .venv/bin/python -m bench.page_sequence [--recordings 50] [--seconds 5]

Each has a worker and a browser of its own. What there is on the machine is looked at before, after the first recording
and after the last: processes, directories, lock files, sockets, control groups, and the memory, descriptors and threads
of the process that supervises them. What the first recording brings along for all (an imported module, a thread for
files) is no leak; what further ones add is.
"""

import argparse
import asyncio
import os
import shutil
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.page_recording import PageRecorder
from bench.quiet import quiet
from bench.site import Site
from bench.traces import Traces, traces

PAGES = Path(__file__).with_name("pages")
GONE_WITHIN_S = 5.0
"""Of a recording that has ended: keepers clean up behind their workers."""
MOST_GROWTH_BYTES = 4 << 20
"""What the supervising process may grow between the first recording and the last: more than the allocator's play."""
_POLL_S = 0.1


@dataclass(frozen=True)
class Sequence:
    before: Traces
    first: Traces
    last: Traces
    recorded: int
    films_s: float
    """Of all films together."""

    def leaks(self) -> dict[str, list[str]]:
        """What is left, by kind: of the machine's since before, of this process's since the first recording."""
        since_before, since_first = self.last.left(self.before), self.last.left(self.first)
        return {
            kind: sorted(since_first[kind] if kind.endswith("of this process") else names)
            for kind, names in since_before.items()
        }

    @property
    def growth_bytes(self) -> int:
        """Of this process between the first recording and the last."""
        return self.last.resident_bytes - self.first.resident_bytes


async def measure(directory: Path, recordings: int, seconds: float) -> Sequence:
    """Makes the recordings. Raises PageNotRecorded."""
    # A pool would grow for a while whatever it does.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(1))
    with Site(PAGES) as origin:
        async with PageRecorder(directory) as recorder:
            before = await _settled(recorder, None)
            first = before
            films_s = 0.0
            for number in range(recordings):
                recording = await recorder.start(f"{origin}/canvas.html")
                await asyncio.sleep(seconds)
                film = await recording.stop()
                films_s += film.report.duration_s
                # Films are meant to stay, but not fifty.
                shutil.rmtree(film.path.parent)
                del recording, film
                if number == 0:
                    first = await _settled(recorder, before)
            return Sequence(before, first, await _settled(recorder, before), recordings, films_s)


async def _settled(recorder: PageRecorder, before: Traces | None) -> Traces:
    """What there is when nothing more seems to go."""
    deadline_s = time.monotonic() + GONE_WITHIN_S
    while True:
        found = await asyncio.to_thread(traces, recorder.directory, recorder.browsers_dir)
        if before is None or not any(found.left(before).values()) or time.monotonic() > deadline_s:
            return found
        await asyncio.sleep(_POLL_S)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recordings", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=5.0, help="length of each")
    given = parser.parse_args()
    quiet()
    console = Console(width=120)
    with tempfile.TemporaryDirectory(prefix="reelkit-page-sequence-") as temporary:
        own = Path(temporary) / "tmp"
        own.mkdir()
        # Of this process and of its workers.
        os.environ["TMPDIR"] = tempfile.tempdir = str(own)
        result = asyncio.run(measure(Path(temporary), given.recordings, given.seconds))
    table = Table("there are", "before", "after the first", f"after {result.recorded}", "left")
    leaks = result.leaks()
    for kind, left in leaks.items():
        counts = (str(len(each.things[kind])) for each in (result.before, result.first, result.last))
        table.add_row(kind, *counts, ", ".join(left) or "nothing")
    memory = (f"{each.resident_bytes / 1e6:.1f} MB" for each in (result.before, result.first, result.last))
    table.add_row("resident memory of this process", *memory, f"{result.growth_bytes / 1e6:+.1f} MB")
    console.print(table)
    clean = not any(leaks.values()) and result.growth_bytes <= MOST_GROWTH_BYTES
    console.print(
        f"{result.recorded} recordings, {result.films_s:.0f} s of film: "
        + ("nothing is left" if clean else "SOMETHING IS LEFT")
    )
    sys.exit(0 if clean else 1)


if __name__ == "__main__":
    main()
