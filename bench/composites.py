"""The composited pictures of a capture's film, before any encoder."""

import math
import time
from collections.abc import Iterator
from pathlib import Path

import av

from bench.meeting_capture import START_S
from reelkit.capture.catalog import Catalog
from reelkit.capture.journal import JournalReader
from reelkit.render.config import VideoSpec
from reelkit.render.picture import Picture


def composites(capture: Path, spec: VideoSpec, seconds: float, start_s: float = START_S) -> Iterator[av.VideoFrame]:
    """The film's frames from the wall-clock instant ``start_s`` on. An unchanged frame is the same object again."""
    picture = Picture(Catalog(capture / "rtp"), spec)
    picture.extend(JournalReader(capture / "journal.jsonl").poll())
    picture.poll(math.inf)
    for number in range(round(seconds * spec.fps)):
        yield picture.frame(start_s + number / spec.fps)


class Stopwatch:
    """Adds up the processor time of this process over blocks of work."""

    def __init__(self) -> None:
        self.spent_s = 0.0
        self._begun_s = 0.0

    def __enter__(self) -> None:
        self._begun_s = time.process_time()

    def __exit__(self, *_: object) -> None:
        self.spent_s += time.process_time() - self._begun_s
