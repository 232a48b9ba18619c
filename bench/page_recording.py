"""Pages recorded by real workers, one process for each, as a server starts them."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from weakref import WeakValueDictionary

from pydantic import SecretStr

from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.clock import SystemClock
from reelkit.fleet.base import JobProgress, JobSpec
from reelkit.fleet.job import MANIFEST_FILE
from reelkit.fleet.local import LocalFleet
from reelkit.page.spec import PageSpec
from reelkit.page.status import PageState, PageStatus
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.manifest import Manifest
from reelkit.render.report import RenderReport
from reelkit.settings import EgressSettings, PageSettings, RenderSettings

READY_TIMEOUT_S = 60.0
FILM_TIMEOUT_S = 120.0
"""From the stop to the finished film."""
_JOBS_DIR, _CAPTURES_DIR = "jobs", "captures"
PASSABLE_MODE = 0o711
"""Browsers are other users, whose directories are below."""


class PageNotRecorded(Exception):
    """A page did not become ready, or there is no film of it."""


@dataclass(frozen=True)
class PageFilm:
    """A film, and when what happened, in wall-clock seconds."""

    path: Path
    report: RenderReport
    called_s: float
    """When the worker was asked for."""
    states_s: Mapping[PageState, float]
    """When the page first came to a state, as its worker says."""
    started_s: float
    first_frame_s: float
    """The instant that the film's first frame shows."""
    stopped_s: float
    finished_s: float


class PageRecorder:
    """An async context manager that has a fleet, whose workers record pages in and below ``directory``.

    It may be entered by everybody then; those above it must be so already. On exit all workers end.
    """

    def __init__(self, directory: Path, video: VideoSpec | None = None) -> None:
        self.directory = directory
        self._video = video or VideoSpec()
        self._fleet = LocalFleet(RenderSettings(), SystemClock())
        self._fleet.on_progress(self._heard)
        self._running: WeakValueDictionary[str, PageRecording] = WeakValueDictionary()
        self._count = 0

    async def __aenter__(self) -> Self:
        self.directory.mkdir(parents=True, exist_ok=True)
        self.directory.chmod(PASSABLE_MODE)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._fleet.close()

    @property
    def browsers_dir(self) -> Path:
        """Where workers put their browsers."""
        return self.directory / "browsers"

    async def start(self, url: str) -> "PageRecording":
        """Opens the page, and begins to record it when it is ready. Raises PageNotRecorded."""
        self._count += 1
        recording_id = f"page-{self._count}"
        capture_dir = self.directory / _CAPTURES_DIR / recording_id
        (capture_dir / RTP_DIR).mkdir(parents=True)
        spec = JobSpec(
            recording_id=recording_id,
            job_dir=self.directory / _JOBS_DIR / recording_id,
            capture_dir=capture_dir,
            render=RenderConfig(recording_id=recording_id, live=True, source="page", video=self._video),
            page=PageSpec(
                url=SecretStr(url),
                settings=PageSettings(browsers_dir=self.browsers_dir),
                # The page is on this machine.
                egress=EgressSettings(allow_private=True),
            ),
        )
        recording = PageRecording(self._fleet, spec)
        self._running[recording_id] = recording
        try:
            await recording.begin()
        except BaseException:
            await self._fleet.cancel(recording_id)
            raise
        return recording

    def _heard(self, recording_id: str, progress: JobProgress) -> None:
        if progress.page is not None and (recording := self._running.get(recording_id)) is not None:
            recording.told(progress.page)


class PageRecording:
    """One recording of a :class:`PageRecorder`."""

    def __init__(self, fleet: LocalFleet, spec: JobSpec) -> None:
        self._fleet = fleet
        self._spec = spec
        self._states_s: dict[PageState, float] = {}
        self._status: PageStatus | None = None
        self._opened = asyncio.Event()
        self._called_s = self._started_s = 0.0

    @property
    def pid(self) -> int:
        """The worker's process id. Raises PageNotRecorded if it has ended."""
        pid = self._fleet.pid(self._spec.recording_id)
        if pid is None:
            raise PageNotRecorded("the worker is not there")
        return pid

    def told(self, status: PageStatus) -> None:
        """Takes news of the page."""
        self._status = status
        self._states_s.setdefault(status.state, status.since_s)
        if status.state is not PageState.OPENING:
            self._opened.set()

    async def begin(self) -> None:
        """Starts the worker and, when the page is ready, the recording. Raises PageNotRecorded."""
        self._called_s = time.time()
        await self._fleet.start(self._spec)
        ended = asyncio.ensure_future(self._fleet.ended(self._spec.recording_id))
        opened = asyncio.ensure_future(self._opened.wait())
        try:
            await asyncio.wait({ended, opened}, timeout=READY_TIMEOUT_S, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in (ended, opened):
                each.cancel()
        if self._status is None or self._status.state is not PageState.READY:
            raise PageNotRecorded(f"the page is not ready: {self._status}")
        self._started_s = self._mark("started")

    async def stop(self) -> PageFilm:
        """Ends the recording and waits for its film. Raises PageNotRecorded."""
        stopped_s = self._mark("stopped")
        self._fleet.recording_stopped(self._spec.recording_id)
        async with asyncio.timeout(FILM_TIMEOUT_S):
            outcome = await self._fleet.wait(self._spec.recording_id)
        finished_s = time.time()
        if outcome.error is not None:
            raise PageNotRecorded(outcome.error)
        return PageFilm(
            path=next(file.path for file in outcome.files if file.kind == "video"),
            report=RenderReport.model_validate(outcome.report),
            called_s=self._called_s,
            states_s=dict(self._states_s),
            started_s=self._started_s,
            first_frame_s=Manifest(self._spec.job_dir / MANIFEST_FILE).read()[0].wall_s,
            stopped_s=stopped_s,
            finished_s=finished_s,
        )

    def _mark(self, mark: Any) -> float:  # noqa: ANN401 - as the event has it
        journal = JournalWriter(self._spec.capture_dir / JOURNAL_FILE, SystemClock(), fsync_interval_s=1.0)
        time_s = time.time()
        journal.append(RecordingMarked(time_s=time_s, recording_id=self._spec.recording_id, mark=mark))
        journal.close()
        return time_s
