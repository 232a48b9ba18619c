"""What a fleet is: the place where the jobs of recordings run, one job per recording."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol, Self

from reelkit.render.config import RenderConfig


@dataclass(frozen=True, slots=True)
class JobSpec:
    """One film to make: ``render`` of ``capture_dir`` into ``job_dir``."""

    recording_id: str
    job_dir: Path
    capture_dir: Path
    render: RenderConfig


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


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """How a job ended. ``error`` is None exactly when the film is whole.

    A failed job may still have a ``film``: the part that could be saved.
    """

    film: Path | None
    duration_s: float
    frames: int
    report: Mapping[str, Any] = field(default_factory=dict)
    error: str | None = None

    @classmethod
    def failed(cls, error: str) -> Self:
        """An outcome without a film."""
        return cls(film=None, duration_s=0.0, frames=0, error=error)


class Fleet(Protocol):
    """Runs jobs and keeps them running: a worker that dies is replaced without a gap in the film."""

    async def start(self, spec: JobSpec) -> None:
        """Starts a job, or continues one whose directory holds segments. Starting a running job again does nothing.

        Raises FleetError or OSError when the job cannot be taken.
        """

    async def wait(self, recording_id: str) -> JobOutcome:
        """Waits until a job has ended and forgets it. Raises JobUnknown."""

    def progress(self, recording_id: str) -> JobProgress | None:
        """The newest report of a running job; None before the first one and for unknown jobs."""

    async def close(self) -> None:
        """Ends all workers. Their jobs can be continued from disk by a later :meth:`start`."""
