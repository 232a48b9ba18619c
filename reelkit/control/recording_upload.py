"""The uploads of one recording's files to the caller's own storage."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from random import Random

import structlog

from reelkit.clock import Clock
from reelkit.control.delivery_files import FileToSend, name_of
from reelkit.control.delivery_store import DeliveryStore
from reelkit.control.patience import patiently
from reelkit.control.recording import Recording
from reelkit.control.upload_metrics import UploadMetrics
from reelkit.errors import ReelkitError
from reelkit.publish.storage.base import Destination, ObjectStat
from reelkit.publish.storage.errors import StorageRefused
from reelkit.publish.upload.growth import GrowingFile
from reelkit.publish.upload.retry import Patience
from reelkit.publish.upload.source import FinishedFile
from reelkit.publish.upload.state import UploadState
from reelkit.publish.upload.upload import Upload
from reelkit.render.config import RenderConfig
from reelkit.render.formats import container, content_type

log = structlog.get_logger(__name__)


class RecordingUpload:
    """Sends the files of ``recording``; what it knows of them is in the store after each step."""

    def __init__(
        self,
        recording: Recording,
        opened: Callable[[], Awaitable[Destination]],
        *,
        store: DeliveryStore,
        clock: Clock,
        random: Random,
        patience: Patience,
        metrics: UploadMetrics,
        places: asyncio.Semaphore,
    ) -> None:
        """``opened`` opens the storage, once it is needed; ``places`` are those of parts in memory."""
        self.recording = recording
        self._opened = opened
        self._store = store
        self._clock = clock
        self._random = random
        self._patience = patience
        self._metrics = metrics
        self._places = places
        self._type = str(recording.delivery.storage.get("type")) if recording.delivery is not None else ""
        self._destination: Destination | None = None
        self._uploads: dict[str, Upload] = {}
        self._making = asyncio.Lock()
        self._told: dict[str, tuple[int, int]] = {}
        """Bytes and failures of each file that the metrics know of."""
        self._growing: tuple[GrowingFile, ...] = ()
        self._news = asyncio.Event()
        self._closed = False

    def tell(self, growing: tuple[GrowingFile, ...]) -> None:
        """What the files are now that grow."""
        self._growing = growing
        self._news.set()

    async def follow(self, render: RenderConfig) -> None:
        """Sends what the growing files have until it is closed, or the storage refuses: then everything is tried again
        at the end."""
        while not self._closed:
            await self._news.wait()
            self._news.clear()
            try:
                for report in self._growing:
                    name = name_of(self.recording, report.kind)
                    if name is not None and report.kind in {"video", "audio", "hls"}:
                        kind = content_type(container(render, report.kind))
                        await (await self._upload(name, kind)).advance(report)
            except StorageRefused as error:
                log.warning("a storage refused a part of what is being recorded", reason=error.message)
                return
            except (ReelkitError, OSError) as error:
                log.warning("what is being recorded could not be sent now", reason=str(error))

    async def send(self, file: FileToSend, path: Path) -> None:
        """Sends what is missing of a finished file, and makes the object of it.

        Raises StorageRefused, UploadGaveUp, SourceLost, Sealed, OSError.
        """
        finished = FinishedFile(path=path, size_bytes=file.size_bytes, head_bytes=file.head_bytes, blocks=file.blocks)
        await (await self._upload(file.name, file.content_type)).finish(finished)

    async def stat(self, name: str) -> ObjectStat | None:
        """What the storage says of an object; None also if it does not say."""
        with suppress(ReelkitError):
            return await (await self._open()).stat(name)
        return None

    async def abort(self) -> None:
        """Lets the storage throw away what it has of unfinished files."""
        for upload in self._uploads.values():
            await upload.abort()

    async def close(self) -> None:
        """Ends :meth:`follow`, and the storage's connections."""
        self._closed = True
        self._growing = ()
        self._news.set()
        if self._destination is not None:
            await self._destination.close()

    async def _open(self) -> Destination:
        if self._destination is None:
            self._destination = await self._opened()
        return self._destination

    async def _upload(self, name: str, kind: str) -> Upload:
        # Two uploads of one file would overwrite what the other one has saved.
        async with self._making:
            if name not in self._uploads:
                state = await patiently(
                    self._clock, "the state of an upload", lambda: self._store.upload(self.recording.id, name, kind)
                )
                self._told[name] = (state.sent_bytes, state.failures)
                self._uploads[name] = Upload(
                    await self._open(),
                    state,
                    self._save,
                    clock=self._clock,
                    random=self._random,
                    patience=self._patience,
                    places=self._places,
                )
        return self._uploads[name]

    async def _save(self, state: UploadState) -> None:
        sent_bytes, failures = self._told[state.name]
        self._told[state.name] = (state.sent_bytes, state.failures)
        self._metrics.sent_bytes.labels(self._type).inc(max(0, state.sent_bytes - sent_bytes))
        self._metrics.retries.labels(self._type).inc(max(0, state.failures - failures))
        await patiently(self._clock, "the state of an upload", lambda: self._store.save(self.recording.id, state))
