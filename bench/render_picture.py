"""What composing a film's picture costs: processor time per second of film, by part.

    python -m bench.render_picture [--people 4] [--seconds 20] [--size 1280x720] [--watermark 320x180]
                                [--changes 12] [--profile]

The cameras are 640 x 360 VP8 at 30 fps and 600 kb/s with textured, moving content; everyone's camera is on.
``decode only`` decodes the same access units and does nothing else.
"""

import argparse
import cProfile
import math
import pstats
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from bench.textured import FPS, HEIGHT_PX, WIDTH_PX, write_camera
from reelkit.capture.catalog import Catalog
from reelkit.capture.events import MediaKind, PeerJoined, PeerLeft, ProducerOpened, SessionStarted, Source
from reelkit.capture.journal import JournalReader, JournalWriter
from reelkit.capture.unit_reader import UnitReader
from reelkit.clock import SystemClock
from reelkit.render.compositor import Compositor
from reelkit.render.config import VideoSpec, WatermarkSpec
from reelkit.render.corners import Corners
from reelkit.render.memory import keep_freed_memory
from reelkit.render.overlay import Overlay
from reelkit.render.picture import Picture
from reelkit.render.scaler import Scaler
from reelkit.render.video_decoder import VideoDecoder
from reelkit.render.watermark import Watermark
from testbed.capture.mjr_file import file_name

START_S = 1_760_000_000.0

_PARTS: dict[str, tuple[type, str]] = {
    "read and parse": (UnitReader, "poll"),
    "decode": (VideoDecoder, "decode"),
    "scale and copy": (Scaler, "paint"),
    "labels": (Overlay, "lay_on"),
    "watermark": (Watermark, "lay_on"),
    "corners": (Corners, "round_off"),
    "hand out": (Compositor, "_hand_out"),
}


def write_capture(directory: Path, people: int, seconds: int, changes_per_minute: int = 0) -> None:
    """A capture in which ``people`` are there from the beginning to the end, and one more, without a camera, comes and
    goes so many times a minute."""
    (directory / "rtp").mkdir(parents=True)
    journal = JournalWriter(directory / "journal.jsonl", SystemClock(), 10.0)
    journal.append(SessionStarted(time_s=START_S - 1, session_id="s", meeting_id="m", title="Bench"))
    for person in range(people):
        peer_id, feed = f"peer-{person}", f"feed-{person}"
        journal.append(PeerJoined(time_s=START_S - 1, peer_id=peer_id, participant_id=peer_id, name=f"Person {person}"))
        journal.append(
            ProducerOpened(
                time_s=START_S - 1,
                producer_id=f"camera-{person}",
                peer_id=peer_id,
                feed=feed,
                mid="0",
                mindex=0,
                kind=MediaKind.VIDEO,
                source=Source.CAMERA,
                codec="vp8",
            )
        )
        path = directory / "rtp" / file_name("s", feed, START_S - 1, MediaKind.VIDEO, 0)
        write_camera(path, START_S - 1, START_S + person * 0.007, seconds * FPS, person)
    for change in range(seconds * changes_per_minute // 60):
        time_s = START_S + (change + 0.5) * 60 / changes_per_minute
        if change % 2:
            journal.append(PeerLeft(time_s=time_s, peer_id="guest"))
        else:
            journal.append(PeerJoined(time_s=time_s, peer_id="guest", participant_id="guest", name="Guest"))
    journal.close()


@contextmanager
def timed(spent_s: dict[str, float]) -> Iterator[None]:
    """Adds up what each part takes; scaling does not count what it calls of the others."""
    originals = {name: getattr(kind, method) for name, (kind, method) in _PARTS.items()}

    def timing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def wrapped(*arguments: Any, **named: Any) -> Any:  # noqa: ANN401 - stands in for any function
            begun_s = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                spent_s[name] = spent_s.get(name, 0.0) + time.thread_time() - begun_s

        return wrapped

    for name, (kind, method) in _PARTS.items():
        setattr(kind, method, timing(name, originals[name]))
    try:
        yield
    finally:
        for name, (kind, method) in _PARTS.items():
            setattr(kind, method, originals[name])


def compose(directory: Path, spec: VideoSpec, seconds: int) -> float:
    """Composes the whole film; gives the processor time that it took."""
    picture = Picture(Catalog(directory / "rtp"), spec, Watermark.of(spec, directory), directory)
    picture.extend(JournalReader(directory / "journal.jsonl").poll())
    picture.poll(math.inf)
    begun_s = time.process_time()
    for frame in range(seconds * FPS):
        picture.frame(START_S + frame / FPS)
    return time.process_time() - begun_s


def write_watermark(directory: Path, size: str) -> WatermarkSpec:
    """An image of noise, none of whose pixels is quite opaque."""
    width, height = (int(side) for side in size.split("x"))
    rgba = np.random.default_rng(1).integers(0, 255, (height, width, 4), np.uint8)
    Image.fromarray(rgba).save(directory / "watermark.png")
    return WatermarkSpec(file=Path("watermark.png"), position="right bottom")


def decode_only(directory: Path) -> float:
    """Decodes all access units; gives the processor time that decoding alone took."""
    spent_s = 0.0
    for path in sorted((directory / "rtp").iterdir()):
        reader = UnitReader(path, "vp8")
        reader.poll(math.inf)
        units = [reader.unit(index).data for index in range(reader.start, reader.stop)]
        decoder = VideoDecoder("vp8")
        begun_s = time.process_time()
        for data in units:
            decoder.decode(data)
        spent_s += time.process_time() - begun_s
    return spent_s


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--people", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--size", default="1280x720")
    parser.add_argument(
        "--watermark", metavar="SIZE", help="an image of this size over the film; its parts are the labels'"
    )
    parser.add_argument("--changes", type=int, default=0, help="somebody comes or goes so many times a minute")
    parser.add_argument("--profile", action="store_true", help="print the functions that take most")
    arguments = parser.parse_args()
    width, height = (int(side) for side in arguments.size.split("x"))
    spec = VideoSpec(width_px=width, height_px=height, fps=FPS)
    seconds: int = arguments.seconds
    keep_freed_memory()
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary) / "capture"
        write_capture(directory, arguments.people, seconds, arguments.changes)
        if arguments.watermark:
            spec = spec.model_copy(update={"watermark": write_watermark(directory, arguments.watermark)})
        if arguments.profile:
            profiler = cProfile.Profile()
            profiler.runcall(compose, directory, spec, seconds)
            pstats.Stats(profiler).sort_stats("tottime").print_stats(25)
            return
        compose(directory, spec, min(seconds, 2))
        baseline_s = decode_only(directory)
        total_s = compose(directory, spec, seconds)
        parts: dict[str, float] = {}
        with timed(parts):
            measured_s = compose(directory, spec, seconds)
        for enclosing in ("labels", "hand out"):  # which it is also counted in
            parts[enclosing] -= parts.get("watermark", 0.0)
    print(f"{arguments.people} x {WIDTH_PX}x{HEIGHT_PX} VP8 at {FPS} fps into {arguments.size}, {seconds} s; cores:")
    for name, spent_s in parts.items():
        print(f"  {name:<16} {spent_s / seconds:.4f}")
    print(f"  {'the rest':<16} {(measured_s - sum(parts.values())) / seconds:.4f}   (with the cost of measuring)")
    print(f"  {'all':<16} {total_s / seconds:.4f}   (without measuring)")
    print(f"  {'decode only':<16} {baseline_s / seconds:.4f}")
    print(f"  {'outside decode':<16} {(total_s - baseline_s) / seconds:.4f}")
    print(f"  memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024} MB")


if __name__ == "__main__":
    main()
