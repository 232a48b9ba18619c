"""Supervision: a worker that dies is replaced, one that cannot be helped is given up, none is left behind."""

import asyncio
import json
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from reelkit.clock import SystemClock
from reelkit.fleet.base import JobSpec
from reelkit.fleet.errors import JobUnknown
from reelkit.fleet.local import LocalFleet, describe_exit
from reelkit.process import wait_until
from reelkit.render.config import RenderConfig
from reelkit.settings import RenderSettings

# A worker made of the shell's smallest parts: it counts its starts in the job directory and says what a test wants.
PRELUDE = """
import json, os, pathlib, signal, sys, time
job = pathlib.Path(sys.argv[1])
starts = int((job / "starts").read_text()) + 1 if (job / "starts").exists() else 1
(job / "starts").write_text(str(starts))
def say(**message): print(json.dumps(message), flush=True)
def progress(segments): say(event="progress", film_s=segments * 3.2, lag_s=1.5, segments=segments, rss_bytes=1)
def done(): say(event="done", film=str(job / "film.mp4"), duration_s=6.4, frames=192, report={"a": 1})
"""


class HurriedClock(SystemClock):
    """Waits of the supervisor are remembered, not waited for."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    async def sleep(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)
        await asyncio.sleep(0)


def fleet_with(tmp_path: Path, code: str, clock: HurriedClock | None = None, max_restarts: int = 3) -> LocalFleet:
    program = tmp_path / "worker.py"
    program.write_text(PRELUDE + textwrap.dedent(code))
    settings = RenderSettings(max_restarts=max_restarts, nice=0)
    return LocalFleet(settings, clock or HurriedClock(), (sys.executable, str(program)))


@pytest.fixture
def spec(tmp_path: Path) -> JobSpec:
    return JobSpec("rec-1", tmp_path / "job", tmp_path / "capture", RenderConfig(recording_id="rec-1", live=True))


async def test_a_job_is_written_down_and_its_outcome_handed_over(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "progress(2); done()")
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error is None
    assert outcome.film == spec.job_dir / "film.mp4"
    assert (outcome.duration_s, outcome.frames, outcome.report) == (6.4, 192, {"a": 1})
    config = json.loads((spec.job_dir / "config.json").read_text())
    assert config["capture_dir"] == str(spec.capture_dir)
    assert RenderConfig.model_validate(config["render"]) == spec.render
    with pytest.raises(JobUnknown):
        await fleet.wait("rec-1")


async def test_a_killed_worker_is_started_again_at_once(tmp_path: Path, spec: JobSpec) -> None:
    clock = HurriedClock()
    code = """
    progress(starts - 1)
    progress(starts)
    if starts < 12: os.kill(os.getpid(), signal.SIGKILL)
    done()
    """
    fleet = fleet_with(tmp_path, code, clock)
    await fleet.start(spec)
    assert (await fleet.wait("rec-1")).error is None
    assert (spec.job_dir / "starts").read_text() == "12"
    assert clock.slept_s == []


async def test_without_progress_restarts_slow_down_and_end(tmp_path: Path, spec: JobSpec) -> None:
    clock = HurriedClock()
    code = """
    progress(5)
    if "--salvage" not in sys.argv: sys.exit(9)
    say(event="failed", message=sys.argv[3], film=str(job / "film.mp4"), duration_s=16.0, frames=480)
    """
    fleet = fleet_with(tmp_path, code, clock, max_restarts=3)
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error is not None
    assert "exit status 9" in outcome.error
    assert outcome.film == spec.job_dir / "film.mp4"
    assert (spec.job_dir / "starts").read_text() == "5", "four tries and the salvage"
    assert clock.slept_s == sorted(clock.slept_s)
    assert len(clock.slept_s) == 2


async def test_a_final_failure_is_not_tried_again_and_keeps_what_was_saved(tmp_path: Path, spec: JobSpec) -> None:
    code = 'say(event="failed", message="no media", film=str(job / "film.mp4"), duration_s=3.2, frames=96); sys.exit(1)'
    fleet = fleet_with(tmp_path, code)
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error == "no media"
    assert outcome.film == spec.job_dir / "film.mp4"
    assert (spec.job_dir / "starts").read_text() == "1"


async def test_progress_is_visible_and_noise_is_ignored(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "print('hello'); progress(7); time.sleep(600)")
    assert fleet.progress("rec-1") is None
    await fleet.start(spec)
    await fleet.start(spec)

    async def reported() -> bool:
        return fleet.progress("rec-1") is not None

    await wait_until(reported, timeout_s=10)
    progress = fleet.progress("rec-1")
    assert progress is not None
    assert (progress.segments, progress.lag_s) == (7, 1.5)
    pid = fleet.pid("rec-1")
    assert pid is not None
    await fleet.close()
    assert not psutil.pid_exists(pid)
    assert fleet.progress("rec-1") is None
    assert (spec.job_dir / "starts").read_text() == "1"


async def test_a_worker_does_not_see_the_servers_settings(
    tmp_path: Path, spec: JobSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REELKIT_API_TOKEN", "secret")
    code = 'say(event="failed", message=",".join(n for n in os.environ if n.startswith("REELKIT_")) or "none")'
    fleet = fleet_with(tmp_path, code)
    await fleet.start(spec)
    assert (await fleet.wait("rec-1")).error == "none"


@pytest.mark.parametrize(
    ("status", "text"), [(1, "exit status 1"), (-signal.SIGKILL, "signal SIGKILL"), (-200, "signal 200")]
)
def test_exits_are_described(status: int, text: str) -> None:
    assert describe_exit(status) == text
