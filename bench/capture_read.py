"""What reading a capture costs: microseconds of processor time per packet, and cores for a live meeting.

.venv/bin/python bench/capture_read.py [--people 4] [--seconds 120]
"""

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from reelkit.capture.catalog import Catalog, PacketFile, TrackKey
from reelkit.capture.events import MediaKind, ProducerOpened
from reelkit.capture.journal import JournalReader
from reelkit.capture.mjr import MjrReader
from reelkit.capture.stream import StreamReader
from reelkit.capture.unit_reader import UnitReader
from testbed.capture import CaptureSpec, CaptureWriter, Device, Link, write_capture
from testbed.timeline import Timeline, people

POLL_S = 0.1
FLUSH_S = 0.1


def files_of(capture: Path) -> list[tuple[PacketFile, ProducerOpened]]:
    catalog = Catalog(capture / "rtp")
    catalog.scan()
    events = JournalReader(capture / "journal.jsonl").poll()
    opened = [event for event in events if isinstance(event, ProducerOpened)]
    return [(file, event) for event in opened for file in catalog.files(TrackKey.of(event))]


def measure(name: str, capture: Path, read: Callable[[PacketFile, ProducerOpened], int]) -> None:
    for kind in MediaKind:
        files = [(file, event) for file, event in files_of(capture) if event.kind is kind]
        best_us = math.inf
        count = 0
        for _ in range(3):
            started_s = time.process_time()
            count = sum(read(file, event) for file, event in files)
            best_us = min(best_us, 1e6 * (time.process_time() - started_s) / count)
        print(f"{name:32} {kind:5} {count:7} packets {best_us:6.2f} µs each")


def raw(file: PacketFile, _: ProducerOpened) -> int:
    return len(MjrReader(file.path).poll())


def stream(file: PacketFile, event: ProducerOpened) -> int:
    reader = StreamReader(file.path, 48_000 if event.kind is MediaKind.AUDIO else 90_000)
    reader.poll(math.inf)
    return reader.counters.received


def units(file: PacketFile, event: ProducerOpened) -> int:
    reader = UnitReader(file.path, event.codec, extmap=event.extmap)
    reader.poll(math.inf)
    return reader.counters.received


def live(spec: CaptureSpec, directory: Path) -> None:
    """Reads as a renderer does: a poll each 100 ms of all tracks, trimming, a checkpoint each 3.2 s."""
    readers: dict[Path, UnitReader] = {}
    spent_s = 0.0
    polls = round(spec.timeline.duration_s / POLL_S)
    with CaptureWriter(spec, directory) as writer:
        for number in range(1, polls + 1):
            now_s = spec.wall_s(number * POLL_S)
            writer.write_until(now_s)
            if not readers:
                readers = {
                    file.path: UnitReader(file.path, event.codec, extmap=event.extmap)
                    for file, event in files_of(directory)
                }
            started_s = time.process_time()
            for reader in readers.values():
                reader.poll(now_s - FLUSH_S)
                reader.trim(reader.stop - 2)
                if number % 32 == 0:
                    json.dumps(reader.state())
            spent_s += time.process_time() - started_s
    packets = sum(reader.counters.received for reader in readers.values())
    duration_s = spec.timeline.duration_s
    print(
        f"live, {len(readers)} tracks, {packets / duration_s:.0f} packets/s, polled each {POLL_S:g} s: "
        f"{spent_s / duration_s:.4f} cores, {1e6 * spent_s / packets:.2f} µs a packet"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=120.0)
    arguments = parser.parse_args()
    timeline = Timeline(arguments.seconds, people(arguments.people))
    rough = Link(loss=0.005, late=0.03, swapped=0.01, jitter_s=0.01)
    device = Device(width_px=640, height_px=360)
    specs = {
        "clean": CaptureSpec(timeline, device=device),
        "rough": CaptureSpec(timeline, device=Device(width_px=640, height_px=360, video_link=rough, audio_link=rough)),
    }
    with tempfile.TemporaryDirectory() as directory:
        for name, spec in specs.items():
            capture = write_capture(spec, Path(directory) / name)
            measure(f"{name}: records", capture, raw)
            measure(f"{name}: order and time", capture, stream)
            measure(f"{name}: access units", capture, units)
        live(specs["rough"], Path(directory) / "live")


if __name__ == "__main__":
    main()
