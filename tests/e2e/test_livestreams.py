"""A livestream with real Janus and a real RTMP server, steered by the official client."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

from reelkit.process import wait_until
from testbed.checker import check_film
from testbed.nginx_rtmp import NginxRtmp
from testbed.participant import prepare
from testbed.stack import Stack
from testbed.timeline import Timeline, people
from tests.e2e.seats import seat

PATIENCE_S = 40.0
STREAMED_S = 8.0

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(180)]


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[NginxRtmp]:
    async with NginxRtmp(tmp_path / "rtmp") as running:
        yield running


@pytest.fixture
async def stack(server: NginxRtmp) -> AsyncIterator[Stack]:
    # No caller may name this machine: the operator's server is reached all the same.
    environment = {
        "REELKIT_LIVESTREAM__INGEST_SERVER": server.url("").rstrip("/"),
        "REELKIT_LIVESTREAM__PLAYBACK_URL": server.url("{stream_key}"),
    }
    async with Stack(environment=environment) as running:
        yield running


async def test_a_meeting_is_watched_while_it_goes_on_and_leaves_nothing(stack: Stack, server: NginxRtmp) -> None:
    api, kit = stack.api, stack.api.client.realtime_kit
    app: dict[str, Any] = {"account_id": api.account_id, "app_id": api.app_id}
    timeline = Timeline(120.0, people(2))
    await prepare(timeline)
    async with AsyncExitStack() as leaving:
        meeting_id = await api.create_meeting()
        zero_s = time.time()
        for person in timeline.participants:
            await seat(stack, meeting_id, person, leaving, zero_s=zero_s)
        started = (
            await kit.livestreams.start_livestreaming_a_meeting(
                meeting_id, **app, name="Show", video_config={"width": 640, "height": 360}
            )
        ).data
        assert started is not None
        assert started.stream_key is not None
        assert started.id is not None
        assert started.playback_url == server.url(started.stream_key)

        async def live_for(seconds: float) -> bool:
            found = await kit.livestreams.get_active_livestreams_for_livestream_id(started.id or "", **app)
            assert found.data is not None
            assert found.data.livestream is not None
            assert found.data.session is not None
            is_live = found.data.livestream.status == "LIVE"
            return is_live and float(found.data.session.ingest_seconds or 0) >= seconds

        await wait_until(lambda: live_for(STREAMED_S), timeout_s=PATIENCE_S, interval_s=0.2)
        job_dir = stack.data / "jobs" / started.id
        assert job_dir.exists()
        stopped = await kit.livestreams.stop_livestreaming_a_meeting(meeting_id, **app)
        assert stopped.success

        async def gone() -> bool:
            return not job_dir.exists()

        await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.1)
    details = await kit.livestreams.get_livestream_session_for_livestream_id(started.id, **app)
    assert details.data is not None
    assert details.data.livestream is not None
    assert details.data.session is not None
    assert (details.data.livestream.status, details.data.session.err_message) == ("IDLE", None)
    assert details.data.session.invoked_time is not None
    recordings = await kit.recordings.get_recordings(api.app_id, account_id=api.account_id)
    assert recordings.data == []
    (file,) = server.recordings(started.stream_key)
    report = check_film(file, timeline, start_s=details.data.session.invoked_time.timestamp() - zero_s)
    assert [person.name for person in report.participants if person.seen and person.heard] == ["Ada", "Bo"]
    assert not [line for line in stack.log if started.stream_key in line]
