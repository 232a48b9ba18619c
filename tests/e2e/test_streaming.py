"""Recordings that are streamed by RTMP while they are made, with real Janus and a real RTMP server."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import psutil
import pytest

from reelkit.process import wait_until
from testbed.checker import check_film
from testbed.nginx_rtmp import NginxRtmp
from testbed.participant import prepare
from testbed.stack import Stack
from testbed.timeline import Participant, Signal, Timeline, people
from tests.e2e.seats import seat
from tests.processes import arguments

KEY = "stream-key-that-nobody-may-see"
PATIENCE_S = 40.0

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


@pytest.fixture
async def stack() -> AsyncIterator[Stack]:
    async with Stack(
        environment={"REELKIT_EGRESS__ALLOWED_NETWORKS": '["127.0.0.0/8"]', "REELKIT_LOG_LEVEL": "debug"}
    ) as running:
        yield running


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NginxRtmp]:
    async with NginxRtmp(tmp_path / "rtmp") as running:
        yield running


async def streaming(stack: Stack, recording_id: str) -> dict[str, Any]:
    recording = await stack.api.recording(recording_id)
    found: dict[str, Any] = (recording.model_extra or {})["reelkit"]["streaming"]
    return found


async def until(stack: Stack, recording_id: str, state: str, **figures: int) -> dict[str, Any]:
    async def reached() -> bool:
        found = await streaming(stack, recording_id)
        return found["state"] == state and all(found[name] >= least for name, least in figures.items())

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.1)
    return await streaming(stack, recording_id)


async def film_of(stack: Stack, recording_id: str, least_s: float) -> None:
    """Waits until so much of the film is rendered."""

    async def reached() -> bool:
        recording = await stack.api.recording(recording_id)
        done_s: float = (recording.model_extra or {})["reelkit"].get("rendering", {}).get("done_s", 0.0)
        return done_s >= least_s

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.1)


async def test_a_meeting_is_seen_and_heard_at_the_server(stack: Stack, server: NginxRtmp) -> None:
    api = stack.api
    timeline = Timeline(120.0, people(2))
    await prepare(timeline)
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        # From here on the two do not beep at the same time, which would be heard as two beeps of one of them.
        zero_s = time.time() - 18.8
        for person in timeline.participants:
            await seat(stack, meeting_id, person, leaving, zero_s=zero_s)
        recording_id = await api.start_recording(
            meeting_id, video_config={"width": 640, "height": 360}, rtmp_out_config={"rtmp_url": server.url(KEY)}
        )
        live = await until(stack, recording_id, "LIVE")
        assert live["target"] == f"rtmp://127.0.0.1:{server.port}/live/…"
        assert KEY not in str(worker(stack).cmdline())
        assert KEY not in str(worker(stack).environ())

        await film_of(stack, recording_id, 6.0)
        async with httpx.AsyncClient() as client:
            metrics = (await client.get(f"{stack.listening.http}/metrics")).text
        assert 'reelkit_streams{state="LIVE"} 1.0' in metrics
        assert f'reelkit_stream_sent_bytes_total{{recording_id="{recording_id}"}}' in metrics
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED")
    ended = await streaming(stack, recording_id)
    assert (ended["state"], ended["dropped_gops"], ended["reconnects"]) == ("ENDED", 0, 0)
    (file,) = server.recordings(KEY)
    assert recording.started_time is not None
    start_s = recording.started_time.timestamp() - zero_s
    report = check_film(file, timeline, start_s=start_s)
    assert [person.name for person in report.participants if person.seen and person.heard] == ["Ada", "Bo"]
    assert report.facts.frame_count > 100
    assert not [line for line in stack.log if KEY in line]
    assert not [path for path in stack.data.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    assert report.problems == ()


async def test_a_pause_shows_nothing_and_a_killed_worker_streams_on(stack: Stack, server: NginxRtmp) -> None:
    api = stack.api
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        await seat(stack, meeting_id, steady(people(1)[0]), leaving)
        recording_id = await api.start_recording(
            meeting_id, video_config={"width": 320, "height": 180}, rtmp_out_config={"rtmp_url": server.url(KEY)}
        )
        await until(stack, recording_id, "LIVE")
        await film_of(stack, recording_id, 3.0)
        await api.steer_recording(recording_id, "pause")
        paused_s = time.time()
        await passed(paused_s + 3.0)
        resumed_s = time.time()
        await api.steer_recording(recording_id, "resume")
        # The picture is back with the segment behind the one in which the pause was.
        await film_of(stack, recording_id, 9.6)
        worker(stack).kill()
        await until(stack, recording_id, "LIVE", reconnects=1)
        await film_of(stack, recording_id, 12.8)
        await api.stop_recording(recording_id)
        recording = await api.recording_in(recording_id, "UPLOADED")
    assert recording.started_time is not None
    first, second = server.recordings(KEY)
    begin_s = recording.started_time.timestamp()
    pictures, sounds = levels(first)
    inside = [level for at_s, level in pictures if paused_s + 0.1 < begin_s + at_s < resumed_s]
    assert len(inside) > 60, "the stream goes on in a pause"
    assert max(inside) == 0.0
    silence = [level for at_s, level in sounds if paused_s + 0.1 < begin_s + at_s < resumed_s]
    assert len(silence) > 80
    assert max(silence) < 1e-3
    assert max(level for at_s, level in pictures if begin_s + at_s < paused_s) > 20.0
    back_s = next(at_s for at_s, level in pictures if begin_s + at_s > resumed_s and level > 20.0)
    assert begin_s + back_s < resumed_s + 4.5, "the picture is back with the next keyframe"
    assert max(level for at_s, level in sounds if resumed_s + 0.5 < begin_s + at_s < begin_s + back_s) > 0.01
    times_s = [at_s for at_s, _ in pictures]
    assert max(later - earlier for earlier, later in pairwise(times_s)) < 0.1
    pictures, sounds = levels(second)
    assert min(level for _, level in pictures) > 20.0
    assert max(level for _, level in sounds) > 0.01


def worker(stack: Stack) -> psutil.Process:
    (found,) = [each for each in stack.descendants() if any("fleet.worker" in part for part in arguments(each))]
    return found


async def passed(wall_s: float) -> None:
    async def is_later() -> bool:
        return time.time() >= wall_s

    await wait_until(is_later, timeout_s=PATIENCE_S)


def steady(person: Participant) -> Participant:
    """The same with a tone that never ends."""
    return replace(person, signal=Signal((0.0,), length_s=32.0))


def levels(path: Path) -> tuple[list[tuple[float, float]], list[tuple[float, float]]]:
    """When each picture is shown and how bright it is, when each block of sound begins and its peak."""
    with av.open(path) as container:
        pictures = [
            (float(frame.time or 0.0), float(frame.to_ndarray(format="gray").mean()))
            for frame in container.decode(video=0)
        ]
    with av.open(path) as container:
        sounds = [
            (float(block.time or 0.0), float(np.abs(block.to_ndarray()).max())) for block in container.decode(audio=0)
        ]
    return pictures, sounds
