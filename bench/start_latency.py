"""How long the start call takes until media is captured, and the stop until the film can be downloaded.

    scripts/netns.sh .venv/bin/python -m bench.start_latency [--starts 20] [--seconds 4]

Three synthetic people talk; recordings are started and stopped one after the other through the official client. The
answer of the start call says RECORDING, which is only said when packets are on disk. The baseline is an API call that
does nothing but read one row.
"""

import argparse
import asyncio
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from testbed.participant import SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import people


async def measure(starts: int, seconds: float) -> None:
    async with Stack() as stack, AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        zero_s = time.time()
        for person in people(3):
            guest = await stack.api.add_guest(meeting_id, person.name)
            player = SyntheticParticipant(stack.address, guest.token, person, zero_s=zero_s)
            await leaving.enter_async_context(player)
            await player.join()
            await player.microphone(on=True)
            await player.camera(on=True)
        reads_ms, starts_ms, stops_ms = [], [], []
        for _ in range(starts):
            called_s = time.monotonic()
            recording_id = await stack.api.start_recording(meeting_id)
            starts_ms.append((time.monotonic() - called_s) * 1000)
            called_s = time.monotonic()
            recording = await stack.api.recording(recording_id)
            reads_ms.append((time.monotonic() - called_s) * 1000)
            assert recording.status == "RECORDING"
            await asyncio.sleep(seconds)
            called_s = time.monotonic()
            await stack.api.stop_recording(recording_id)
            await stack.api.recording_in(recording_id, "UPLOADED")
            stops_ms.append((time.monotonic() - called_s) * 1000)
        with tempfile.TemporaryDirectory() as scratch:
            await stack.api.download(await stack.api.recording(recording_id), Path(scratch))
    table = Table("call", "n", "p50 ms", "p95 ms", "max ms", "p50 / baseline")
    baseline = float(np.percentile(reads_ms, 50))
    for name, values in (
        ("read a recording (baseline)", reads_ms),
        ("start → RECORDING", starts_ms),
        (f"stop → UPLOADED ({seconds:g} s film)", stops_ms),
    ):
        p50, p95 = np.percentile(values, [50, 95])
        table.add_row(name, str(len(values)), f"{p50:.0f}", f"{p95:.0f}", f"{max(values):.0f}", f"{p50 / baseline:.1f}")
    Console(width=120).print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--starts", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=4.0, help="length of each recording")
    given = parser.parse_args()
    asyncio.run(measure(given.starts, given.seconds))


if __name__ == "__main__":
    main()
