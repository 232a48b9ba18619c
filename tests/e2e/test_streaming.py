"""Recordings that are streamed by RTMP while they are made, with real Janus and a real RTMP server."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from reelkit.process import wait_until
from testbed.checker import Tolerance, check_film
from testbed.nginx_rtmp import NginxRtmp
from testbed.stack import Stack
from testbed.timeline import Timeline, people
from tests.e2e.seats import seat

KEY = "stream-key-that-nobody-may-see"
PATIENCE_S = 40.0

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(180)]


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
    zero_s = time.time()
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        for person in timeline.participants:
            await seat(stack, meeting_id, person, leaving, zero_s=zero_s)
        recording_id = await api.start_recording(
            meeting_id, video_config={"width": 640, "height": 360}, rtmp_out_config={"rtmp_url": server.url(KEY)}
        )
        live = await until(stack, recording_id, "LIVE")
        assert live["target"] == f"rtmp://127.0.0.1:{server.port}/live/…"
        (worker,) = [
            process for process in stack.descendants() if any("fleet.worker" in part for part in process.cmdline())
        ]
        assert KEY not in str(worker.cmdline())
        assert KEY not in str(worker.environ())

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
    import av
    with av.open(file) as c:
        ts=[p.pts for p in c.demux(video=0) if p.pts is not None]
    print([(i,b-a) for i,(a,b) in enumerate(zip(ts,ts[1:])) if b-a not in (33,34)], ts[:5], len(ts)); print(report.problems)
