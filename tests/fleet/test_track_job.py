"""Track jobs in worker processes."""

import asyncio
import os
import signal
import time
from dataclasses import replace
from pathlib import Path

import pytest

from reelkit.clock import SystemClock
from reelkit.fleet.base import JobSpec
from reelkit.fleet.local import LocalFleet
from reelkit.fleet.messages import Done, Message, Progress
from reelkit.fleet.track_job import run_track_job, salvage_tracks
from reelkit.process import wait_until
from reelkit.publish.tracks.spec import TrackSpec
from reelkit.render.config import RenderConfig
from reelkit.settings import RenderSettings
from testbed.capture import CaptureSpec, CaptureWriter, write_capture
from testbed.timeline import Timeline, people
from tests.patience import PATIENCE_S

CONFIG = RenderConfig(recording_id="recording-1")


def content(job: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((job / "tracks").iterdir())}


def test_a_job_ends_with_files_and_is_not_done_twice(tmp_path: Path) -> None:
    capture = write_capture(CaptureSpec(Timeline(5.0, people(2))), tmp_path / "capture")
    job = tmp_path / "job"
    job.mkdir()
    said: list[Message] = []
    done = run_track_job(job, capture, CONFIG, TrackSpec(), SystemClock(), said.append)
    assert isinstance(done, Done)
    assert said[-1] == done
    assert isinstance(said[0], Progress)
    assert len(done.files) == 2
    assert done.integrity is not None
    assert done.integrity["version"] == "reelkit.tracks/1"
    again: list[Message] = []
    assert run_track_job(job, capture, CONFIG, TrackSpec(), SystemClock(), again.append) == done
    assert again == [done]


def test_nothing_to_salvage(tmp_path: Path) -> None:
    capture = write_capture(CaptureSpec(Timeline(2.0, people(1))), tmp_path / "capture")
    job = tmp_path / "job"
    job.mkdir()
    failed = salvage_tracks(job, capture, CONFIG, TrackSpec(), SystemClock(), "it died too often", lambda _: None)
    assert (failed.message, failed.files) == ("it died too often", ())


async def test_a_worker_that_is_killed_while_the_meeting_goes_on(tmp_path: Path) -> None:
    spec = CaptureSpec(Timeline(8.0, people(2)), zero_s=time.time() - 3.0)
    whole = tmp_path / "whole"
    whole.mkdir()
    complete = write_capture(spec, tmp_path / "complete")
    await asyncio.to_thread(run_track_job, whole, complete, CONFIG, TrackSpec(), SystemClock(), lambda _: None)
    fleet = LocalFleet(RenderSettings(max_live=1), SystemClock())
    job = JobSpec("recording-1", tmp_path / "job", tmp_path / "capture", replace_live(CONFIG), tracks=TrackSpec())
    waiting = replace(job, recording_id="other", job_dir=tmp_path / "other", again=True)
    try:
        with CaptureWriter(spec, tmp_path / "capture") as writer:
            writer.write_until(spec.wall_s(5.0))
            await fleet.start(job)
            await fleet.start(waiting)
            assert not any(status.waiting for status in fleet.statuses().values()), "tracks take nobody's place"

            async def has_written() -> bool:
                progress = fleet.progress(job.recording_id)
                return progress is not None and progress.film_s > 1.0

            await wait_until(has_written, timeout_s=PATIENCE_S)
            pid = fleet.pid(job.recording_id)
            assert pid is not None
            os.kill(pid, signal.SIGKILL)
            writer.finish()
        outcome = await fleet.wait(job.recording_id)
    finally:
        await fleet.close()
    assert outcome.error is None
    assert [file.name for file in outcome.files] == sorted(content(whole))
    assert content(tmp_path / "job") == content(whole)
    assert outcome.duration_s == pytest.approx(8.0)


def replace_live(config: RenderConfig) -> RenderConfig:
    return config.model_copy(update={"live": True})
