"""Films and sounds in the hosted bucket: what is stored, under which names, and for how long."""

import errno
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.expiry import Expiry
from reelkit.control.hosted import names_of
from reelkit.control.patience import RETRY_S
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.db.recordings import RecordingRepository
from reelkit.fleet.base import JobOutcome
from reelkit.process import wait_until
from reelkit.publish.bucket import StoredFile
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.errors import StorageError
from reelkit.publish.storage.errors import StorageRefused, StorageUnavailable
from reelkit.render.config import RenderConfig
from tests.control.fakes import delivered
from tests.control.harness import Harness, harness_at
from tests.patience import PATIENCE_S


async def uploaded(harness: Harness, **fields: object) -> Recording:
    recording = await harness.start(await harness.meeting(), **fields)
    await harness.act(recording, Action.STOP)
    return await harness.until(recording, RecordingStatus.UPLOADED)


def hosted(harness: Harness, recording: Recording) -> dict[str, bytes]:
    """The recording's files in the bucket, by the end of their names."""
    main = harness.bucket.path(recording.app_id, recording.id, recording.output_file_name)
    stem = recording.output_file_name.rpartition(".")[0]
    return {path.name.removeprefix(stem): path.read_bytes() for path in main.parent.iterdir()}


async def test_a_film_and_its_sound(harness: Harness) -> None:
    harness.fleet.integrity = None
    done = await uploaded(harness, video_config={}, audio_config={"codec": "MP3"}, file_name_prefix="weekly")
    assert hosted(harness, done) == {".mp4": b"film", ".mp3": b"sound"}
    assert (done.file_size_bytes, done.audio_size_bytes) == (4, 5)
    assert done.sha256 != done.audio_sha256
    assert done.audio_file_name == done.output_file_name.replace(".mp4", ".mp3")
    assert done.output_file_name.startswith("weekly_")
    assert done.integrity_sha256 is None


async def test_sound_alone_is_the_main_file(harness: Harness) -> None:
    harness.fleet.integrity = None
    done = await uploaded(harness, audio_config={"channel": "mono"})
    assert hosted(harness, done) == {".m4a": b"sound"}
    assert done.output_file_name == done.audio_file_name
    assert (done.file_size_bytes, done.audio_size_bytes) == (5, 5)
    assert done.sha256 == done.audio_sha256 is not None


async def test_the_integrity_record_lies_beside_the_film(harness: Harness) -> None:
    done = await uploaded(harness, video_config={"codec": "VP8"})
    files = hosted(harness, done)
    assert set(files) == {".webm", ".webm.json"}
    assert json.loads(files[".webm.json"]) == harness.fleet.integrity
    assert await harness.plane.recordings.integrity(done) == harness.fleet.integrity


async def test_a_part_that_could_be_saved_is_all_that_is_told_of(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting(), video_config={}, audio_config={})
    job = harness.data / "jobs" / recording.id
    sound = delivered(job, RenderConfig(files=("audio",)))
    harness.fleet.outcomes[recording.id] = JobOutcome(files=sound, duration_s=3.2, frames=0, error="the disk is full")
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert hosted(harness, errored) == {".m4a": b"sound"}
    assert (errored.file_size_bytes, errored.audio_size_bytes) == (None, 5)


class RefusingBucket:
    """Refuses files whose names end in one way, for some times, with an error of the system."""

    def __init__(self, harness: Harness, ending: str, number: int, times: int = 1_000) -> None:
        self._put = harness.bucket.put
        self._ending, self._number, self._left = ending, number, times

    async def put(self, app_id: str, recording_id: str, source: Path, name: str, content_type: str) -> StoredFile:
        if name.endswith(self._ending) and self._left:
            self._left -= 1
            raise StorageError("the hosted bucket could not store the file") from OSError(self._number, "refused")
        return await self._put(app_id, recording_id, source, name, content_type)


@pytest.mark.parametrize("ending", [".mp4", ".m4a", ".json"])
async def test_files_wait_for_space_on_the_disk(harness: Harness, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    monkeypatch.setattr(harness.bucket, "put", RefusingBucket(harness, ending, errno.ENOSPC, times=2).put)
    recording = await harness.start(await harness.meeting(), video_config={}, audio_config={})
    await harness.act(recording, Action.STOP)

    async def waits() -> bool:
        return harness.clock.deadlines.count(RETRY_S) == others + 1

    # The disk is looked at in as many seconds, too; and in the end what else is done every ten seconds.
    for others in (1, 2):  # noqa: B007 - waits() looks at it
        await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
        assert (await harness.get(recording)).status is RecordingStatus.UPLOADING
        await harness.clock.advance(RETRY_S)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    assert set(hosted(harness, done)) == {".mp4", ".m4a", ".mp4.json"}
    assert (done.file_size_bytes, done.audio_size_bytes, done.error) == (4, 5, None)


async def test_a_film_whose_sound_cannot_be_stored_can_be_downloaded(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(harness.bucket, "put", RefusingBucket(harness, ".m4a", errno.EACCES).put)
    recording = await harness.start(await harness.meeting(), video_config={}, audio_config={})
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert errored.error.startswith("the file of the sound could not be stored: ")
    assert (errored.file_size_bytes, errored.audio_size_bytes) == (4, None)
    assert errored.download_expires_at is not None
    assert set(hosted(harness, errored)) == {".mp4", ".mp4.json"}


async def test_a_film_is_delivered_without_its_record(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(harness.bucket, "put", RefusingBucket(harness, ".json", errno.EACCES).put)
    done = await uploaded(harness)
    assert hosted(harness, done) == {".mp4": b"film"}
    assert done.integrity_sha256 is None
    assert await harness.plane.recordings.integrity(done) is None


async def test_all_files_expire_together(harness: Harness) -> None:
    done = await uploaded(harness, video_config={}, audio_config={})
    assert set(hosted(harness, done)) == {".mp4", ".m4a", ".mp4.json"}
    # Nobody is woken: the plane's own expiry would delete them too.
    harness.clock.now_s += harness.settings.recording.url_lifetime_s
    assert await Expiry(harness.database, harness.clock, harness.bucket).check() == 1
    assert not harness.bucket.path(done.app_id, done.id, done.output_file_name).parent.exists()


async def test_a_bucket_elsewhere_is_waited_for(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    put, failures = harness.bucket.put, [StorageUnavailable("no answer"), StorageRefused("the keys are not right")]

    async def fail_twice(*arguments: Any) -> StoredFile:
        if failures:
            raise failures.pop(0)
        return await put(*arguments)

    monkeypatch.setattr(harness.bucket, "put", fail_twice)
    recording = await harness.start(await harness.meeting())
    await harness.act(recording, Action.STOP)
    for wait_s, left in ((5.0, 1), (10.0, 0)):

        async def waits(wait_s: float = wait_s, left: int = left) -> bool:
            return len(failures) == left and wait_s in harness.clock.deadlines

        await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
        assert (await harness.get(recording)).status is RecordingStatus.UPLOADING
        await harness.clock.advance(wait_s)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    assert set(hosted(harness, done)) == {".mp4", ".mp4.json"}


def named(job: Path, name: str) -> DeliveredFile:
    """A file that lies beside the film."""
    job.mkdir(parents=True, exist_ok=True)
    path = job / name
    path.write_bytes(name.encode())
    size_bytes = path.stat().st_size
    return DeliveredFile(
        kind="captions",
        path=path,
        size_bytes=size_bytes,
        duration_s=0.0,
        container="vtt",
        content_type="text/vtt",
        name=name,
    )


async def test_files_with_names_lie_beside_the_film(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    recording = await harness.start(await harness.meeting())
    job = harness.data / "jobs" / recording.id
    files = (*delivered(job), named(job, "cues.vtt"), named(job, "refused.vtt"))
    harness.fleet.outcomes[recording.id] = JobOutcome(files=files, duration_s=3.2, frames=96)
    monkeypatch.setattr(harness.bucket, "put", RefusingBucket(harness, "refused.vtt", errno.EACCES).put)
    await harness.act(recording, Action.STOP)
    done = await harness.until(recording, RecordingStatus.ERRORED)
    assert done.error == "the file refused.vtt could not be stored: the hosted bucket could not store the file"
    assert [(file.name, file.kind, file.size_bytes) for file in done.files] == [("cues.vtt", "captions", 8)]
    assert done.files[0].sha256 == hashlib.sha256(b"cues.vtt").hexdigest()
    assert (harness.bucket.path(done.app_id, done.id, "cues.vtt")).read_bytes() == b"cues.vtt"
    async with harness.database.session() as session:
        row = await RecordingRepository(session).get(done.id)
        assert row is not None
        assert names_of(row) == (done.output_file_name, done.integrity_file_name, "cues.vtt")
    url = harness.plane.links.url(done, "cues.vtt")
    assert url is not None
    assert "/cues.vtt?" in url


async def test_an_interactive_recording_is_its_archive(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    job = harness.data / "jobs" / recording.id
    film = delivered(job)
    archive = job / "hls.tar.gz"
    archive.write_bytes(b"archive")
    tar = film[0].model_copy(update={"kind": "hls", "path": archive, "container": "tar"})
    harness.fleet.outcomes[recording.id] = JobOutcome(files=(*film, tar), duration_s=3.2, frames=96)
    await harness.act(recording, Action.STOP)
    done = await harness.until(recording, RecordingStatus.UPLOADED)
    assert harness.bucket.path(done.app_id, done.id, done.output_file_name).read_bytes() == b"archive"


@pytest.mark.parametrize(
    ("setting", "calls", "kept"),
    [
        (False, [None], False),
        (False, [True], True),
        (False, [False, True], True),
        (True, [None], True),
        (True, [False], False),
        (True, [False, None], True),
    ],
)
async def test_the_call_decides_about_the_capture_and_the_setting_where_it_is_silent(
    tmp_path: Path, setting: bool, calls: list[bool | None], kept: bool
) -> None:
    async with harness_at(tmp_path, capture={"keep": setting}) as harness:
        meeting = await harness.attended_meeting()
        capture = harness.room(meeting).capture_dir
        for keep in calls:
            fields = {} if keep is None else {"reelkit": {"keep_capture": keep}}
            recording = await harness.start(meeting, allow_multiple_recordings=True, **fields)
            await harness.act(recording, Action.STOP)
            await harness.until(recording, RecordingStatus.UPLOADED)
        # Deliveries have released what they held when the session ends.
        await harness.plane._delivery.close(5.0)
        await harness.gateway.end(meeting.id)
        assert capture.exists() == kept
