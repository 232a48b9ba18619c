"""A job: from a capture to a film and its report, from wherever the last worker left it."""

import asyncio
import errno
import fcntl
import json
import os
import sys
from pathlib import Path

import av
import pytest

from reelkit.clock import SystemClock
from reelkit.fleet.base import JobOutcome, JobSpec
from reelkit.fleet.job import RESULT_FILE, run_job, salvage
from reelkit.fleet.job_config import write_job_config
from reelkit.fleet.local import LocalFleet
from reelkit.fleet.messages import EXIT_DISK_FULL, Done, Failed, Message, Progress
from reelkit.fleet.worker import EXIT_BUSY, EXIT_UNEXPECTED, LOCK_FILE, main
from reelkit.publish.errors import FilmError
from reelkit.render.config import AudioCodec, AudioSpec, RenderConfig, VideoCodec, VideoSpec
from reelkit.settings import RenderSettings
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.timeline import Timeline, people
from tests.patience import PATIENCE_S

SMALL = VideoSpec(width_px=320, height_px=180, preset="ultrafast")


@pytest.fixture
def capture(tmp_path: Path) -> tuple[Path, RenderConfig]:
    """Eight seconds of two people."""
    spec = CaptureSpec(Timeline(8.0, people(2)), device=Device(width_px=320, height_px=180))
    directory = write_capture(spec, tmp_path / "capture")
    return directory, RenderConfig(recording_id=spec.recording_id, video=SMALL)


def film_of(outcome: Done | Failed | JobOutcome) -> Path:
    """The only file that was made."""
    (film,) = outcome.files
    assert (film.kind, film.container, film.content_type) == ("video", "mp4", "video/mp4")
    assert film.path.name == "film.mp4"
    assert film.size_bytes == film.path.stat().st_size
    assert film.duration_s == outcome.duration_s
    return film.path


def frames_of(film: Path) -> int:
    with av.open(film) as container:
        return sum(1 for _ in container.decode(video=0))


def test_a_job_ends_with_a_film_and_is_not_done_twice(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    job = tmp_path / "job"
    job.mkdir()
    said: list[Message] = []
    done = run_job(job, *capture, SystemClock(), said.append)
    assert isinstance(done, Done)
    assert said[-1] == done
    segments = [message.segments for message in said if isinstance(message, Progress)]
    assert segments == sorted(segments)
    assert segments[-1] == 3
    assert frames_of(film_of(done)) == done.frames
    assert done.duration_s == pytest.approx(done.frames / 30)
    assert done.report["frames"] == done.frames
    before = film_of(done).stat().st_mtime_ns
    again: list[Message] = []
    assert run_job(job, *capture, SystemClock(), again.append) == done
    assert again == [done]
    assert film_of(done).stat().st_mtime_ns == before


def test_a_lost_film_is_made_again_from_its_segments(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    job = tmp_path / "job"
    job.mkdir()
    done = run_job(job, *capture, SystemClock(), lambda _: None)
    assert isinstance(done, Done)
    content = film_of(done).read_bytes()
    film_of(done).unlink()
    segments = {path: path.stat().st_mtime_ns for path in (job / "segments").glob("*.mp4")}
    again = run_job(job, *capture, SystemClock(), lambda _: None)
    assert isinstance(again, Done)
    assert film_of(again).read_bytes() == content
    assert {path: path.stat().st_mtime_ns for path in segments} == segments


@pytest.mark.parametrize(
    ("video", "audio"), [("H264", "AAC"), ("H264", "MP3"), ("VP8", "VORBIS")], ids=["aac", "mp3", "vorbis"]
)
def test_a_server_that_died_between_two_files_gets_both_again(
    tmp_path: Path, capture: tuple[Path, RenderConfig], video: VideoCodec, audio: AudioCodec
) -> None:
    capture_dir, plain = capture
    config = plain.model_copy(
        update={
            "files": ("video", "audio"),
            "video": SMALL.model_copy(update={"codec": video}),
            "audio": AudioSpec(codec=audio),
        }
    )
    job = tmp_path / "job"
    job.mkdir()
    done = run_job(job, capture_dir, config, SystemClock(), lambda _: None)
    content = {file.path: file.path.read_bytes() for file in done.files}
    assert len(content) == 2
    film, _ = content
    film.unlink()
    again = run_job(job, capture_dir, config, SystemClock(), lambda _: None)
    assert isinstance(again, Done)
    assert {file.path: file.path.read_bytes() for file in again.files} == content
    (part,) = (job / "segments").glob("000001.m*")
    part.write_bytes(part.read_bytes()[:-1000])
    failed = salvage(job, capture_dir, config, "the disk failed", lambda _: None)
    assert [file.kind for file in failed.files] == ["video", "audio"]
    assert failed.frames == frames_of(film) == 96


def test_what_was_committed_is_salvaged(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    job = tmp_path / "job"
    job.mkdir()
    run_job(job, *capture, SystemClock(), lambda _: None)
    (job / RESULT_FILE).unlink()
    manifest = job / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    said: list[Message] = []
    failed = salvage(job, *capture, "the renderer died too often", said.append)
    assert said == [failed]
    assert failed.message == "the renderer died too often"
    assert failed.frames == frames_of(film_of(failed)) == 192


def test_what_is_sound_is_salvaged(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    job = tmp_path / "job"
    job.mkdir()
    run_job(job, *capture, SystemClock(), lambda _: None)
    (job / "segments" / "000001.mp4").write_bytes(b"rubbish")
    failed = salvage(job, *capture, "the disk failed", lambda _: None)
    assert failed.frames == frames_of(film_of(failed)) == 96
    (job / "manifest.jsonl").write_text("rubbish\n")
    assert salvage(job, *capture, "the disk failed", lambda _: None).files == ()


def test_nothing_to_salvage_is_no_film(tmp_path: Path) -> None:
    assert salvage(tmp_path, tmp_path, RenderConfig(), "no luck", lambda _: None) == Failed(message="no luck")


def test_a_recording_that_never_was_fails_for_good(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    job = tmp_path / "job"
    job.mkdir()
    failed = run_job(job, capture[0], RenderConfig(recording_id="unknown", video=SMALL), SystemClock(), lambda _: None)
    assert isinstance(failed, Failed)
    assert "nothing was recorded" in failed.message
    assert failed.files == ()


def test_what_was_committed_is_a_film_when_nothing_can_follow(
    tmp_path: Path, capture: tuple[Path, RenderConfig]
) -> None:
    """The server was upgraded while a recording was interrupted: its checkpoints are those of another version."""
    job = tmp_path / "job"
    job.mkdir()
    run_job(job, *capture, SystemClock(), lambda _: None)
    (job / RESULT_FILE).unlink()
    manifest = job / "manifest.jsonl"
    manifest.write_text("".join(manifest.read_text().splitlines(keepends=True)[:2]))
    checkpoint = job / "segments" / "000001.json"
    checkpoint.write_text(json.dumps({**json.loads(checkpoint.read_bytes()), "version": 0}))
    failed = run_job(job, *capture, SystemClock(), lambda _: None)
    assert isinstance(failed, Failed)
    assert "another version" in failed.message
    assert failed.frames == frames_of(film_of(failed)) == 192


async def test_the_fleet_runs_the_real_worker(tmp_path: Path, capture: tuple[Path, RenderConfig]) -> None:
    fleet = LocalFleet(RenderSettings(nice=0), SystemClock())
    directory, config = capture
    await fleet.start(JobSpec("rec", tmp_path / "job", directory, config))
    outcome = await asyncio.wait_for(fleet.wait("rec"), PATIENCE_S)
    assert outcome.error is None
    assert frames_of(film_of(outcome)) == outcome.frames


async def test_two_workers_never_share_a_job(tmp_path: Path) -> None:
    held = os.open(tmp_path / LOCK_FILE, os.O_CREAT | os.O_RDWR)
    fcntl.flock(held, fcntl.LOCK_EX)
    try:
        worker = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "reelkit.fleet.worker", tmp_path, stderr=asyncio.subprocess.PIPE
        )
        _, log = await asyncio.wait_for(worker.communicate(), PATIENCE_S)
    finally:
        os.close(held)
    assert worker.returncode == EXIT_BUSY
    assert json.loads(log)["event"] == "another worker holds this job"


@pytest.mark.parametrize(("number", "status"), [(errno.ENOSPC, EXIT_DISK_FULL), (errno.EIO, EXIT_UNEXPECTED)])
def test_a_worker_tells_a_full_disk_from_other_errors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, status: int
) -> None:
    def refuse(*_: object) -> None:
        raise FilmError("the film cannot be written") from OSError(number, os.strerror(number))

    write_job_config(JobSpec("rec-1", tmp_path, tmp_path / "capture", RenderConfig()))
    monkeypatch.setattr("reelkit.fleet.worker.run_job", refuse)
    # Of a process of its own, and not of this one.
    monkeypatch.setattr("reelkit.fleet.worker.configure_logging", lambda *_: None)
    monkeypatch.setattr("reelkit.fleet.worker.keep_freed_memory", lambda: None)
    assert main([str(tmp_path)]) == status
