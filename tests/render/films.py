"""Films rendered from synthetic captures, and what is read out of them."""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelkit.clock import Clock, SystemClock
from reelkit.publish.files import FilesWriter
from reelkit.publish.film import Film, FilmWriter
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.manifest import Segment
from reelkit.render.progress import Progress
from reelkit.render.renderer import Renderer
from reelkit.render.report import RenderReport
from testbed.timeline import Interval, Participant, Signal, people

SMALL = VideoSpec(width_px=320, height_px=180, preset="ultrafast", crf=30)
CONFIG = RenderConfig(recording_id="recording-1", video=SMALL)


def voices(count: int, **changes: object) -> tuple[Participant, ...]:
    """Participants without cameras."""
    return tuple(replace(person, camera=(), **changes) for person in people(count))  # type: ignore[arg-type]


def steady(person: Participant) -> Participant:
    """The same, but with a tone that never ends (but for a dip each 32 s)."""
    return replace(person, signal=Signal((0.0,), length_s=32.0))


def intervals(*edges_s: tuple[float, float]) -> tuple[Interval, ...]:
    return tuple(Interval(start_s, stop_s) for start_s, stop_s in edges_s)


class Job:
    """A job directory, and the renderers that work in it."""

    def __init__(
        self, capture: Path, directory: Path, config: RenderConfig = CONFIG, clock: Clock | None = None
    ) -> None:
        self.capture = capture
        self.directory = directory
        self.config = config
        self.clock = clock or SystemClock()
        self.segments: list[Segment] = []
        self.progress: list[Progress] = []

    def render(self, on_segment: Callable[[Segment], None] = lambda _: None) -> RenderReport:
        """Runs a new renderer to the end."""
        self.segments = []

        def take(segment: Segment) -> None:
            self.segments.append(segment)
            on_segment(segment)

        renderer = Renderer(self.capture, self.config, self.directory, self.clock)
        return renderer.run(self.progress.append, take)

    def film(self) -> Film:
        """Joins what the last renderer made."""
        with FilmWriter(self.directory / "film.mp4") as writer:
            for segment in self.segments:
                writer.append(self.directory / segment.file, segment)
            return writer.finish()

    def files(self) -> dict[str, Path]:
        """The files that the job's config asks for, by kind, made of what the last renderer made."""
        with FilesWriter(self.directory, self.config) as writer:
            for segment in self.segments:
                writer.append(self.directory / segment.file, segment)
            return {file.kind: file.path for file in writer.finish()}

    def digests(self) -> list[str]:
        """One for each segment's bytes."""
        return [hashlib.sha256((self.directory / segment.file).read_bytes()).hexdigest() for segment in self.segments]


def sound_of(path: Path) -> NDArray[np.float32]:
    """The decoded sound of a film from its first sample on, shape (n,), left channel."""
    with av.open(path) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


def times_of(path: Path) -> list[float]:
    """When each frame of a film is shown."""
    with av.open(path) as container:
        return [float(frame.time or 0.0) for frame in container.decode(video=0)]


def pictures_of(path: Path) -> list[NDArray[np.uint8]]:
    """The luma of each frame."""
    with av.open(path) as container:
        return [np.asarray(frame.to_ndarray()[: frame.height], np.uint8) for frame in container.decode(video=0)]
