"""A job tells of its growing files, and its supervisor puts together what it was told."""

import json
from pathlib import Path

import pytest

from reelkit.clock import SystemClock
from reelkit.fleet.base import JobProgress, JobSpec
from reelkit.fleet.job import run_job
from reelkit.fleet.messages import Done, Message, Progress
from reelkit.fleet.worker_run import WorkerRun
from reelkit.publish.upload.growth import GrowingFile, Growth
from reelkit.render.config import RenderConfig, VideoSpec
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.timeline import Timeline, people
from tests.publish.upload.growing import BLOCK, content, small_blocks


@pytest.fixture(autouse=True)
def _small_blocks() -> object:
    with small_blocks():
        yield


@pytest.fixture
def spec(tmp_path: Path) -> JobSpec:
    return JobSpec("rec-1", tmp_path / "job", tmp_path / "capture", RenderConfig())


def line(growing: list[GrowingFile]) -> str:
    return Progress(film_s=3.2, lag_s=1.5, segments=1, rss_bytes=1, growing=tuple(growing)).model_dump_json()


def test_a_film_can_be_followed_from_its_jobs_messages(tmp_path: Path) -> None:
    capture = CaptureSpec(Timeline(8.0, people(2)), device=Device(width_px=320, height_px=180))
    directory = write_capture(capture, tmp_path / "capture")
    config = RenderConfig(
        recording_id=capture.recording_id,
        video=VideoSpec(width_px=320, height_px=180, preset="ultrafast"),
        files=("video", "audio"),
    )
    job = tmp_path / "job"
    job.mkdir()
    told: list[JobProgress] = []
    run = WorkerRun(JobSpec(capture.recording_id, job, directory, config), told.append)
    copied: list[tuple[GrowingFile, bytes]] = []

    def emit(message: Message) -> None:
        run.on_message(message.model_dump_json())
        if isinstance(message, Progress):
            copied.extend((report, report.path.read_bytes()) for report in told[-1].growing)

    done = run_job(job, directory, config, SystemClock(), emit)
    assert isinstance(done, Done)
    finished = {file.kind: file for file in done.files}
    assert {report.kind for report, _ in copied} == {"video", "audio"}
    for report, copy in copied:
        file = finished[report.kind]
        data = file.path.read_bytes()[file.head_bytes :]
        assert copy[report.head_bytes : report.head_bytes + report.data_bytes] == data[: report.data_bytes]
        assert report.blocks == file.blocks_sha256[: len(report.blocks)]
    assert max(report.data_bytes for report, _ in copied if report.kind == "video") > BLOCK
    # What was told once is not told again.
    assert run.outcome is not None
    assert run.outcome.files == done.files


def test_reports_are_put_together(spec: JobSpec) -> None:
    growth = Growth(Path("film.mp4"), Path("film.mp4.part"))
    told: list[JobProgress] = []
    run = WorkerRun(spec, told.append)
    for count in (3, 0, 2):
        growth.digests.add(content(count * BLOCK))
        news = growth.news("video")
        text = line([] if news is None else [news])
        assert len(json.loads(text)["growing"]) == (news is not None)
        run.on_message(text)
    assert [len(progress.growing[0].blocks) for progress in told] == [3, 3, 5]
    assert told[-1].growing[0].blocks == tuple(growth.digests.blocks)


def test_a_worker_that_takes_over_begins_anew(spec: JobSpec) -> None:
    told: list[JobProgress] = []
    for count in (4, 1):
        growth = Growth(Path("film.mp4"), Path("film.mp4.part"))
        growth.digests.add(content(count * BLOCK))
        news = growth.news("video")
        assert news is not None
        WorkerRun(spec, told.append).on_message(line([news]))
    assert [len(progress.growing[0].blocks) for progress in told] == [4, 1]
