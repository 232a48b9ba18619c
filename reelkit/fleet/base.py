"""What a fleet is: the place where the jobs of recordings run, one job per recording."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from reelkit.page.spec import PageSpec
from reelkit.page.status import PageStatus
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamStatus
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.publish.upload.growth import GrowingFile
from reelkit.render.config import RenderConfig
from reelkit.render.progress import StuckTrack


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One film to make: ``render`` of ``capture_dir`` into ``job_dir``."""

    recording_id: str
    job_dir: Path
    capture_dir: Path
    render: RenderConfig
    again: bool = False
    """Another film of a kept capture, for which recordings do not wait."""
    stream: StreamSpec | None = None
    """Where the film is streamed to while it is made. Never written down: a job that is started anew without it goes on
    without a stream."""
    tracks: TrackSpec | None = None
    """Makes the tracks of participants instead of a film; ``render`` then only names the recording."""
    page: PageSpec | None = None
    """What a browser shows of this page is the film, instead of the meeting. Never written down: a job that is started
    anew without it finishes what it has."""


@dataclass(frozen=True, slots=True)
class JobProgress:
    """The newest report of a running job."""

    film_s: float
    """Length of what is rendered and committed."""
    lag_s: float
    """How far the newest rendered instant lies behind the wall clock; 0 once the recording has ended."""
    segments: int
    rss_bytes: int
    """Resident memory of the worker."""
    wants_keyframes: tuple[StuckTrack, ...] = ()
    """Tracks that cannot go on without a keyframe."""
    needed_from: Mapping[str, int | None] | None = None
    """What the film still needs of the capture's packet files: the offset by name of the file, None for nothing of it.
    Files that are not named are needed whole; None while everything is."""
    stream: StreamStatus | None = None
    """None for a job without a stream."""
    page: PageStatus | None = None
    """None for a job without a page."""
    growing: tuple[GrowingFile, ...] = ()
    """The files that grow, with the digests of all their complete blocks. A worker that takes over begins anew: its
    files are shorter at first."""


@dataclass(frozen=True, slots=True)
class JobStatus:
    """Where a job stands."""

    waiting: bool
    """It has no renderer yet: all places are taken."""
    progress: JobProgress | None
    """The newest report; None before the first one."""


ProgressListener = Callable[[str, JobProgress], None]
"""Gets each report with the recording that it is about."""


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended. ``error`` is None exactly when the recording is whole.

    A failed job may still have ``files``: the part that could be saved.
    """

    files: tuple[DeliveredFile, ...]
    duration_s: float
    frames: int
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None
    integrity: Mapping[str, Any] | None = None
    """What proves that the files are what was recorded; JSON-able."""

    @classmethod
    def failed(cls, error: str) -> Self:
        """An outcome without a file."""
        return cls(files=(), duration_s=0.0, frames=0, error=error)


class Fleet(Protocol):
    """Runs jobs and keeps them running: a worker that dies is replaced without a gap in the film."""

    async def start(self, spec: JobSpec) -> None:
        """Starts a job, or continues one whose directory holds segments. Starting a running job again does nothing.

        Raises FleetError or OSError when the job cannot be taken.
        """

    async def wait(self, recording_id: str) -> JobOutcome:
        """Waits until a job has ended and forgets it. Raises JobUnknown."""

    async def ended(self, recording_id: str) -> None:
        """Waits until a job has ended, or was cancelled, and leaves its outcome to :meth:`wait`. Returns at once for an
        unknown one."""

    def progress(self, recording_id: str) -> JobProgress | None:
        """The newest report of a running job; None before the first one and for unknown jobs."""

    async def cancel(self, recording_id: str) -> None:
        """Ends a job that no film is wanted of and forgets it; does nothing for an unknown one."""

    def recording_stopped(self, recording_id: str) -> None:
        """The job's recording has stopped: it goes before those that go on. Does nothing for an unknown job."""

    def statuses(self) -> Mapping[str, JobStatus]:
        """All jobs by recording."""

    def on_progress(self, listener: ProgressListener) -> None:
        """From now on ``listener`` gets every report of every job, in the event loop."""

    async def close(self) -> None:
        """Ends all workers. Their jobs can be continued from disk by a later :meth:`start`."""
