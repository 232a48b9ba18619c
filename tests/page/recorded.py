"""Pages in a real browser as a recording's worker has them: opened alone, or recorded from a journal's marks."""

import asyncio
import json
import os
import shutil
import tempfile
import time
import zlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Literal

import psutil
from pydantic import SecretStr

from reelkit.capture.events import Event, RecordingMarked
from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.clock import SystemClock
from reelkit.egress.guard import Resolve
from reelkit.fleet.base import JobOutcome, JobProgress, JobSpec
from reelkit.fleet.job import run_job
from reelkit.fleet.local import LocalFleet
from reelkit.fleet.messages import Done, Failed, Message, Progress
from reelkit.page.hierarchies import own_groups
from reelkit.page.job_files import PAGE_DIR, REPORT_FILE, SCREENSHOT_FILE
from reelkit.page.source import PageSource
from reelkit.page.spec import PageSpec
from reelkit.page.status import PageState, PageStatus
from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.settings import EgressSettings, PageSettings, RenderSettings
from testbed.stack import running
from tests.page.sites import PUBLIC
from tests.processes import arguments

RECORDING = "rec"
SMALL = VideoSpec(width_px=640, height_px=360, preset="ultrafast", crf=15)
_TIMEOUT_S = 30.0

Mark = Literal["started", "paused", "resumed", "stopped"]


def page_spec(
    url: str, place: "Place", *, key_pins: tuple[str, ...] = (), networks: tuple[str, ...] = (), **settings: Any
) -> PageSpec:
    """Of a page that may reach the public address and ``networks`` alone; ``settings`` are those of pages."""
    return PageSpec(
        url=SecretStr(url),
        settings=PageSettings(browsers_dir=place.browsers_dir, **settings),
        egress=EgressSettings(allowed_networks=[f"{PUBLIC}/32", *networks]),
        key_pins=key_pins,
    )


def page_config(**options: Any) -> RenderConfig:
    return RenderConfig(**{"recording_id": RECORDING, "live": True, "source": "page", "video": SMALL, **options})


class Place:
    """A job's directories below /tmp itself: pytest's own are closed to other users."""

    def __init__(self) -> None:
        self.root = Path(tempfile.mkdtemp(prefix="reelkit-page-", dir="/tmp"))
        self.root.chmod(0o711)
        self.capture_dir = self.root / "capture"
        self.job_dir = self.root / "jobs" / RECORDING
        self.browsers_dir = self.root / "browsers"
        (self.capture_dir / RTP_DIR).mkdir(parents=True)
        self.job_dir.mkdir(parents=True)

    def processes(self) -> list[psutil.Process]:
        """Those of the browsers here: keepers and browsers have the directory in their arguments, others descend."""
        found: set[psutil.Process] = set()
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess):
                if any(str(self.browsers_dir) in part for part in arguments(process)):
                    found.update((process, *process.children(recursive=True)))
        return running(found)

    def renderers(self) -> list[psutil.Process]:
        return [process for process in self.processes() if "--type=renderer" in " ".join(arguments(process))]

    def browser(self) -> psutil.Process:
        """Its main process."""
        found = (each for each in self.processes() if "--user-data-dir" in " ".join(arguments(each)))
        return next(each for each in found if "--type=" not in " ".join(arguments(each)))

    def proxy_port(self) -> int:
        """The browser's only way out."""
        return next(
            int(each.rpartition(":")[2]) for each in arguments(self.browser()) if each.startswith("--proxy-server=")
        )

    def report(self) -> dict[str, Any]:
        """The diagnosis."""
        found: dict[str, Any] = json.loads((self.job_dir / PAGE_DIR / REPORT_FILE).read_bytes())
        return found

    @property
    def screenshot(self) -> Path:
        return self.job_dir / PAGE_DIR / SCREENSHOT_FILE

    def assert_empty(self) -> None:
        """Nothing of a browser is left."""
        assert self.processes() == []
        assert not self.browsers_dir.exists() or list(self.browsers_dir.iterdir()) == []
        for group in own_groups().values():
            for left in group.glob("reelkit-page-*"):
                number, checksum = left.name.split("-")[2:]
                # Other tests may have browsers too.
                assert checksum != f"{zlib.crc32(os.fsencode(self.browsers_dir / f'{number}.lock')):08x}"

    def remove(self) -> None:
        # What is left in it has been told of.
        shutil.rmtree(self.root, ignore_errors=True)


class Shown:
    """What is told of a page."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.statuses: list[PageStatus] = []
        self._loop = asyncio.get_running_loop()
        self._told = asyncio.Event()

    def tell(self, status: PageStatus) -> None:
        """May be called in any thread."""

        def told() -> None:
            # It is told again with all the rest.
            if status not in self.statuses:
                self.statuses.append(status)
                self._told.set()

        self._loop.call_soon_threadsafe(told)

    async def until(self, *states: PageState, reloads: int = 0, after_s: float = 0.0) -> PageStatus:
        """Waits for one of these states, after so many reloads and since a later time than that."""
        async with asyncio.timeout(_TIMEOUT_S):
            while True:
                for status in self.statuses:
                    if status.state in states and status.reloads >= reloads and status.since_s > after_s:
                        return status
                self._told.clear()
                await self._told.wait()


@asynccontextmanager
async def opened(
    url: str, *, resolve: Resolve | None = None, config: RenderConfig | None = None, **settings: Any
) -> AsyncIterator[Shown]:
    """A page that is opened and not recorded."""
    place = Place()
    shown = Shown(place)
    try:
        source = PageSource(
            page_spec(url, place, **settings),
            config or page_config(),
            place.job_dir,
            None,
            SystemClock(),
            shown.tell,
            resolve,
        )
        with source:
            try:
                yield shown
            finally:
                await asyncio.to_thread(source.close)
        place.assert_empty()
    finally:
        place.remove()


async def outcome_of(url: str, **options: Any) -> tuple[PageStatus, dict[str, Any]]:
    """Whether a page is ready or has failed, and its diagnosis if there is one."""
    async with opened(url, **options) as shown:
        status = await shown.until(PageState.READY, PageState.FAILED)
        return status, shown.place.report() if status.state is PageState.FAILED else {}


class Marked(Shown):
    """A recording whose marks a test sets."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self._journal = JournalWriter(place.capture_dir / JOURNAL_FILE, SystemClock(), 1.0)
        self.begun_s = 0.0
        """When its film begins."""

    def write(self, *events: Event) -> None:
        """Into the journal."""
        for event in events:
            self._journal.append(event)

    def mark(self, mark: Mark, time_s: float | None = None) -> float:
        """Writes down that the recording is started, paused, resumed or stopped now, or then."""
        at_s = time.time() if time_s is None else time_s
        self.write(RecordingMarked(time_s=at_s, recording_id=RECORDING, mark=mark))
        return at_s

    async def begin(self) -> float:
        """Records from the page's readiness on."""
        await self.until(PageState.READY)
        self.begun_s = self.mark("started")
        return self.begun_s

    def close(self) -> None:
        self._journal.close()


class Recording(Marked):
    """A recording in this process, with the whole job of its worker."""

    def __init__(self, place: Place, spec: PageSpec, config: RenderConfig) -> None:
        super().__init__(place)
        self.job = asyncio.create_task(
            asyncio.to_thread(run_job, place.job_dir, place.capture_dir, config, SystemClock(), self._emit, None, spec)
        )

    async def done(self) -> Done:
        """The outcome of a film that is whole."""
        outcome = await self.outcome()
        assert isinstance(outcome, Done), outcome
        return outcome

    async def failed(self) -> Failed:
        """The outcome of one that is not."""
        outcome = await self.outcome()
        assert isinstance(outcome, Failed), outcome
        return outcome

    async def outcome(self) -> Done | Failed:
        async with asyncio.timeout(_TIMEOUT_S):
            return await self.job

    async def end(self) -> None:
        if not self.job.done():
            self.mark("started")
            self.mark("stopped")
        await asyncio.wait({self.job})
        self.close()

    def _emit(self, message: Message) -> None:
        if isinstance(message, Progress) and message.page is not None:
            self.tell(message.page)


@asynccontextmanager
async def recorded(url: str, config: RenderConfig | None = None, **settings: Any) -> AsyncIterator[Recording]:
    """A page whose film is made; it is stopped at the latest when the block ends."""
    place = Place()
    try:
        recording = Recording(place, page_spec(url, place, **settings), config or page_config())
        try:
            yield recording
        finally:
            await recording.end()
        place.assert_empty()
    finally:
        place.remove()


class Supervised(Marked):
    """A recording in a worker's process, which a fleet keeps running."""

    def __init__(self, place: Place) -> None:
        super().__init__(place)
        self.fleet = LocalFleet(RenderSettings(nice=0), SystemClock())
        self.fleet.on_progress(self._progressed)
        self.segments = 0
        """How many were committed."""

    async def outcome(self) -> JobOutcome:
        async with asyncio.timeout(_TIMEOUT_S):
            return await self.fleet.wait(RECORDING)

    def _progressed(self, _: str, progress: JobProgress) -> None:
        self.segments = progress.segments
        if progress.page is not None:
            self.tell(progress.page)


@asynccontextmanager
async def supervised(url: str) -> AsyncIterator[Supervised]:
    """The same as :func:`recorded`, in a process of its own."""
    place = Place()
    try:
        recording = Supervised(place)
        spec = JobSpec(RECORDING, place.job_dir, place.capture_dir, page_config(), page=page_spec(url, place))
        try:
            await recording.fleet.start(spec)
            yield recording
        finally:
            await recording.fleet.close()
            recording.close()
        place.assert_empty()
    finally:
        place.remove()


async def at(wall_s: float) -> None:
    """Lives until then."""
    await asyncio.sleep(max(0.0, wall_s - time.time()))
