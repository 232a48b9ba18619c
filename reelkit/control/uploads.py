"""Deliveries to callers' own storage: files are sent while they grow, and what is missing when they are finished."""

import asyncio
import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path
from random import SystemRandom
from tempfile import TemporaryDirectory
from typing import Any

import structlog

from reelkit.clock import Clock
from reelkit.control.delivery_files import FileToSend
from reelkit.control.delivery_store import DeliveryStore
from reelkit.control.destinations import Destinations
from reelkit.control.hosting import Hosting
from reelkit.control.patience import patiently
from reelkit.control.recording import Recording
from reelkit.control.recording_store import RecordingStore
from reelkit.control.recording_upload import RecordingUpload
from reelkit.control.upload_metrics import UploadMetrics
from reelkit.durable import write_durably
from reelkit.errors import Fault, ReelkitError
from reelkit.fleet.base import JobProgress
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused
from reelkit.publish.upload.errors import UploadGaveUp
from reelkit.publish.upload.retry import Patience
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import StorageSettings

log = structlog.get_logger(__name__)

_RECORD_TYPE = "application/json"
# What a storage holds of a recording that failed is thrown away within this time, or left to the storage's own rules.
_ABORT_TIMEOUT_S = 30.0
# Parts in memory, of all deliveries: a quarter of a gigabyte, however many wait for a storage that comes back.
_PARTS_AT_ONCE = 32


class DeliveryFailed(ReelkitError):
    """A delivery ended without success; ``message`` says why, for the caller."""

    fault = Fault.DESTINATION


class Uploads:
    """All deliveries to callers' own storage, one for each recording."""

    def __init__(
        self,
        *,
        settings: StorageSettings,
        clock: Clock,
        store: DeliveryStore,
        recordings: RecordingStore,
        destinations: Destinations,
        hosting: Hosting,
        metrics: UploadMetrics,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._recordings = recordings
        self._destinations = destinations
        self._hosting = hosting
        self._metrics = metrics
        self._random = SystemRandom()
        self._tasks = TaskOwner("uploads")
        self._uploads: dict[str, RecordingUpload] = {}
        self._closing = asyncio.Event()
        self._places = asyncio.Semaphore(_PARTS_AT_ONCE)

    def follow(self, recording: Recording) -> None:
        """Sends the recording's files while they grow, if it has a storage of its own."""
        if recording.delivery is None or recording.id in self._uploads:
            return
        self._tasks.spawn(self._follow(recording, self._upload_of(recording)), f"follow-{recording.id}")

    def progressed(self, recording_id: str, progress: JobProgress) -> None:
        """Listens to the fleet."""
        upload = self._uploads.get(recording_id)
        if upload is not None and progress.growing:
            upload.tell(progress.growing)

    async def expect(self, recording: Recording, files: Iterable[FileToSend]) -> None:
        """Notes the finished files, before they are told to be in the hosted bucket."""
        finished = tuple(files)

        async def attempt() -> None:
            await self._store.expect(recording.id, finished)

        await patiently(self._clock, "the files of a delivery", attempt, recording_id=recording.id)

    async def send(self, recording: Recording) -> dict[str, Any] | None:
        """Sends all files of a recording from the hosted bucket, and the record of integrity last.

        Goes on for hours where the storage is down. Returns the record as it was sent, None without one. Raises
        DeliveryFailed.
        """
        structlog.contextvars.bind_contextvars(recording_id=recording.id)
        upload = self._uploads.get(recording.id) or self._upload_of(recording)
        self._metrics.running.inc()
        try:
            return await self._send(recording, upload)
        except StorageRefused as error:
            raise self._failed(recording, "refused", error.message) from error
        except UploadGaveUp as error:
            raise self._failed(recording, "gave_up", error.message) from error
        except (ReelkitError, FileNotFoundError) as error:
            message = (
                error.message if isinstance(error, ReelkitError) else "its file is not in the hosted bucket any more"
            )
            raise self._failed(recording, "internal", message) from error
        except Exception as error:  # the top of a delivery: the recording must not stay UPLOADING for ever
            log.exception("a delivery failed")
            raise self._failed(recording, "internal", "an internal error") from error
        finally:
            self._metrics.running.dec()
            self._uploads.pop(recording.id, None)
            await upload.close()

    def abandon(self, recording: Recording) -> None:
        """There will be no files: what the storage has of them is thrown away in the background."""
        upload = self._uploads.pop(recording.id, None)
        if upload is not None:
            self._tasks.spawn(_abandoned(upload), f"abandon-{recording.id}")

    def hurry(self) -> None:
        """The server stops: what waits for a storage that is down ends now, and goes on at the next start."""
        self._closing.set()

    async def close(self) -> None:
        """Ends what follows growing files; their states are kept."""
        await self._tasks.close()
        for upload in self._uploads.values():
            await upload.close()
        self._uploads.clear()

    def _upload_of(self, recording: Recording) -> RecordingUpload:
        async def opened() -> Destination:
            target = await patiently(
                self._clock, "a storage's target", lambda: self._store.target(recording.id), recording_id=recording.id
            )
            return self._destinations.open(target, recording.app_id)

        upload = self._uploads[recording.id] = RecordingUpload(
            recording,
            opened,
            store=self._store,
            clock=_Waiting(self._clock, self._store, self._metrics, self._closing, recording.id),
            random=self._random,
            patience=Patience(give_up_after_s=self._settings.give_up_after_s),
            metrics=self._metrics,
            places=self._places,
        )
        return upload

    async def _follow(self, recording: Recording, upload: RecordingUpload) -> None:
        structlog.contextvars.bind_contextvars(recording_id=recording.id)
        try:
            render = await self._recordings.render_config(recording.id)
            await upload.follow(render)
        except (ReelkitError, OSError) as error:
            # It is sent at its end.
            log.warning("a recording is not sent while it grows", reason=str(error))

    async def _send(self, recording: Recording, upload: RecordingUpload) -> dict[str, Any] | None:
        files = await patiently(
            self._clock, "the files of a delivery", lambda: self._store.files(recording.id), recording_id=recording.id
        )
        for file in files:
            if not file.sent and file.name != recording.integrity_file_name:
                await upload.send(file, await self._hosting.local(recording, file.name))
        record = await patiently(
            self._clock,
            "the integrity record of a delivery",
            lambda: self._recordings.integrity(recording.id),
            recording_id=recording.id,
        )
        if record is None or any(file.sent and file.name == recording.integrity_file_name for file in files):
            return record
        media = [file for file in files if file.name != recording.integrity_file_name]
        whole = record | {"destination": await self._destination_of(recording, upload, media)}
        # Before it is sent: what is kept here says the same, also if this server ends in between.
        await patiently(
            self._clock,
            "the integrity record of a delivery",
            lambda: self._recordings.amend(recording.id, integrity=whole),
            recording_id=recording.id,
        )
        await self._send_record(recording, upload, whole)
        return whole

    async def _destination_of(
        self, recording: Recording, upload: RecordingUpload, files: list[FileToSend]
    ) -> dict[str, Any]:
        """What the integrity record says of the caller's storage."""
        objects = []
        for file in files:
            found = await upload.stat(file.name)
            objects.append(
                {
                    "name": file.name,
                    "size_bytes": file.size_bytes,
                    "sha256": file.sha256,
                    "etag": found.etag if found is not None else None,
                }
            )
        return {"label": recording.delivery.label if recording.delivery is not None else "", "objects": objects}

    async def _send_record(self, recording: Recording, upload: RecordingUpload, record: dict[str, Any]) -> None:
        data = json.dumps(record, indent=1, ensure_ascii=False).encode()
        file = FileToSend(recording.integrity_file_name, _RECORD_TYPE, len(data), sha256(data).hexdigest())
        await self.expect(recording, (file,))
        with TemporaryDirectory(prefix="reelkit-") as directory:
            path = Path(directory) / "integrity.json"
            await asyncio.to_thread(write_durably, path, data)
            await upload.send(file, path)

    def _failed(self, recording: Recording, reason: str, message: str) -> DeliveryFailed:
        kind = recording.delivery.storage.get("type", "") if recording.delivery is not None else ""
        self._metrics.failures.labels(kind, reason).inc()
        return DeliveryFailed(message)


class _Waiting:
    """The clock of an upload's patience: says how long it waits, and does not keep a server from stopping."""

    def __init__(
        self, clock: Clock, store: DeliveryStore, metrics: UploadMetrics, closing: asyncio.Event, recording_id: str
    ) -> None:
        self._clock = clock
        self._store = store
        self._metrics = metrics
        self._closing = closing
        self._recording_id = recording_id

    def time_s(self) -> float:
        return self._clock.time_s()

    def monotonic_s(self) -> float:
        return self._clock.monotonic_s()

    async def sleep(self, duration_s: float) -> None:
        """Raises CancelledError when the server stops."""
        self._metrics.waiting.inc()
        ended = asyncio.ensure_future(self._clock.sleep(duration_s))
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            try:
                await self._store.waiting(self._recording_id, duration_s)
            except ReelkitError as error:
                log.warning("it was not noted when a storage is tried again", reason=str(error))
            await asyncio.wait({ended, closing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._metrics.waiting.dec()
            ended.cancel()
            closing.cancel()
            await asyncio.wait({ended, closing})
        if self._closing.is_set():
            raise asyncio.CancelledError("the server stops")


async def _abandoned(upload: RecordingUpload) -> None:
    try:
        async with asyncio.timeout(_ABORT_TIMEOUT_S):
            await upload.abort()
    except (ReelkitError, TimeoutError, OSError) as error:
        log.warning("parts of a recording stay in its storage", recording_id=upload.recording.id, reason=str(error))
    finally:
        await upload.close()
