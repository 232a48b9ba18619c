"""Deliveries to storage in memory, step by step."""

from typing import Any

from reelkit.clock import utc
from reelkit.control.hosted import BucketState
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.control.redelivery import RedeliveryParams
from reelkit.control.storage_delivery import StorageDelivery
from reelkit.process import wait_until
from tests.control.harness import Harness
from tests.control.own_storage import STORAGE_CONFIG
from tests.patience import PATIENCE_S

NO_BUCKET = {"realtimekit_bucket_config": {"enabled": False}}


async def stopped(harness: Harness, storage: dict[str, Any] | None = None, **fields: Any) -> Recording:
    recording = await harness.start(await harness.meeting(), storage_config=storage or STORAGE_CONFIG, **fields)
    return await harness.act(recording, Action.STOP)


def delivery_of(recording: Recording) -> StorageDelivery:
    assert recording.delivery is not None
    return recording.delivery


def bucket_of(harness: Harness, recording: Recording) -> BucketState:
    return recording.bucket_state(utc(harness.clock.time_s()))


async def retried(harness: Harness, recording: Recording, storage: dict[str, Any] | None = None) -> Recording:
    body = {"storage_config": storage} if storage is not None else {}
    return await harness.plane.redelivery.start(harness.app.id, recording.id, RedeliveryParams.parse(body))


async def until_waiting(harness: Harness, recording: Recording) -> Recording:
    """Until the storage is given time."""

    async def waits() -> bool:
        return delivery_of(await harness.get(recording)).next_try_at is not None

    await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
    return await harness.get(recording)


async def in_time(harness: Harness, recording: Recording, status: RecordingStatus) -> Recording:
    """Lets minutes pass until the recording has a status."""

    async def reached() -> bool:
        await harness.clock.advance(120)
        return (await harness.get(recording)).status is status

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.002)
    return await harness.get(recording)
