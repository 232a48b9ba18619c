"""A long recording: the time from stop to UPLOADED must not grow with it, nor the renderer's memory, nor its lag.

    scripts/netns.sh .venv/bin/python -m bench.long_recording [--minutes 30] [--people 2]

The baseline is a recording of the first minute of the same meeting, in the same run.
"""

import argparse
import asyncio
import re
import tempfile
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import av
import httpx
from rich.console import Console
from rich.table import Table

from testbed.participant import SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import people

SAMPLE_EVERY_S = 2.0
_LAG = re.compile(r"^reelkit_renderer_lag_seconds\{[^}]*\} (\S+)$", re.MULTILINE)
_MEMORY = re.compile(r"^reelkit_renderer_memory_bytes\{[^}]*\} (\S+)$", re.MULTILINE)


@dataclass
class Watched:
    """What the metrics said of the renderer."""

    lags_s: list[float] = field(default_factory=list)
    memory_bytes: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class Result:
    minutes: float
    stop_to_uploaded_s: float
    film_s: float
    size_bytes: int
    watched: Watched


async def record(stack: Stack, meeting_id: str, minutes: float, directory: Path) -> Result:
    recording_id = await stack.api.start_recording(meeting_id)
    end_s = time.monotonic() + minutes * 60
    watched = Watched()
    async with httpx.AsyncClient() as client:
        while time.monotonic() < end_s:
            await asyncio.sleep(min(SAMPLE_EVERY_S, max(0.0, end_s - time.monotonic())))
            text = (await client.get(f"{stack.listening.http}/metrics")).text
            watched.lags_s += [float(value) for value in _LAG.findall(text)]
            watched.memory_bytes += [float(value) for value in _MEMORY.findall(text)]
    stopped_s = time.monotonic()
    await stack.api.stop_recording(recording_id)
    recording = await stack.api.recording_in(recording_id, "UPLOADED")
    stop_to_uploaded_s = time.monotonic() - stopped_s
    film = await stack.api.download(recording, directory)
    with av.open(film) as container:
        assert container.duration is not None
        film_s = container.duration / av.time_base
    return Result(minutes, stop_to_uploaded_s, film_s, film.stat().st_size, watched)


async def measure(minutes: float, count: int) -> None:
    with tempfile.TemporaryDirectory() as scratch:
        async with Stack() as stack, AsyncExitStack() as leaving:
            meeting_id = await stack.api.create_meeting()
            zero_s = time.time()
            for person in people(count):
                guest = await stack.api.add_guest(meeting_id, person.name)
                player = SyntheticParticipant(stack.address, guest.token, person, zero_s=zero_s)
                await leaving.enter_async_context(player)
                await player.join()
                await player.microphone(on=True)
                await player.camera(on=True)
            results = [await record(stack, meeting_id, length, Path(scratch)) for length in (1.0, minutes)]
    table = Table("film", "size", "stop → UPLOADED", "lag p50", "lag max", "memory first", "memory max")
    for result in results:
        lags = sorted(result.watched.lags_s)
        memory = result.watched.memory_bytes
        table.add_row(
            f"{result.film_s:.1f} s",
            f"{result.size_bytes / 1e6:.1f} MB",
            f"{result.stop_to_uploaded_s:.2f} s",
            f"{lags[len(lags) // 2]:.2f} s",
            f"{lags[-1]:.2f} s",
            f"{memory[len(memory) // 10] / 1e6:.0f} MB",
            f"{max(memory) / 1e6:.0f} MB",
        )
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30.0)
    parser.add_argument("--people", type=int, default=2, choices=range(1, 10))
    given = parser.parse_args()
    asyncio.run(measure(given.minutes, given.people))


if __name__ == "__main__":
    main()
