"""What dies, fills up or goes away during a recording, and what becomes of the film."""

import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import cloudflare
import httpx
import psutil
import pytest

from reelkit.process import wait_until
from testbed.checker.check import check_film
from testbed.participant import prepare
from testbed.rehearsal import rehearse
from testbed.stack import Stack
from testbed.timeline import Timeline, people
from tests.e2e.seats import seat
from tests.processes import arguments

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


def child_of(stack: Stack, word: str) -> psutil.Process | None:
    for process in stack.descendants():
        if any(word in part for part in arguments(process)):
            return process
    return None


async def test_a_renderer_killed_again_and_again_costs_nothing(stack: Stack, tmp_path: Path) -> None:
    timeline = Timeline(20.0, people(2))
    chance = random.Random(4)
    kills = 0

    async def kill_now_and_then(_: str) -> None:
        nonlocal kills
        for _attempt in range(6):
            await asyncio.sleep(chance.uniform(1.0, 3.5))
            renderer = child_of(stack, "reelkit.fleet.worker")
            if renderer is not None:
                renderer.send_signal(signal.SIGKILL)
                kills += 1

    result = await rehearse(stack, timeline, tmp_path, during=kill_now_and_then)
    report = result.check(timeline)
    report.print()
    assert kills >= 5
    assert report.problems == ()


async def test_a_killed_server_finishes_its_recording_at_the_next_start(stack: Stack, tmp_path: Path) -> None:
    timeline = Timeline(30.0, people(2))
    await prepare(timeline)
    async with AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        players = [await seat(stack, meeting_id, person, leaving) for person in timeline.participants]
        recording_id = await stack.api.start_recording(meeting_id)
        await asyncio.sleep(8.0)
        killed_s = time.time()
        await stack.kill()
        for player in players:
            await player.signalling.closed.wait()
            await player.drop()
    await stack.start()
    recording = await stack.api.recording_in(recording_id, "UPLOADED")
    assert recording.started_time is not None
    assert recording.stopped_time is not None
    assert recording.stop_reason is not None
    assert recording.stop_reason.reason == "INTERNAL_ERROR"
    assert recording.stopped_time.timestamp() == pytest.approx(killed_s, abs=0.5)
    film = await stack.api.download(recording, tmp_path)
    captured_s = recording.stopped_time.timestamp() - recording.started_time.timestamp()
    assert check_film(film, timeline).facts.duration_s == pytest.approx(captured_s, abs=0.2)


async def test_a_killed_janus_is_replaced_and_the_recording_goes_on(stack: Stack, tmp_path: Path) -> None:
    ada, bo = people(2)
    async with AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        first = await seat(stack, meeting_id, ada, leaving)
        recording_id = await stack.api.start_recording(meeting_id)
        await asyncio.sleep(3.0)
        janus = child_of(stack, "janus")
        assert janus is not None
        janus.send_signal(signal.SIGKILL)
        await first.drop()
        async with httpx.AsyncClient() as client:

            async def ready() -> bool:
                return (await client.get(f"{stack.listening.http}/readyz")).status_code == httpx.codes.OK

            await wait_until(ready, timeout_s=10.0)
        await seat(stack, meeting_id, bo, leaving)
        await asyncio.sleep(4.0)
        await stack.api.stop_recording(recording_id)
        recording = await stack.api.recording_in(recording_id, "UPLOADED")
    film = await stack.api.download(recording, tmp_path)
    report = check_film(film, Timeline(30.0, (ada, bo)))
    assert [person.name for person in report.participants if person.seen] == ["Ada", "Bo"]


async def test_a_stopped_server_ends_its_recordings_and_loses_nothing(stack: Stack, tmp_path: Path) -> None:
    async with AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        player = await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await stack.api.start_recording(meeting_id)
        await asyncio.sleep(4.0)
        await stack.stop()
        await player.signalling.closed.wait()
        await player.drop()
    await stack.start()
    recording = await stack.api.recording_in(recording_id, "UPLOADED")
    assert (await stack.api.download(recording, tmp_path)).stat().st_size == recording.file_size


async def test_an_empty_meeting_stops_by_itself_and_has_a_film(tmp_path: Path) -> None:
    async with Stack(environment={"REELKIT_RECORDING__EMPTY_MEETING_TIMEOUT_S": "2"}) as stack:
        meeting_id = await stack.api.create_meeting()
        recording_id = await stack.api.start_recording(meeting_id)
        recording = await stack.api.recording_in(recording_id, "UPLOADED", timeout_s=20.0)
        assert recording.stop_reason is not None
        assert recording.stop_reason.reason == "ALL_PEERS_LEFT"
        film = await stack.api.download(recording, tmp_path)
    facts = check_film(film, Timeline(10.0, ())).facts
    assert facts.duration_s == pytest.approx(2.0, abs=0.5)
    assert facts.channels == 2


async def test_a_second_server_on_the_same_data_is_refused(stack: Stack) -> None:
    second = await asyncio.create_subprocess_exec(
        Path(sys.executable).with_name("reelkit"),
        "serve",
        "--data",
        stack.data,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    _, complaint = await asyncio.wait_for(second.communicate(), 20.0)
    assert second.returncode == 3
    assert str(stack.pid) in complaint.decode()
    assert (await stack.api.create_meeting()) is not None


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 96 MB. Only root can make one, and only Linux can in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", disk], check=True)
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", disk], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting a small file system needs root")
async def test_a_full_disk_ends_recordings_with_what_they_have(small_disk: Path, tmp_path: Path) -> None:
    environment = {
        "REELKIT_RECORDING__MIN_FREE_BYTES": str(40 << 20),
        "REELKIT_RECORDING__STOP_FREE_BYTES": str(20 << 20),
    }
    async with Stack(small_disk / "data", environment) as stack, AsyncExitStack() as leaving:
        meeting_id = await stack.api.create_meeting()
        await seat(stack, meeting_id, people(1)[0], leaving)
        recording_id = await stack.api.start_recording(meeting_id)
        await asyncio.sleep(4.0)
        free = os.statvfs(small_disk)
        filler = small_disk / "filler"
        filler.write_bytes(bytes(free.f_bavail * free.f_frsize - (15 << 20)))
        recording = await stack.api.recording_in(recording_id, "UPLOADED")
        assert recording.stop_reason is not None
        assert recording.stop_reason.reason == "INTERNAL_ERROR"
        assert "disk" in (recording.model_extra or {})["reelkit"]["error"]
        assert (await stack.api.download(recording, tmp_path)).stat().st_size == recording.file_size
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"{stack.listening.http}/readyz")
        assert answer.status_code == httpx.codes.SERVICE_UNAVAILABLE
        assert "disk" in answer.text
        with pytest.raises(cloudflare.APIStatusError) as refused:
            await stack.api.start_recording(meeting_id)
        assert refused.value.status_code == httpx.codes.SERVICE_UNAVAILABLE
        filler.unlink()
