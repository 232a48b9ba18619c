"""Recordings that are delivered to the caller's own storage: the rules, with storage in memory."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.errors import Conflict, Invalid
from reelkit.control.hosted import BucketState
from reelkit.control.recording import Action, RecordingStatus, StartReason
from reelkit.control.storage_delivery import DeliveryState
from reelkit.db.errors import DatabaseUnavailable
from reelkit.fleet.base import JobOutcome
from reelkit.process import wait_until
from tests.control.deliveries import NO_BUCKET, bucket_of, delivery_of, in_time, retried, stopped, until_waiting
from tests.control.fakes import CONTENT, delivered
from tests.control.harness import Harness, harness_at
from tests.control.own_storage import STORAGE_CONFIG, with_secret
from tests.patience import PATIENCE_S
from tests.publish.upload.memory_storage import REFUSED


async def test_everything_goes_there_and_into_the_bucket(harness: Harness) -> None:
    recording = await stopped(harness, audio_config={})
    assert delivery_of(recording).state in {DeliveryState.WAITING, DeliveryState.UPLOADING}
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    objects = harness.storage.objects()
    assert set(objects) == {uploaded.output_file_name, uploaded.audio_file_name, uploaded.integrity_file_name}
    assert objects[uploaded.output_file_name] == CONTENT["audio"]
    assert bucket_of(harness, uploaded) is BucketState.STORED
    delivery = delivery_of(uploaded)
    assert (delivery.state, delivery.label, delivery.error) == (DeliveryState.UPLOADED, "s3://films/2026", None)
    assert delivery.sent_bytes == delivery.total_bytes == sum(len(data) for data in objects.values())
    assert uploaded.uploaded_at is not None


async def test_the_record_of_integrity_names_the_destination(harness: Harness) -> None:
    uploaded = await harness.until(await stopped(harness, video_config={}, audio_config={}), RecordingStatus.UPLOADED)
    objects = harness.storage.objects()
    record = json.loads(objects[uploaded.integrity_file_name])
    assert record == await harness.plane.recordings.integrity(uploaded)
    assert record["destination"]["label"] == "s3://films/2026"
    named = {each["name"]: (each["size_bytes"], each["sha256"]) for each in record["destination"]["objects"]}
    assert named == {
        uploaded.output_file_name: (uploaded.file_size_bytes, uploaded.sha256),
        uploaded.audio_file_name: (uploaded.audio_size_bytes, uploaded.audio_sha256),
    }


async def test_the_record_is_kept_with_its_destination_before_it_is_sent(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
    # The film is put and looked at; then as if the server had ended.
    harness.storage.places["s3://films/2026"].faults += [None, None, REFUSED]
    await harness.act(recording, Action.STOP)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    record = await harness.plane.recordings.integrity(failed)
    assert record is not None
    assert [each["name"] for each in record["destination"]["objects"]] == [failed.output_file_name]


async def test_nothing_stays_in_a_bucket_that_is_switched_off(harness: Harness) -> None:
    harness.storage.down = True
    recording = await stopped(harness, **NO_BUCKET)
    waiting = await until_waiting(harness, recording)
    hosted = harness.bucket.path(recording.app_id, recording.id, recording.output_file_name)
    assert hosted.exists()
    assert waiting.download_expires_at is None
    assert bucket_of(harness, waiting) is BucketState.NONE
    harness.storage.down = False
    uploaded = await in_time(harness, recording, RecordingStatus.UPLOADED)
    assert not hosted.exists()
    assert uploaded.download_expires_at is None
    assert bucket_of(harness, uploaded) is BucketState.REMOVED
    assert harness.plane.links.to(uploaded).download_url is None
    assert harness.storage.objects()[uploaded.output_file_name] == CONTENT["video"]


async def test_storage_that_is_down_is_waited_for(harness: Harness) -> None:
    harness.storage.down = True
    recording = await stopped(harness)
    waiting = await until_waiting(harness, recording)
    assert waiting.status is RecordingStatus.UPLOADING
    delivery = delivery_of(waiting)
    assert (delivery.state, delivery.error) == (DeliveryState.UPLOADING, "the storage does not answer")
    (note,) = waiting.notes
    assert note.endswith("could not be checked when the recording was asked for: the storage does not answer")
    assert harness.plane.links.to(waiting).download_url is not None
    assert harness.metric("reelkit_uploads_waiting") == 1
    harness.storage.down = False
    uploaded = await in_time(harness, recording, RecordingStatus.UPLOADED)
    assert delivery_of(uploaded).attempts >= 2
    assert (uploaded.error, delivery_of(uploaded).error, delivery_of(uploaded).next_try_at) == (None, None, None)
    assert harness.metric("reelkit_uploads_waiting") == harness.metric("reelkit_uploads_running") == 0
    assert (harness.metric("reelkit_upload_retries_total", type="aws") or 0) >= 1


async def test_files_do_not_expire_while_they_are_delivered(tmp_path: Path) -> None:
    async with harness_at(tmp_path, recording={"url_lifetime_s": 60}) as harness:
        harness.storage.down = True
        recording = await stopped(harness)
        await until_waiting(harness, recording)
        for _ in range(20):
            await harness.clock.advance(600)
            await until_waiting(harness, recording)
        assert harness.bucket.path(recording.app_id, recording.id, recording.output_file_name).exists()
        harness.storage.down = False
        await in_time(harness, recording, RecordingStatus.UPLOADED)


async def test_a_wrong_secret_is_refused_in_the_start_call(harness: Harness) -> None:
    meeting = await harness.meeting()
    with pytest.raises(Invalid) as refused:
        await harness.start(meeting, storage_config=with_secret("wrong-secret"))
    assert refused.value.field == "storage_config"
    assert refused.value.message == "storage_config: the credentials are not right"
    assert (await harness.start(meeting, storage_config=STORAGE_CONFIG)).status is RecordingStatus.RECORDING


async def test_a_meeting_that_records_itself_does_so_whatever_its_storage(harness: Harness) -> None:
    meeting = await harness.meeting(
        record_on_start=True, recording_config={"storage_config": with_secret("wrong-secret")}
    )
    await harness.gateway.join(meeting.id)

    async def runs() -> bool:
        return bool(await harness.plane._store.running(meeting.id))

    await wait_until(runs, timeout_s=PATIENCE_S, interval_s=0.002)
    recording = await harness.plane.recordings.active(harness.app.id, meeting.id)
    assert recording.start_reason is StartReason.RECORD_ON_START
    await harness.act(recording, Action.STOP)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    assert failed.error == "the delivery to s3://films/2026 failed: the credentials are not right"


@pytest.mark.parametrize("fields", [{}, NO_BUCKET])
async def test_a_secret_that_was_revoked_costs_the_delivery_and_not_the_film(
    harness: Harness, fields: dict[str, Any]
) -> None:
    recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG, **fields)
    harness.storage.secret = "another"
    await harness.act(recording, Action.STOP)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    assert delivery_of(failed).state is DeliveryState.FAILED
    assert delivery_of(failed).error == "the credentials are not right"
    assert bucket_of(harness, failed) is BucketState.STORED
    assert harness.plane.links.to(failed).download_url is not None
    assert harness.metric("reelkit_upload_failures_total", type="aws", reason="refused") == 1

    with pytest.raises(Invalid, match="the credentials are not right"):
        await retried(harness, failed, with_secret("still-wrong"))
    again = await retried(harness, failed, with_secret("another"))
    assert again.status is RecordingStatus.UPLOADING
    assert again.error is None
    assert (again.download_expires_at is None) == bool(fields)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert uploaded.error is None
    assert harness.storage.objects()[uploaded.output_file_name] == CONTENT["video"]
    assert bucket_of(harness, uploaded) is (BucketState.REMOVED if fields else BucketState.STORED)


async def test_a_failed_delivery_may_go_elsewhere(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
    harness.storage.secret = "another"
    await harness.act(recording, Action.STOP)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    elsewhere = {**with_secret("another"), "bucket": "archive", "path": ""}
    again = await retried(harness, failed, elsewhere)
    assert delivery_of(again).label == "s3://archive"
    assert delivery_of(again).storage["bucket"] == "archive"
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert harness.storage.objects("s3://archive")[uploaded.output_file_name] == CONTENT["video"]


async def test_a_bucket_of_the_same_name_elsewhere_gets_everything(harness: Harness) -> None:
    recording = await harness.start(
        await harness.meeting(), storage_config=STORAGE_CONFIG, video_config={}, audio_config={}, **NO_BUCKET
    )
    # The film arrives, its sound is refused.
    harness.storage.places["s3://films/2026"].faults += [None, REFUSED]
    await harness.act(recording, Action.STOP)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    assert list(harness.storage.objects()) == [failed.output_file_name]
    harness.storage.places.clear()
    again = await retried(harness, failed, {**STORAGE_CONFIG, "region": "us-2"})
    assert delivery_of(again).label == delivery_of(failed).label
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert set(harness.storage.objects()) == {
        uploaded.output_file_name,
        uploaded.audio_file_name,
        uploaded.integrity_file_name,
    }


async def test_a_delivery_that_failed_too_late_leaves_time_for_the_film(tmp_path: Path) -> None:
    async with harness_at(tmp_path, recording={"url_lifetime_s": 60}, storage={"give_up_after_s": 3_600}) as harness:
        harness.storage.down = True
        recording = await stopped(harness)
        await until_waiting(harness, recording)
        failed = await in_time(harness, recording, RecordingStatus.ERRORED)
        assert failed.download_expires_at is not None
        assert failed.uploaded_at is None
        assert failed.download_expires_at > failed.invoked_at + timedelta(seconds=3_600)


async def test_a_database_that_is_away_for_a_moment_costs_no_delivery(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused = 0

    def away(method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        answers = iter([False])

        async def called(*arguments: Any) -> Any:
            nonlocal refused
            if not next(answers, True):
                refused += 1
                raise DatabaseUnavailable("the database is restarting")
            return await method(*arguments)

        return called

    harness.storage.down = True
    recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
    harness.storage.down = False
    plane = harness.plane
    monkeypatch.setattr(plane._deliveries, "target", away(plane._deliveries.target))
    monkeypatch.setattr(plane._store, "integrity", away(plane._store.integrity))
    await harness.act(recording, Action.STOP)
    uploaded = await in_time(harness, recording, RecordingStatus.UPLOADED)
    assert refused == 2
    assert uploaded.integrity_file_name in harness.storage.objects()


async def test_patience_ends(tmp_path: Path) -> None:
    async with harness_at(tmp_path, storage={"give_up_after_s": 100}) as harness:
        harness.storage.down = True
        recording = await stopped(harness)
        await until_waiting(harness, recording)
        failed = await in_time(harness, recording, RecordingStatus.ERRORED)
        assert failed.error is not None
        assert failed.error.startswith("the delivery to s3://films/2026 failed: the storage did not take the file")
        harness.storage.down = False
        await retried(harness, failed)
        await harness.until(recording, RecordingStatus.UPLOADED)


async def test_only_a_delivery_that_failed_is_tried_again(harness: Harness) -> None:
    uploaded = await harness.until(await stopped(harness), RecordingStatus.UPLOADED)
    with pytest.raises(Conflict, match="nothing to retry"):
        await retried(harness, uploaded)
    hosted = await harness.act(await harness.start(await harness.meeting()), Action.STOP)
    await harness.until(hosted, RecordingStatus.UPLOADED)
    with pytest.raises(Conflict, match="no storage_config"):
        await retried(harness, hosted)
    lost = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
    harness.fleet.outcomes[lost.id] = JobOutcome.failed("the renderer ended 21 times without progress")
    await harness.act(lost, Action.STOP)
    failed = await harness.until(lost, RecordingStatus.ERRORED)
    assert delivery_of(failed).state is DeliveryState.FAILED
    with pytest.raises(Conflict, match="no files"):
        await retried(harness, failed)


async def test_a_film_that_is_not_whole_is_delivered_and_still_an_error(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG, **NO_BUCKET)
    part = delivered(harness.data / "jobs" / recording.id)
    harness.fleet.outcomes[recording.id] = JobOutcome(files=part, duration_s=3.2, frames=96, error="the disk is full")
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the film is not whole: the disk is full"
    assert delivery_of(errored).state is DeliveryState.UPLOADED
    assert harness.storage.objects()[errored.output_file_name] == CONTENT["video"]
