"""Delivering again what could not be delivered: the files are in the hosted bucket, and may go elsewhere from there."""

from reelkit.control.config_secrets import readable_storage
from reelkit.control.delivery import Delivery
from reelkit.control.delivery_store import DeliveryStore
from reelkit.control.destinations import Destinations
from reelkit.control.errors import Conflict
from reelkit.control.recorder import Recorder
from reelkit.control.recording import Recording, RecordingStatus
from reelkit.control.recording_store import DeliveryChanges, RecordingChanges, RecordingStore
from reelkit.control.storage_config import StorageConfig
from reelkit.control.storage_delivery import DeliveryState
from reelkit.control.tasks import uninterrupted
from reelkit.control.validation import Params


class RedeliveryParams(Params):
    """The body that asks for another delivery."""

    storage_config: StorageConfig | None = None
    """Where to instead, or other credentials for the same place; as before if it is left out."""


class Redelivery:
    """Takes recordings whose delivery failed back to UPLOADING."""

    def __init__(
        self,
        recordings: RecordingStore,
        store: DeliveryStore,
        delivery: Delivery,
        destinations: Destinations,
        recorder: Recorder,
    ) -> None:
        self._recordings = recordings
        self._store = store
        self._delivery = delivery
        self._destinations = destinations
        self._recorder = recorder

    async def start(self, app_id: str, recording_id: str, params: RedeliveryParams) -> Recording:
        """The answer is UPLOADING. Raises NotFound; Conflict if there is nothing to deliver again; Invalid naming
        ``storage_config`` if the new one is refused."""
        recording = await self._recordings.get(app_id, recording_id)
        _require_failed(recording)
        storage = params.storage_config
        if storage is not None:
            await self._destinations.check(storage, app_id)
        return await uninterrupted(self._start(recording, storage), f"deliver-again-{recording_id}")

    async def _start(self, known: Recording, storage: StorageConfig | None) -> Recording:
        recording_id = known.id
        # Whoever erases the recording takes the same turn: nothing may be sent any more after that.
        async with self._recorder.turn(known.meeting_id):
            recording = await self._recordings.get(known.app_id, recording_id)
            _require_failed(recording)
            await self._store.retry(recording_id, storage.target() if storage is not None else None)
            changes = DeliveryChanges(state=DeliveryState.UPLOADING.value, error=None, next_try_at=None)
            if storage is not None:
                changes["storage"] = readable_storage(storage)
            again = RecordingChanges(delivery=changes)
            if recording.delivery is not None:
                again["error"] = recording.delivery.earlier_error
                if not recording.delivery.bucket_enabled:
                    # The hosted copy was there for the caller only because there was no other.
                    again["download_expires_at"] = None
            uploading = await self._recordings.move(recording_id, RecordingStatus.UPLOADING, **again)
            self._delivery.upload(uploading)
            return uploading


def _require_failed(recording: Recording) -> None:
    delivery = recording.delivery
    if delivery is None:
        raise Conflict("the recording has no storage_config: its files are in the hosted bucket only")
    if recording.status is not RecordingStatus.ERRORED or delivery.state is not DeliveryState.FAILED:
        raise Conflict(f"the recording is {recording.status}, its delivery {delivery.state}: there is nothing to retry")
    if delivery.files_at is None:
        raise Conflict("the recording has no files that could be delivered")
    if recording.file_removed_at is not None:
        raise Conflict("the hosted files of the recording have expired: there is nothing left to deliver")
