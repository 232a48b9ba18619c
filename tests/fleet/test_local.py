"""Supervision: a worker that dies is replaced, one that cannot be helped is given up, none is left behind."""

import asyncio
import json
import os
import signal
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import psutil
import pytest
from pydantic import SecretStr

from reelkit.clock import SystemClock
from reelkit.fleet.base import JobSpec
from reelkit.fleet.errors import JobUnknown
from reelkit.fleet.local import LocalFleet, describe_exit
from reelkit.page.spec import PageSpec
from reelkit.page.status import PageState, PageStatus
from reelkit.process import wait_until
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamStatus
from reelkit.render.config import RenderConfig
from reelkit.render.progress import StuckTrack
from reelkit.settings import EgressSettings, PageSettings, RenderSettings, RtmpSettings
from tests.patience import PATIENCE_S

# A worker made of the shell's smallest parts: it counts its starts in the job directory and says what a test wants.
PRELUDE = """
import json, os, pathlib, signal, sys, time
job = pathlib.Path(sys.argv[1])
starts = int((job / "starts").read_text()) + 1 if (job / "starts").exists() else 1
(job / "starts").write_text(str(starts))
def say(**message): print(json.dumps(message), flush=True)
def progress(segments): say(event="progress", film_s=segments * 3.2, lag_s=1.5, segments=segments, rss_bytes=1)
def film(size=9):
    return {"kind": "video", "path": str(job / "film.mp4"), "size_bytes": size, "duration_s": 6.4,
            "container": "mp4", "content_type": "video/mp4"}
def done():
    say(event="done", files=[film()], duration_s=6.4, frames=192, report={"a": 1}, integrity={"b": 2})
def wait_for(name):
    while not (job.parent / name).exists(): time.sleep(0.005)
"""


class HurriedClock(SystemClock):
    """Waits of the supervisor are remembered, not waited for."""

    def __init__(self) -> None:
        self.slept_s: list[float] = []

    async def sleep(self, duration_s: float) -> None:
        self.slept_s.append(duration_s)
        await asyncio.sleep(0)


def fleet_with(
    tmp_path: Path,
    code: str,
    clock: HurriedClock | None = None,
    max_restarts: int = 3,
    max_live: int | None = None,
    nice: int = 0,
) -> LocalFleet:
    program = tmp_path / "worker.py"
    program.write_text(PRELUDE + textwrap.dedent(code))
    settings = RenderSettings(max_restarts=max_restarts, nice=nice, max_live=max_live)
    return LocalFleet(settings, clock or HurriedClock(), (sys.executable, str(program)))


@pytest.fixture
def spec(tmp_path: Path) -> JobSpec:
    return JobSpec("rec-1", tmp_path / "job", tmp_path / "capture", RenderConfig(recording_id="rec-1", live=True))


async def test_a_job_is_written_down_and_its_outcome_handed_over(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "progress(2); done()")
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error is None
    (film,) = outcome.files
    assert (film.kind, film.path, film.size_bytes) == ("video", spec.job_dir / "film.mp4", 9)
    assert (outcome.duration_s, outcome.frames, outcome.report) == (6.4, 192, {"a": 1})
    assert outcome.integrity == {"b": 2}
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


async def test_what_a_film_needs_is_remembered_until_it_changes(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    progress(starts)
    if starts == 1:
        say(event="progress", film_s=3.2, lag_s=1.5, segments=1, rss_bytes=1, needed_from={"a.mjr": 7, "b.mjr": None})
        progress(2)
        os.kill(os.getpid(), signal.SIGKILL)
    progress(3)
    time.sleep(600)
    """
    fleet = fleet_with(tmp_path, code)
    told: list[object] = []
    fleet.on_progress(lambda _, progress: told.append(progress.needed_from))
    await fleet.start(spec)

    async def is_third() -> bool:
        return len(told) == 5

    await wait_until(is_third, timeout_s=PATIENCE_S, interval_s=0.005)
    needed = {"a.mjr": 7, "b.mjr": None}
    assert told == [None, needed, needed, needed, needed]
    assert fleet.progress("rec-1").needed_from == needed  # type: ignore[union-attr]
    await fleet.close()


async def test_without_progress_restarts_slow_down_and_end(tmp_path: Path, spec: JobSpec) -> None:
    clock = HurriedClock()
    code = """
    progress(5)
    if "--salvage" not in sys.argv: sys.exit(9)
    say(event="failed", message=sys.argv[3], files=[film()], duration_s=16.0, frames=480)
    """
    fleet = fleet_with(tmp_path, code, clock, max_restarts=3)
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error is not None
    assert "exit status 9" in outcome.error
    assert [file.path for file in outcome.files] == [spec.job_dir / "film.mp4"]
    assert (spec.job_dir / "starts").read_text() == "5", "four tries and the salvage"
    assert clock.slept_s == sorted(clock.slept_s)
    assert len(clock.slept_s) == 2


async def test_a_full_disk_is_waited_for_however_long_it_takes(tmp_path: Path, spec: JobSpec) -> None:
    clock = HurriedClock()
    code = """
    progress(5)
    if starts <= 10: sys.exit(73)
    done()
    """
    fleet = fleet_with(tmp_path, code, clock, max_restarts=0)
    await fleet.start(spec)
    assert (await fleet.wait("rec-1")).error is None
    assert clock.slept_s == [15.0] * 10


async def test_a_long_message_arrives(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    say(event="done", files=[film()], duration_s=6.4, frames=192, report={}, integrity={"text": "x" * (3 << 20)})
    """
    fleet = fleet_with(tmp_path, code, max_restarts=0)
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error is None
    assert outcome.integrity is not None
    assert len(outcome.integrity["text"]) == 3 << 20


async def test_a_process_that_cannot_be_started_is_tried_again_and_then_an_error(tmp_path: Path, spec: JobSpec) -> None:
    clock = HurriedClock()
    fleet = LocalFleet(RenderSettings(max_restarts=2, nice=0), clock, (str(tmp_path / "no-such-program"),))
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error == "the renderer ended 3 times without progress, last with no process"
    assert len(clock.slept_s) == 1


async def test_a_final_failure_is_not_tried_again_and_keeps_what_was_saved(tmp_path: Path, spec: JobSpec) -> None:
    code = 'say(event="failed", message="no media", files=[film()], duration_s=3.2, frames=96); sys.exit(1)'
    fleet = fleet_with(tmp_path, code)
    await fleet.start(spec)
    outcome = await fleet.wait("rec-1")
    assert outcome.error == "no media"
    assert [file.path for file in outcome.files] == [spec.job_dir / "film.mp4"]
    assert (spec.job_dir / "starts").read_text() == "1"


async def test_progress_is_visible_and_noise_is_ignored(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "print('hello'); progress(7); time.sleep(600)")
    assert fleet.progress("rec-1") is None
    await fleet.start(spec)
    await fleet.start(spec)

    async def reported() -> bool:
        return fleet.progress("rec-1") is not None

    await wait_until(reported, timeout_s=PATIENCE_S)
    progress = fleet.progress("rec-1")
    assert progress is not None
    assert (progress.segments, progress.lag_s) == (7, 1.5)
    pid = fleet.pid("rec-1")
    assert pid is not None
    await fleet.close()
    assert not psutil.pid_exists(pid)
    assert fleet.progress("rec-1") is None
    assert (spec.job_dir / "starts").read_text() == "1"


async def test_every_report_is_passed_on(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    say(event="progress", film_s=3.2, lag_s=1.5, segments=1, rss_bytes=1, wants_keyframes=[{"feed": "f", "mindex": 1}])
    progress(2)
    done()
    """
    fleet = fleet_with(tmp_path, code)
    heard: list[tuple[str, int, tuple[StuckTrack, ...]]] = []
    fleet.on_progress(lambda job, told: heard.append((job, told.segments, told.wants_keyframes)))
    await fleet.start(spec)
    await fleet.wait("rec-1")
    assert heard == [("rec-1", 1, (StuckTrack("f", 1),)), ("rec-1", 2, ())]


def job(tmp_path: Path, name: str, *, live: bool = True, again: bool = False) -> JobSpec:
    render = RenderConfig(recording_id=name, live=live)
    return JobSpec(name, tmp_path / "jobs" / name, tmp_path / "capture", render, again=again)


async def test_further_jobs_wait_for_a_place_and_a_stopped_recording_does_not(tmp_path: Path) -> None:
    fleet = fleet_with(tmp_path, "progress(1); wait_for(f'end-{job.name}'); done()", max_live=1)

    def waiting() -> dict[str, bool]:
        return {name: status.waiting for name, status in fleet.statuses().items()}

    def running(name: str) -> bool:
        return (tmp_path / "jobs" / name / "starts").exists()

    for name in ("a", "b", "c"):
        await fleet.start(job(tmp_path, name))
    await fleet.start(job(tmp_path, "again", live=False, again=True))

    async def first_runs() -> bool:
        return running("a")

    await wait_until(first_runs, timeout_s=PATIENCE_S)
    assert waiting() == {"a": False, "b": True, "c": True, "again": True}
    assert fleet.progress("b") is None
    fleet.recording_stopped("c")

    async def stopped_runs() -> bool:
        return running("c")

    await wait_until(stopped_runs, timeout_s=PATIENCE_S)
    assert waiting() == {"a": False, "b": True, "c": False, "again": True}
    for name, following in (("c", None), ("a", "b"), ("b", "again")):
        (tmp_path / "jobs" / f"end-{name}").touch()
        assert (await fleet.wait(name)).error is None
        assert following is None or not waiting()[following]
    (tmp_path / "jobs" / "end-again").touch()
    assert (await fleet.wait("again")).error is None
    assert fleet.statuses() == {}


async def test_a_restarted_worker_keeps_its_place(tmp_path: Path) -> None:
    code = """
    progress(starts - 1)
    progress(starts)
    if starts < 3: os.kill(os.getpid(), signal.SIGKILL)
    (job.parent / f"done-{job.name}").touch()
    if job.name == "b" and not (job.parent / "done-a").exists(): say(event="failed", message="too early")
    done()
    """
    fleet = fleet_with(tmp_path, code, max_live=1)
    await fleet.start(job(tmp_path, "a"))
    await fleet.start(job(tmp_path, "b"))
    assert (await fleet.wait("a")).error is None
    assert (await fleet.wait("b")).error is None


async def test_a_fleet_that_closes_starts_nothing_that_waits(tmp_path: Path) -> None:
    fleet = fleet_with(tmp_path, "progress(1); time.sleep(600)", max_live=1)
    for name in ("a", "b"):
        await fleet.start(job(tmp_path, name))

    async def told() -> bool:
        return fleet.progress("a") is not None

    await wait_until(told, timeout_s=PATIENCE_S)
    await fleet.close()
    assert not (tmp_path / "jobs" / "b" / "starts").exists()
    assert (tmp_path / "jobs" / "b" / "config.json").exists()


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


async def test_where_a_film_is_streamed_to_stands_nowhere(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    found = [" ".join(sys.argv), str(dict(os.environ)), *(path.read_text() for path in job.iterdir())]
    line = sys.stdin.buffer.readline()
    assert b"secret-key" in line and not sys.stdin.buffer.read()
    assert not any("secret-key" in text for text in found), found
    assert json.loads((job / "config.json").read_text())["stream"] is True
    status = {"state": "LIVE", "target": "rtmp://host/app/…", "since_s": 1.0, "reconnects": starts}
    say(event="progress", film_s=0, lag_s=1.5, segments=0, rss_bytes=1, stream=status)
    if starts < 3: os.kill(os.getpid(), signal.SIGKILL)
    done()
    """
    fleet = fleet_with(tmp_path, code)
    stream = StreamSpec(url=SecretStr("rtmp://host/app/secret-key"), egress=EgressSettings(), rtmp=RtmpSettings())
    told: list[StreamStatus | None] = []
    fleet.on_progress(lambda _, progress: told.append(progress.stream))
    assert "secret-key" not in repr(replace(spec, stream=stream))
    await fleet.start(replace(spec, stream=stream))
    assert (await fleet.wait("rec-1")).error is None
    assert [status.reconnects for status in told if status is not None] == [1, 2, 3]
    assert StreamSpec.received(stream.handover()) == stream
    assert StreamSpec.received(b"") is None
    with pytest.raises(ValueError, match="cannot be read") as refused:
        StreamSpec.received(b'{"url": "secret-key"')
    assert "secret-key" not in str(refused.value)


def page_spec() -> PageSpec:
    url = SecretStr("https://app.example.com/?authToken=secret-token")
    return PageSpec(url=url, settings=PageSettings(), egress=EgressSettings(), closed_ports=(8700,))


async def test_a_page_stands_nowhere_and_comes_behind_the_stream(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    found = [" ".join(sys.argv), str(dict(os.environ)), *(path.read_text() for path in job.iterdir())]
    stream, page = sys.stdin.buffer.readline(), sys.stdin.buffer.readline()
    assert b"secret-key" in stream and b"secret-token" in page and not sys.stdin.buffer.read()
    assert not any("secret-" in text for text in found), found
    config = json.loads((job / "config.json").read_text())
    assert (config["stream"], config["page"]) == (True, True)
    status = {"state": "opening" if starts < 3 else "ready", "since_s": 1.0, "reloads": starts}
    say(event="progress", film_s=0, lag_s=0.4, segments=0, rss_bytes=1, page=status)
    if starts < 3: os.kill(os.getpid(), signal.SIGKILL)
    done()
    """
    fleet = fleet_with(tmp_path, code)
    stream = StreamSpec(url=SecretStr("rtmp://host/app/secret-key"), egress=EgressSettings(), rtmp=RtmpSettings())
    told: list[PageStatus | None] = []
    fleet.on_progress(lambda _, progress: told.append(progress.page))
    with_page = replace(spec, stream=stream, page=page_spec())
    assert "secret-" not in repr(with_page)
    await fleet.start(with_page)
    assert (await fleet.wait("rec-1")).error is None
    assert [status.state for status in told if status is not None] == [
        PageState.OPENING,
        PageState.OPENING,
        PageState.READY,
    ]


async def test_a_job_without_its_page_is_told_so(tmp_path: Path, spec: JobSpec) -> None:
    code = """
    assert "page" not in json.loads((job / "config.json").read_text()) and not sys.stdin.buffer.read()
    done()
    """
    fleet = fleet_with(tmp_path, code)
    await fleet.start(spec)
    assert (await fleet.wait("rec-1")).error is None


async def test_a_page_waits_for_no_place_and_yields_to_nobody(tmp_path: Path) -> None:
    code = """
    progress(os.nice(0))
    wait_for(f"end-{job.name}")
    done()
    """
    fleet = fleet_with(tmp_path, code, max_live=1, nice=3)
    await fleet.start(job(tmp_path, "film"))
    await fleet.start(replace(job(tmp_path, "page"), page=page_spec()))

    async def both_run() -> bool:
        return all(fleet.progress(name) is not None for name in ("film", "page"))

    await wait_until(both_run, timeout_s=PATIENCE_S)
    nice = {name: status.progress.segments for name, status in fleet.statuses().items() if status.progress}
    own = os.nice(0)
    assert nice == {"film": own + 3, "page": own}
    assert not any(status.waiting for status in fleet.statuses().values())
    for name in ("film", "page"):
        (tmp_path / "jobs" / f"end-{name}").touch()
        assert (await fleet.wait(name)).error is None


async def test_a_cancelled_job_leaves_nothing(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "progress(1); time.sleep(600)", max_live=1)
    await fleet.start(spec)

    async def told() -> bool:
        return fleet.progress("rec-1") is not None

    await wait_until(told, timeout_s=PATIENCE_S)
    pid = fleet.pid("rec-1")
    assert pid is not None
    ended = asyncio.create_task(fleet.ended("rec-1"))
    await fleet.cancel("rec-1")
    await ended
    await fleet.cancel("rec-1")
    assert not psutil.pid_exists(pid)
    assert fleet.statuses() == {}
    with pytest.raises(JobUnknown):
        await fleet.wait("rec-1")
    # Its place is free, and so is its name.
    await fleet.start(spec)
    await wait_until(told, timeout_s=PATIENCE_S)
    await fleet.close()


async def test_a_job_that_waits_for_a_place_can_be_cancelled(tmp_path: Path) -> None:
    fleet = fleet_with(tmp_path, "progress(1); time.sleep(600)", max_live=1)
    await fleet.start(job(tmp_path, "first"))
    await fleet.start(job(tmp_path, "second"))
    await fleet.cancel("second")
    assert set(fleet.statuses()) == {"first"}
    await fleet.close()


async def test_an_ended_job_is_still_there_for_its_outcome(tmp_path: Path, spec: JobSpec) -> None:
    fleet = fleet_with(tmp_path, "done()")
    await fleet.ended("rec-1")
    await fleet.start(spec)
    await fleet.ended("rec-1")
    assert (await fleet.wait("rec-1")).error is None
    await fleet.ended("rec-1")
