"""How far a live stream is behind the meeting: glass to server.

    scripts/netns.sh .venv/bin/python -m bench.rtmp_delay [--seconds 60] [--people 2]

First what the design costs, without any load: a capture grows on a clock of its own, and for each packet it is told how
far the meeting was ahead when it left its encoder. Then a real meeting (Janus, synthetic people, a server in front of
which nothing stands): a client pulls the stream from nginx, and for each flash that was declared it is told when the
packet with its first picture arrived there. The machine's clock is the same at both ends.
"""

import argparse
import asyncio
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from itertools import pairwise
from pathlib import Path

import av
import numpy as np
from rich.console import Console
from rich.table import Table

from reelkit.clock import SystemClock
from reelkit.process import wait_until
from reelkit.render.config import RenderConfig
from reelkit.render.renderer import Renderer
from reelkit.render.tap import Encoded
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter
from testbed.nginx_rtmp import NginxRtmp
from testbed.participant import SyntheticParticipant, prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people

KEY = "delay"
BRIGHT = 140.0
"""A tile is white while its person flashes."""
REACH_S = 6.0
"""An arrival belongs to a flash at most so long before it."""


class GrowingClock(SystemClock):
    """Time goes on only while somebody waits, and the capture grows with it."""

    def __init__(self, writer: CaptureWriter) -> None:
        self._now_s = ZERO_S - 1.0
        self._writer = writer

    def time_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep(self, duration_s: float) -> None:
        self._now_s += duration_s
        self._writer.write_until(self._now_s)


class Ages:
    """A tap that notes how far the meeting is ahead."""

    def __init__(self, clock: GrowingClock) -> None:
        self._clock = clock
        self.by_kind: dict[str, list[float]] = {"video": [], "audio": []}

    def take(self, packets: Sequence[Encoded]) -> None:
        for packet in packets:
            self.by_kind[packet.kind].append(self._clock.time_s() - packet.wall_s)

    def idle(self, until_s: float) -> None:
        """There is no pause."""


def by_design(directory: Path) -> dict[str, list[float]]:
    """Ages of packets as they leave the encoders of a renderer that takes no time."""
    spec = CaptureSpec(Timeline(20.0, people(2)))
    with CaptureWriter(spec, directory / "capture") as writer:
        clock = GrowingClock(writer)
        ages = Ages(clock)
        config = RenderConfig(recording_id=spec.recording_id, live=True, stream=True)
        Renderer(directory / "capture", config, directory / "job", clock, ages).run(lambda _: None, lambda _: None)
    # What the end releases at once says nothing.
    return {kind: found[: -len(found) // 5] for kind, found in ages.by_kind.items()}


class Pull(threading.Thread):
    """A client of the server: when each picture arrived, and how bright the tiles were."""

    def __init__(self, url: str, tiles: int) -> None:
        super().__init__(name="pull", daemon=True)
        self._url = url
        self._tiles = tiles
        self.over = False
        self.seen: list[tuple[float, list[float]]] = []

    def run(self) -> None:
        # Half a second of a stream that has just begun may be its sound alone: then it is asked again.
        while not self.over and not self._pulled():
            pass

    def _pulled(self) -> bool:
        """Takes the pictures until the stream is over; False if it showed none."""
        options = {"fflags": "nobuffer", "rtmp_live": "live", "rtmp_buffer": "0", "analyzeduration": "500000"}
        with av.open(self._url, options=options, timeout=10.0) as container:
            if not container.streams.video:
                return False
            arrived_s: dict[int, float] = {}
            for packet in container.demux(video=0):
                if self.over:
                    return True
                if packet.pts is not None:
                    arrived_s[packet.pts] = time.time()
                for frame in packet.decode():
                    assert isinstance(frame, av.VideoFrame)
                    self.seen.append((arrived_s.pop(frame.pts or 0, time.time()), self._levels(frame)))
        return True

    def _levels(self, frame: av.VideoFrame) -> list[float]:
        grey = frame.to_ndarray(format="gray")
        columns = np.array_split(grey[grey.shape[0] // 3 : -grey.shape[0] // 3], self._tiles, axis=1)
        return [float(column[:, column.shape[1] // 4 : -column.shape[1] // 4].mean()) for column in columns]

    def flashes_s(self, tile: int) -> list[float]:
        """When the first picture of each flash arrived."""
        bright = [(at_s, levels[tile] > BRIGHT) for at_s, levels in self.seen]
        return [at_s for (_, before), (at_s, now) in pairwise(bright) if now and not before]


async def measure(seconds: float, count: int) -> dict[str, list[float]]:
    """Seconds from each declared flash to its arrival at the client, by person."""
    timeline = Timeline(seconds + 60.0, people(count))
    await prepare(timeline)
    environment = {"REELKIT_EGRESS__ALLOWED_NETWORKS": '["127.0.0.0/8"]'}
    with tempfile.TemporaryDirectory() as scratch:
        async with (
            NginxRtmp(Path(scratch)) as server,
            Stack(environment=environment) as stack,
            AsyncExitStack() as leaving,
        ):
            meeting_id = await stack.api.create_meeting()
            zero_s = time.time() + 2.0
            for person in timeline.participants:
                guest = await stack.api.add_guest(meeting_id, person.name)
                player = SyntheticParticipant(stack.address, guest.token, person, zero_s=zero_s)
                await leaving.enter_async_context(player)
                await player.join()
                await player.microphone(on=True)
                await player.camera(on=True)
            recording_id = await stack.api.start_recording(meeting_id, rtmp_out_config={"rtmp_url": server.url(KEY)})

            async def arrives() -> bool:
                return any(file.stat().st_size > 100_000 for file in server.recordings(KEY))

            await wait_until(arrives, timeout_s=30.0)
            pull = Pull(server.url(KEY), count)
            pull.start()
            await asyncio.sleep(seconds)
            pull.over = True
            await stack.api.stop_recording(recording_id)
            await stack.api.recording_in(recording_id, "UPLOADED")
            await asyncio.to_thread(pull.join, 10.0)
    delays: dict[str, list[float]] = {}
    for tile, person in enumerate(timeline.participants):
        declared = [zero_s + at_s for at_s in timeline.flashes(person)]
        for arrived_s in pull.flashes_s(tile):
            before = [at_s for at_s in declared if arrived_s - REACH_S < at_s <= arrived_s]
            # The stream is more than one period of flashes behind: the nearest that is far enough is meant.
            candidates = [arrived_s - at_s for at_s in before if arrived_s - at_s > 1.5]
            if candidates:
                delays.setdefault(person.name, []).append(min(candidates))
    return delays


def show(console: Console, title: str, found: dict[str, list[float]]) -> None:
    table = Table(title=title)
    for column in ("", "count", "p50", "p95", "most"):
        table.add_column(column, justify="right")
    everything = [value for values in found.values() for value in values]
    for name, values in (*found.items(), ("all", everything)):
        if values:
            p50, p95 = np.percentile(values, (50, 95))
            table.add_row(name, str(len(values)), f"{p50:.2f} s", f"{p95:.2f} s", f"{max(values):.2f} s")
    console.print(table)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--people", type=int, default=2, choices=(1, 2), help="side by side, so that tiles are columns")
    given = parser.parse_args()
    console = Console(width=120)
    with tempfile.TemporaryDirectory() as scratch:
        show(console, "Behind the meeting when a packet leaves its encoder", by_design(Path(scratch)))
    show(
        console,
        "From a flash to its packet at a client of the server",
        asyncio.run(measure(given.seconds, given.people)),
    )


if __name__ == "__main__":
    main()
