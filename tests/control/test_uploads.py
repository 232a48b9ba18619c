"""Uploads while a recording grows, and over the end of a server."""

import asyncio
from pathlib import Path

from reelkit.control.hosted import BucketState
from reelkit.control.recording import Action, RecordingStatus
from reelkit.control.storage_delivery import DeliveryState
from reelkit.db.deliveries import DeliveryRepository
from reelkit.db.recordings import RecordingRepository
from reelkit.fleet.base import JobOutcome, JobProgress
from reelkit.process import wait_until
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.upload.growth import GrowingFile
from tests.control.deliveries import NO_BUCKET, bucket_of, delivery_of, stopped, until_waiting
from tests.control.fakes import CONTENT
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.own_storage import STORAGE_CONFIG
from tests.patience import PATIENCE_S
from tests.publish.upload.growing import BLOCK, GrowingFilm, content, small_blocks


async def test_a_long_film_travels_while_it_is_recorded(harness: Harness) -> None:
    with small_blocks():
        recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
        job_dir = harness.data / "jobs" / recording.id
        job_dir.mkdir(parents=True)
        film = GrowingFilm(job_dir / "film.mp4", content(40 * BLOCK), first_room=BLOCK // 2)
        storage = harness.storage.places["s3://films/2026"]

        async def sent_most() -> bool:
            film.grow(3 * BLOCK)
            progress = JobProgress(
                film_s=1.0, lag_s=0.0, segments=1, rss_bytes=1, growing=(film.report() or unknown(),)
            )
            harness.fleet.report(recording.id, progress)
            return delivery_of(await harness.get(recording)).sent_bytes >= 30 * BLOCK

        await wait_until(sent_most, timeout_s=PATIENCE_S, interval_s=0.01)
        assert delivery_of(await harness.get(recording)).state is DeliveryState.UPLOADING
        film.grow(40 * BLOCK)
        finished = film.finish()
        parts = storage.calls["put_part"]
        harness.fleet.outcomes[recording.id] = JobOutcome(
            files=(
                DeliveredFile(
                    kind="video",
                    path=finished.path,
                    size_bytes=finished.size_bytes,
                    duration_s=10.0,
                    container="mp4",
                    content_type="video/mp4",
                    head_bytes=finished.head_bytes,
                    blocks_sha256=finished.blocks,
                ),
            ),
            duration_s=10.0,
            frames=300,
        )
        whole = finished.path.read_bytes()
        await harness.act(recording, Action.STOP)
        uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert harness.storage.objects()[uploaded.output_file_name] == whole
    # The head, and what was not sent before the end.
    assert storage.calls["put_part"] - parts <= 12
    assert storage.calls["begin"] == 1
    assert delivery_of(uploaded).sent_bytes == delivery_of(uploaded).total_bytes == len(whole)
    assert storage.uploads == {}


def unknown() -> GrowingFile:
    return GrowingFile(kind="video", path=Path("nowhere"), head_bytes=0, data_bytes=0)


async def test_parts_of_a_recording_that_fails_are_thrown_away(harness: Harness) -> None:
    with small_blocks():
        recording = await harness.start(await harness.meeting(), storage_config=STORAGE_CONFIG)
        job_dir = harness.data / "jobs" / recording.id
        job_dir.mkdir(parents=True)
        film = GrowingFilm(job_dir / "film.mp4", content(40 * BLOCK), first_room=BLOCK // 2)
        storage = harness.storage.places["s3://films/2026"]

        async def sent_some() -> bool:
            film.grow(3 * BLOCK)
            progress = JobProgress(
                film_s=1.0, lag_s=0.0, segments=1, rss_bytes=1, growing=(film.report() or unknown(),)
            )
            harness.fleet.report(recording.id, progress)
            return bool(storage.uploads)

        await wait_until(sent_some, timeout_s=PATIENCE_S, interval_s=0.01)
        harness.fleet.outcomes[recording.id] = JobOutcome.failed("the renderer ended 21 times without progress")
        await harness.act(recording, Action.STOP)
        await harness.until(recording, RecordingStatus.ERRORED)

        async def gone() -> bool:
            return not storage.uploads

        await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_server_goes_on_with_the_uploads_of_an_earlier_one(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    first.storage.down = True
    recording = await stopped(first)
    await until_waiting(first, recording)
    await first.gateway.end(recording.meeting_id)
    await first.crash()
    async with harness_at(tmp_path, clock) as second:
        uploaded = await second.until(recording, RecordingStatus.UPLOADED)
        # The film was finished: nothing is rendered again.
        assert second.fleet.started == []
        assert second.storage.objects()[uploaded.output_file_name] == CONTENT["video"]
        assert uploaded.stopped_at == recording.stopped_at


async def test_a_server_that_stops_does_not_wait_for_storage_that_is_down(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    first.storage.down = True
    recording = await stopped(first)
    await until_waiting(first, recording)
    async with asyncio.timeout(PATIENCE_S):
        await first.close()
    async with harness_at(tmp_path, clock) as second:
        await second.until(recording, RecordingStatus.UPLOADED)


async def test_what_is_hosted_is_uploaded_again_after_a_crash_between_the_steps(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock)
    await first.open()
    recording = await stopped(first, **NO_BUCKET)
    await first.until(recording, RecordingStatus.UPLOADED)
    async with first.database.transaction() as session:
        row = await DeliveryRepository(session).get(recording.id)
        stored = await RecordingRepository(session).get(recording.id)
        assert row is not None
        assert stored is not None
        row.state, stored.status, stored.file_removed_at = DeliveryState.UPLOADING.value, "UPLOADING", None
    await first.close()
    async with harness_at(tmp_path, clock) as second:
        # Everything was sent and the hosted copy is gone: only the last step was left.
        uploaded = await second.until(recording, RecordingStatus.UPLOADED)
        assert second.storage.openings == 0
        assert bucket_of(second, uploaded) is BucketState.REMOVED
