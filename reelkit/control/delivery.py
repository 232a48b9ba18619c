"""From the stop to the last copy: a film is finished, hosted, and uploaded to the caller's own storage if there is one.

Each step leaves what the next one needs in a safe place, and a server that starts goes on with the step that an earlier
one was in: the film is made from the capture and the job's directory, hosted from there, uploaded from the bucket.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import cast

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.capture_seal import seal_capture
from reelkit.control.delivery_files import files_to_send
from reelkit.control.diagnoses import Diagnoses
from reelkit.control.hosting import Hosting, delivery_problem
from reelkit.control.metrics import ControlMetrics
from reelkit.control.paths import DataPaths
from reelkit.control.patience import patiently
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import DeliveryChanges, RecordingChanges, RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.storage_delivery import DeliveryState
from reelkit.control.uploads import DeliveryFailed, Uploads
from reelkit.control.watermarks import store_watermark
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobOutcome, JobSpec
from reelkit.page.spec import PageSpec
from reelkit.publish.errors import PublishError
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.render.config import RenderConfig
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
# A journal that cannot be written is tried again so often.
_RETRY_S = 2.0

_Step = Callable[[Recording], Awaitable[None]]


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
        uploads: Uploads,
        retention: Retention,
        diagnoses: Diagnoses,
        metrics: ControlMetrics,
    ) -> None:
        self._paths = paths
        self._clock = clock
        self._store = store
        self._fleet = fleet
        self._hosting = hosting
        self._uploads = uploads
        self._retention = retention
        self._diagnoses = diagnoses
        self._metrics = metrics
        self._tasks = TaskOwner("delivery")
        self._running: dict[str, asyncio.Task[None]] = {}
        self._recordings: dict[str, Recording] = {}
        """Those that are being delivered, as they were when they stopped, or when their files were finished."""

    async def store_watermark(self, recording_id: str, png: bytes) -> None:
        """Puts the image where the job of a recording will look for it. Raises OSError."""
        await asyncio.to_thread(store_watermark, self._paths.job(recording_id), png)

    async def start_job(
        self,
        recording: Recording,
        capture_dir: Path,
        render: RenderConfig,
        stream: StreamSpec | None = None,
        page: PageSpec | None = None,
    ) -> None:
        """Begins to render while the meeting goes on, or later, when there is a place. Raises FleetError, OSError."""
        await self._fleet.start(
            JobSpec(
                recording.id,
                self._paths.job(recording.id),
                capture_dir,
                render,
                tracks=recording.tracks,
                stream=stream,
                page=page,
            )
        )
        self._uploads.follow(recording)

    async def cancel_job(self, recording: Recording) -> None:
        """Ends the job of a recording that never began: nothing of it is delivered, and of its page is kept what tells
        why. Never fails."""
        await self._fleet.cancel(recording.id)
        self._uploads.abandon(recording)
        await self._diagnoses.keep(recording.id)
        await self._retention.discard_job(recording.id)

    def finish(self, recording: Recording) -> None:
        """Delivers an UPLOADING recording whose job runs, in the background."""
        self._fleet.recording_stopped(recording.id)
        self._spawn(recording, self._from_job)

    def recover(self, recording: Recording) -> None:
        """The same for an UPLOADING one of an earlier server, whose capture is complete."""
        hosted = recording.delivery is not None and recording.delivery.files_at is not None
        self._spawn(recording, self._from_bucket if hosted else self._from_capture)

    def upload(self, recording: Recording) -> None:
        """Delivers an UPLOADING recording whose files are in the hosted bucket to the caller's own storage."""
        self._spawn(recording, self._from_bucket)

    def delivering(self, recording_id: str) -> Recording | None:
        """A recording that has stopped and is not delivered yet, as it was when it stopped."""
        return self._recordings.get(recording_id)

    async def abandon(self, recording_id: str) -> None:
        """Ends the delivery of a recording that is erased; does nothing for one that is not being delivered."""
        task = self._running.get(recording_id)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def close(self, timeout_s: float) -> None:
        """Waits for what is being delivered; what takes longer, or waits for a storage that is down, stays UPLOADING
        for the next start."""
        deadline = asyncio.ensure_future(self._clock.sleep(timeout_s))
        self._uploads.hurry()
        try:
            while self._running and not deadline.done():
                await asyncio.wait({deadline, *self._running.values()}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            deadline.cancel()
            await asyncio.wait({deadline})
        for recording_id in self._running:
            log.warning("a film is not delivered and will be after the next start", recording_id=recording_id)
        await self._tasks.close()
        await self._uploads.close()

    def _spawn(self, recording: Recording, step: _Step) -> None:
        task = self._tasks.spawn(self._guarded(recording, step), recording.id)
        self._running[recording.id] = task
        self._recordings[recording.id] = recording

        def forget(_: asyncio.Task[None]) -> None:
            self._running.pop(recording.id, None)
            self._recordings.pop(recording.id, None)

        task.add_done_callback(forget)

    async def _guarded(self, recording: Recording, step: _Step) -> None:
        try:
            await step(recording)
        except Exception:  # the top of a task: the recording must not stay UPLOADING for ever
            log.exception("a film could not be delivered", recording_id=recording.id)
            known = self._recordings.get(recording.id, recording)
            await self._fail(known, "the film could not be delivered: an internal error")

    # The steps, each going on with the next one.

    async def _from_capture(self, recording: Recording) -> None:
        """Starts the job again that was lost with an earlier server."""
        session_id = recording.session_id
        if session_id is None:
            await self._fail(recording, "nothing was captured")
            return
        capture_dir = self._paths.capture(session_id)

        async def attempt() -> None:
            render = await self._store.render_config(recording.id)
            await self.start_job(recording, capture_dir, render.model_copy(update={"live": False}))

        try:
            await patiently(self._clock, "a film of an earlier server", attempt, recording_id=recording.id)
        except (ReelkitError, OSError) as error:
            await self._fail(recording, f"the film could not be made: {error}")
            return
        await self._from_job(recording)

    async def _from_job(self, recording: Recording) -> None:
        """Waits until the files are finished."""
        try:
            await self._complete_marks(recording)
            outcome = await self._fleet.wait(recording.id)
        except ReelkitError as error:
            outcome = JobOutcome.failed(str(error))
        if recording.page_url is not None and (recording.error or outcome.error):
            # The directory goes with the delivery.
            await self._diagnoses.keep(recording.id)
        streamed = recording.stream_target is not None
        if outcome.files or (outcome.error is None and (streamed or recording.tracks is not None)):
            # It may only have been streamed, or nobody has sent anything that was to be recorded: no file is a right
            # answer then.
            await self._from_files(recording, outcome)
        else:
            await self._fail(recording, outcome.error or "the recording holds nothing")

    async def _from_files(self, recording: Recording, outcome: JobOutcome) -> None:
        """Puts the files into the hosted bucket, which is all where the caller has no own storage."""
        try:
            # The keys of the one are among those of the other, which type checkers do not follow.
            changes = cast("RecordingChanges", await self._hosting.store(recording, outcome))
        except (ReelkitError, OSError) as error:
            await self._fail(recording, f"the film could not be stored: {error}", duration_s=outcome.duration_s)
            return
        problem = delivery_problem(outcome, changes)
        if problem is not None:
            # What could be saved is there to be had, but it is not what was asked for.
            changes["error"] = _joined(recording.error, problem)
        if recording.delivery is None:
            await self._hosting.release(recording)
            await self._settle(recording, changes, flawed=problem is not None)
            return
        await self._uploads.expect(recording, files_to_send(recording, outcome, changes))
        now = changes.pop("uploaded_at")
        if not recording.delivery.bucket_enabled:
            # It lies there, but not for the caller.
            del changes["download_expires_at"]
        changes["delivery"] = DeliveryChanges(
            state=DeliveryState.UPLOADING.value,
            files_at=now,
            flawed=problem is not None,
            earlier_error=changes.get("error", recording.error),
        )
        stored = await self._amended(recording, changes)
        if problem is None:
            await self._retention.discard_job(recording.id)
        await self._from_bucket(stored)

    async def _from_bucket(self, recording: Recording) -> None:
        """Uploads the hosted files to the caller's own storage."""
        delivery = recording.delivery
        if delivery is None:
            raise ValueError("the recording has no storage of its own")
        try:
            integrity = await self._uploads.send(recording)
        except DeliveryFailed as failure:
            log.error("a delivery failed", recording_id=recording.id, storage=delivery.label, reason=failure.message)  # noqa: TRY400
            changes = RecordingChanges(
                error=_joined(delivery.earlier_error, f"the delivery to {delivery.label} failed: {failure.message}"),
                delivery=DeliveryChanges(state=DeliveryState.FAILED.value, error=failure.message, next_try_at=None),
            )
            if self._needs_time(recording):
                changes["download_expires_at"] = self._hosting.expiry()
            await self._hosting.release(recording)
            failed = await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)
            if not delivery.flawed:
                await self._retention.delivered(failed)
            return
        changes = RecordingChanges(
            uploaded_at=utc(self._clock.time_s()),
            error=delivery.earlier_error,
            delivery=DeliveryChanges(state=DeliveryState.UPLOADED.value, error=None, next_try_at=None),
        )
        if integrity is not None:
            changes["integrity"] = integrity
        if delivery.bucket_enabled:
            await self._hosting.release(recording)
        else:
            changes |= await self._unhosted(recording)
        await self._settle(recording, changes, flawed=delivery.flawed)

    async def _unhosted(self, recording: Recording) -> RecordingChanges:
        """Deletes the hosted files of a recording whose caller wants none."""
        try:
            removed = await self._hosting.remove(recording, tuple(file.name for file in recording.files))
        except PublishError as error:
            log.warning("hosted files could not be deleted yet", recording_id=recording.id, reason=error.message)
            return RecordingChanges(download_expires_at=utc(self._clock.time_s()))
        return cast("RecordingChanges", removed)

    async def _settle(self, recording: Recording, changes: RecordingChanges, *, flawed: bool) -> None:
        """Everything is where it belongs."""
        if flawed:
            await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)
            return
        delivered = await self._store.settle(recording.id, RecordingStatus.UPLOADED, **changes)
        if delivered.stopped_at is not None and delivered.uploaded_at is not None:
            self._metrics.delivery_s.observe((delivered.uploaded_at - delivered.stopped_at).total_seconds())
        await self._retention.delivered(delivered)

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

    async def _amended(self, recording: Recording, changes: RecordingChanges) -> Recording:
        async def attempt() -> Recording:
            return await self._store.amend(recording.id, **changes)

        amended = await patiently(self._clock, "the state of a delivery", attempt, recording_id=recording.id)
        self._recordings[recording.id] = amended
        return amended

    async def _fail(self, recording: Recording, reason: str, *, duration_s: float | None = None) -> None:
        """Nothing can be delivered."""
        log.error("a recording failed", recording_id=recording.id, reason=reason)
        self._uploads.abandon(recording)
        changes = RecordingChanges(error=_joined(recording.error, reason))
        if duration_s is not None:
            changes["duration_ms"] = round(duration_s * _MS_PER_S)
        if recording.delivery is not None and recording.delivery.files_at and self._needs_time(recording):
            changes["download_expires_at"] = self._hosting.expiry()
        await self._store.settle(recording.id, RecordingStatus.ERRORED, **changes)

    def _needs_time(self, recording: Recording) -> bool:
        """Whether the hosted copy, which is the only one, has no time, or its time went by with the delivery."""
        expires_at = recording.download_expires_at
        return expires_at is None or expires_at <= utc(self._clock.time_s())


def _joined(earlier: str | None, reason: str) -> str:
    if earlier is None or earlier in reason:
        return reason
    return f"{earlier}; {reason}"
