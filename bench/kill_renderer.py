"""SIGKILL of the renderer at random moments of a recording: the film must be complete.

    scripts/netns.sh .venv/bin/python -m bench.kill_renderer [--kills 20] [--seed 1]

Plays the reference minute with synthetic people and kills the recording's renderer at random moments. The baseline is
the same minute without kills, in the same run.
"""

import argparse
import asyncio
import random
import signal
import tempfile
from pathlib import Path

import psutil
from rich.console import Console

from testbed.rehearsal import Rehearsal, rehearse
from testbed.stack import Stack
from testbed.timeline import minute_of_four

WORKER_MODULE = "reelkit.fleet.worker"
RESTART_POLL_S = 0.02


def renderer(stack: Stack) -> psutil.Process | None:
    """The renderer's process, if one is running just now."""
    for process in stack.descendants():
        try:
            if WORKER_MODULE in process.cmdline():
                return process
        except psutil.NoSuchProcess:
            continue
    return None


async def measure(kills: int, seed: int) -> None:
    timeline = minute_of_four()
    console = Console(width=160)
    chance = random.Random(seed)
    moments_s = sorted(chance.uniform(1.0, timeline.duration_s - 3.0) for _ in range(kills))
    done: list[float] = []

    async def kill(_: str) -> None:
        loop = asyncio.get_running_loop()
        begin_s = loop.time()
        for moment_s in moments_s:
            await asyncio.sleep(max(0.0, begin_s + moment_s - loop.time()))
            # The one before was killed just now.
            while (process := renderer(stack)) is None:  # noqa: ASYNC110 - another process is waited for
                await asyncio.sleep(RESTART_POLL_S)
            process.send_signal(signal.SIGKILL)
            done.append(moment_s)

    results: list[tuple[str, Rehearsal]] = []
    with tempfile.TemporaryDirectory() as scratch:
        for name, during in (("without kills", None), ("with kills", kill)):
            directory = Path(scratch) / name
            directory.mkdir()
            async with Stack() as stack:
                results.append((name, await rehearse(stack, timeline, directory, during=during)))
        for name, result in results:
            console.print(f"[bold]{name}[/bold]: stop to UPLOADED {result.stop_to_uploaded_s:.2f} s")
            result.check(timeline).print(console)
    console.print(f"killed the renderer {len(done)} times at {', '.join(f'{moment_s:.1f}' for moment_s in done)} s")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    asyncio.run(measure(given.kills, given.seed))


if __name__ == "__main__":
    main()
