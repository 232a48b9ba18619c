"""From the stop to the hosted bucket: waits for the film, stores it, and says how it ended."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import structlog

from reelkit.clock import Clock
from reelkit.control.capture_seal import seal_capture
from reelkit.control.hosting import Hosting, delivery_problem
from reelkit.control.metrics import ControlMetrics
from reelkit.control.paths import DataPaths
from reelkit.control.patience import patiently
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingChanges, RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.watermarks import store_watermark
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobOutcome, JobSpec
from reelkit.render.config import RenderConfig
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
# A journal that cannot be written is tried again so often.
_RETRY_S = 2.0


class Delivery:
    """Runs the jobs of recordings and delivers their films."""

    def __init__(
        self,
        *,
        paths: DataPaths,
        clock: Clock,
        store: RecordingStore,
        fleet: Fleet,
        hosting: Hosting,
        retention: Retention,
        metrics: ControlMetrics,
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._store = store
        self._fleet = fleet
        self._hosting = hosting
        self._retention = retention
        self._metrics = metrics
        self._tasks = TaskOwner("delivery")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._recordings: dict[str, Recording] = {}
        """Those that are being delivered, as they were when they stopped."""

    async def store_watermark(self, recording_id: str, png: bytes) -> None:
        """Puts the image where the job of a recording will look for it. Raises OSError."""
        await asyncio.to_thread(store_watermark, self._paths.job(recording_id), png)

    async def start_job(self, recording_id: str, capture_dir: Path, render: RenderConfig) -> None:
        """Begins to render while the meeting goes on, or later, when there is a place. Raises FleetError, OSError."""
        await self._fleet.start(JobSpec(recording_id, self._paths.job(recording_id), capture_dir, render))

    def finish(self, recording: Recording) -> None:
        """Delivers an UPLOADING recording whose job runs, in the background."""
        self._fleet.recording_stopped(recording.id)
        self._spawn(recording, self._finish)

    def recover(self, recording: Recording) -> None:
        """The same for one whose capture is complete but whose job was lost with an earlier server."""
        self._spawn(recording, self._recover)

    def delivering(self, recording_id: str) -> Recording | None:
        """A recording that has stopped and is not delivered yet, as it was when it stopped."""
        return self._recordings.get(recording_id)

    async def close(self, timeout_s: float) -> None:
        """Waits for what is being delivered; what takes longer stays UPLOADING for the next start."""
        deadline = asyncio.ensure_future(self._clock.sleep(timeout_s))
        try:
            while self._running and not deadline.done():
                await asyncio.wait({deadline, *self._running.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
            await asyncio.wait({deadline})
        for recording_id in self._running:
            log.warning("a film is not finished and will be at the next start", recording_id=recording_id)
        await self._tasks.close()

    def _spawn(self, recording: Recording, work: Callable[[Recording], Awaitable[None]]) -> None:
        task = self._tasks.spawn(self._guarded(recording, work), recording.id)
        self._running[recording.id] = task
        self._recordings[recording.id] = recording

        def forget(_: asyncio.Task[None]) -> None:
            self._running.pop(recording.id, None)
            self._recordings.pop(recording.id, None)

        task.add_done_callback(forget)

    async def _guarded(self, recording: Recording, work: Callable[[Recording], Awaitable[None]]) -> None:
        try:
            await work(recording)
        except Exception:  # the top of a task: the recording must not stay UPLOADING for ever
            log.exception("a film could not be delivered", recording_id=recording.id)
            await self._fail(recording, "the film could not be delivered: an internal error")

    async def _recover(self, recording: Recording) -> None:
        session_id = recording.session_id
        if session_id is None:
            await self._fail(recording, "nothing was captured")
            return
        capture_dir = self._paths.capture(session_id)

        async def attempt() -> None:
            render = await self._store.render_config(recording.id)
            await self.start_job(recording.id, capture_dir, render.model_copy(update={"live": False}))

        try:
            await patiently(self._clock, "a film of an earlier server", attempt, recording_id=recording.id)
        except (ReelkitError, OSError) as error:
            await self._fail(recording, f"the film could not be made: {error}")
            return
        await self._finish(recording)

    async def _finish(self, recording: Recording) -> None:
        try:
            await self._complete_marks(recording)
            outcome = await self._fleet.wait(recording.id)
        except ReelkitError as error:
            outcome = JobOutcome.failed(str(error))
        await self._deliver(recording, outcome)

    async def _complete_marks(self, recording: Recording) -> None:
        """Makes sure that the renderer sees the end: a full disk or a dead room may have kept its mark out."""
        while recording.session_id is not None:
            try:
                await asyncio.to_thread(
                    seal_capture, self._paths.capture(recording.session_id), recording.id, self._clock
                )
            except OSError as error:
                log.error("a recording's journal cannot be written", recording_id=recording.id, reason=str(error))  # noqa: TRY400
            else:
                return
            await self._clock.sleep(_RETRY_S)

    async def _deliver(self, recording: Recording, outcome: JobOutcome) -> None:
        if not outcome.files:
            await self._fail(recording, outcome.error or "the recording holds nothing")
            return
        try:
            # The keys of the one are among those of the other, which type checkers do not follow.
            changes = cast("RecordingChanges", await self._hosting.store(recording, outcome))
        except (ReelkitError, OSError) as error:
            await self._fail(recording, f"the film could not be stored: {error}", duration_s=outcome.duration_s)
            return
        problem = delivery_problem(outcome, changes)
        if problem is not None:
            # What could be saved is there to be downloaded, but it is not what was asked for.
            changes["error"] = _joined(recording.error, problem)
            await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)
            return
        delivered = await self._store.settle(recording.id, RecordingStatus.UPLOADED, **changes)
        if delivered.stopped_at is not None and delivered.uploaded_at is not None:
            self._metrics.delivery_s.observe((delivered.uploaded_at - delivered.stopped_at).total_seconds())
        await self._retention.delivered(delivered)

    async def _fail(self, recording: Recording, reason: str, *, duration_s: float | None = None) -> None:
        log.error("a recording failed", recording_id=recording.id, reason=reason)
        changes = RecordingChanges(error=_joined(recording.error, reason))
        if duration_s is not None:
            changes["duration_ms"] = round(duration_s * _MS_PER_S)
        await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)


def _joined(earlier: str | None, reason: str) -> str:
    return reason if earlier is None else f"{earlier}; {reason}"
