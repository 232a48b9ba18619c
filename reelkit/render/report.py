"""What a renderer tells when it is done, and the counting of processor time for it."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from reelkit.render.loudness import Loudness
from reelkit.render.stream_tally import StreamTally
from reelkit.render.viewing import TrackViewing

ENCODE_VIDEO = "encode_video"
"""The part of the video encoder, which is told apart from all the rest."""
SOURCE = "source"
"""The part of the threads that a film's source has of its own."""


class TrackReport(BaseModel):
    """What came of one packet file, or of all those of a participant's source whose tracks are gone, under the name of
    the first."""

    model_config = ConfigDict(extra="ignore")

    file: str
    kind: str
    packets: int = 0
    """Packets (of audio) or access units (of video) that were read."""
    lost: int = 0
    """Packets that are missing in the file."""
    late: int = 0
    """Duplicates and packets that came after they were given up."""
    concealed: int = 0
    """Lost packets that were made up for."""
    jumps: int = 0
    """How often the sender's clock jumped, so that the track was placed anew."""
    decoder_errors: int = 0

    def plus(self, other: Self) -> Self:
        """Both together."""
        counts = ("packets", "lost", "late", "concealed", "jumps", "decoder_errors")
        return self.model_copy(update={name: getattr(self, name) + getattr(other, name) for name in counts})


class Outage(BaseModel):
    """Time of which a page gave neither picture nor sound: it had crashed, or its renderer had."""

    model_config = ConfigDict(extra="ignore")

    wall_s: float
    length_s: float
    reason: str


class PageReport(BaseModel):
    """What a film shows of a page."""

    model_config = ConfigDict(extra="ignore")

    new_pictures: int = 0
    """Frames of the film that show another picture than the one before."""
    dropped_pictures: int = 0
    """Pictures that the page drew and the renderer was too slow for."""
    silenced_s: float = 0.0
    """Sound that did not come in time."""
    reloads: int = 0
    """How often the page was opened anew."""
    outages: list[Outage] = Field(default_factory=list)


class RenderReport(BaseModel):
    """One film, when it is complete."""

    model_config = ConfigDict(extra="ignore")

    frames: int
    samples: int
    """Samples per channel at 48 kHz."""
    duration_s: float
    segments: int
    lag_max_s: float = 0.0
    """The farthest that the renderer fell behind the wall clock."""
    cpu_s: dict[str, float] = Field(default_factory=dict)
    """Processor seconds by part of the work that was committed; ``other`` is what belongs to none."""
    tracks: list[TrackReport] = Field(default_factory=list)
    """How the sound was made; those of tracks that are gone are put together by participant."""
    streams: list[StreamTally] = Field(default_factory=list)
    """What became of the packets, by participant and source."""
    pictures: list[TrackViewing] = Field(default_factory=list)
    """What was seen of each video track."""
    loudness: Loudness | None = None
    page: PageReport | None = None
    """Of a film of a page."""


class CpuMeter:
    """Counts the processor time of named parts of the calling thread, at the granularity of blocks of work.

    The renderer is a process of its own with one thread; others in it are those of the video encoder.
    """

    def __init__(self, others: str | None = None) -> None:
        """``others`` names the part of the process' other threads, if they are not the video encoder's."""
        self._others = others
        self._parts_s: dict[str, float] = {}
        self._process_s = time.process_time()
        self._thread_s = time.thread_time()
        self._counted_s = 0.0

    def add(self, parts_s: Mapping[str, float]) -> None:
        """Adds what an interrupted run had counted."""
        for name, spent_s in parts_s.items():
            self._parts_s[name] = self._parts_s.get(name, 0.0) + spent_s

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Adds the time of the block to ``name``. Parts must not be nested."""
        start_s = time.thread_time()
        try:
            yield
        finally:
            spent_s = time.thread_time() - start_s
            self._counted_s += spent_s
            self._parts_s[name] = self._parts_s.get(name, 0.0) + spent_s

    def parts_s(self) -> dict[str, float]:
        """Seconds by part so far; ``other`` is the rest. The time of other threads is the video encoder's, if there is
        one."""
        thread_s = time.thread_time() - self._thread_s
        others_s = max(0.0, time.process_time() - self._process_s - thread_s)
        parts_s = dict(self._parts_s)
        owner = self._others or (ENCODE_VIDEO if ENCODE_VIDEO in parts_s else "other")
        parts_s[owner] = parts_s.get(owner, 0.0) + others_s
        parts_s["other"] = parts_s.get("other", 0.0) + max(0.0, thread_s - self._counted_s)
        return parts_s
