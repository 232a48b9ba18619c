"""From the stop to the hosted bucket: waits for the film, stores it, and says how it ended."""

import asyncio
from collections.abc import Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.capture_seal import seal_capture
from reelkit.control.metrics import ControlMetrics
from reelkit.control.paths import DataPaths
from reelkit.control.ports import Bucket
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import RecordingChanges, RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.watermarks import WATERMARK_FILE
from reelkit.durable import sync_directory, write_durably
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobOutcome, JobProgress, JobSpec
from reelkit.render.config import RenderConfig
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
# After a crash many films may have to be finished at once, beside meetings that go on: these at a time.
_RECOVERIES_AT_ONCE = 2
# A journal that cannot be written is tried again so often.
_RETRY_S = 2.0


class Delivery:
    """Runs the jobs of recordings and delivers their films."""

    def __init__(
        self,
        *,
        paths: DataPaths,
        url_lifetime_s: int,
        clock: Clock,
        store: RecordingStore,
        fleet: Fleet,
        bucket: Bucket,
        retention: Retention,
        metrics: ControlMetrics,
    ) -> None:
        self._paths = paths
        self._url_lifetime_s = url_lifetime_s
        self._clock = clock
        self._store = store
        self._fleet = fleet
        self._bucket = bucket
        self._retention = retention
        self._metrics = metrics
        self._tasks = TaskOwner("delivery")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._jobs: set[str] = set()
        self._recoveries = asyncio.Semaphore(_RECOVERIES_AT_ONCE)

    async def store_watermark(self, recording_id: str, png: bytes) -> None:
        """Puts the image where the job of a recording will look for it. Raises OSError."""
        await asyncio.to_thread(_store_watermark, self._paths.job(recording_id), png)

    async def start_job(self, recording_id: str, capture_dir: Path, render: RenderConfig) -> None:
        """Begins to render while the meeting goes on. Raises FleetError, OSError."""
        await self._fleet.start(JobSpec(recording_id, self._paths.job(recording_id), capture_dir, render))
        self._jobs.add(recording_id)

    def finish(self, recording: Recording) -> None:
        """Delivers an UPLOADING recording whose job runs, in the background."""
        self._spawn(recording, self._finish(recording))

    def recover(self, recording: Recording) -> None:
        """The same for one whose capture is complete but whose job was lost with an earlier server."""
        self._spawn(recording, self._recover(recording))

    def progress(self) -> Mapping[str, JobProgress]:
        """How far the films are that are being rendered, by recording."""
        found = {recording_id: self._fleet.progress(recording_id) for recording_id in self._jobs}
        return {recording_id: progress for recording_id, progress in found.items() if progress is not None}

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

    def _spawn(self, recording: Recording, work: Coroutine[Any, Any, None]) -> None:
        task = self._tasks.spawn(work, recording.id)
        self._running[recording.id] = task
        task.add_done_callback(lambda _: self._running.pop(recording.id, None))

    async def _recover(self, recording: Recording) -> None:
        async with self._recoveries:
            session_id = recording.session_id
            if session_id is None:
                await self._fail(recording, "nothing was captured")
                return
            try:
                render = await self._store.render_config(recording.id)
                await self.start_job(
                    recording.id, self._paths.capture(session_id), render.model_copy(update={"live": False})
                )
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
        finally:
            self._jobs.discard(recording.id)
        try:
            await self._deliver(recording, outcome)
        except Exception:  # the top of a task: the recording must not stay UPLOADING for ever
            log.exception("a film could not be delivered", recording_id=recording.id)
            await self._fail(recording, "the film could not be delivered: an internal error")

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
        if outcome.film is None:
            await self._fail(recording, outcome.error or "the recording holds nothing")
            return
        try:
            stored = await asyncio.to_thread(
                self._bucket.put, recording.app_id, recording.id, outcome.film, recording.output_file_name
            )
        except (ReelkitError, OSError) as error:
            await self._fail(recording, f"the film could not be stored: {error}", duration_s=outcome.duration_s)
            return
        now = utc(self._clock.time_s())
        changes = RecordingChanges(
            uploaded_at=now,
            duration_ms=round(outcome.duration_s * _MS_PER_S),
            file_size_bytes=stored.size_bytes,
            sha256=stored.sha256,
            download_expires_at=utc(now.timestamp() + self._url_lifetime_s),
        )
        if outcome.error is not None:
            # What could be saved is there to be downloaded, but it is not what was asked for.
            changes["error"] = _joined(recording.error, f"the film is not whole: {outcome.error}")
            await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)
            return
        delivered = await self._store.settle(recording.id, RecordingStatus.UPLOADED, **changes)
        if delivered.stopped_at is not None:
            self._metrics.delivery_s.observe((now - delivered.stopped_at).total_seconds())
        await self._retention.delivered(delivered)

    async def _fail(self, recording: Recording, reason: str, *, duration_s: float | None = None) -> None:
        log.error("a recording failed", recording_id=recording.id, reason=reason)
        changes = RecordingChanges(error=_joined(recording.error, reason))
        if duration_s is not None:
            changes["duration_ms"] = round(duration_s * _MS_PER_S)
        await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)


def _joined(earlier: str | None, reason: str) -> str:
    return reason if earlier is None else f"{earlier}; {reason}"


def _store_watermark(job_dir: Path, png: bytes) -> None:
    job_dir.mkdir(parents=True, exist_ok=True)
    write_durably(job_dir / WATERMARK_FILE, png)
    sync_directory(job_dir.parent)
