"""Notices of livestreams with the real browser SDK, Chromium and Janus."""

from pathlib import Path

import pytest

from reelkit.process import wait_until
from reelkit.rooms.livestream_notices import LivestreamNotice
from reelkit.settings import Settings
from tests.patience import PATIENCE_S
from tests.rooms.browser import Clients
from tests.rooms.sdk_server import SdkServer

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

URL = "https://live.example.com/s1"


async def test_the_sdk_knows_whether_its_meeting_is_streamed(tmp_path: Path) -> None:
    async with SdkServer(tmp_path, Settings(data=tmp_path)) as server, Clients(server) as clients:
        viewer = await clients.start("viewer", preset={"config": {"view_type": "LIVESTREAM"}})

        async def state(expected: list[str | None]) -> None:
            async def reached() -> bool:
                found = await viewer.run("() => [meeting.livestream.state, meeting.livestream.playbackUrl ?? null]")
                return bool(found == expected)

            await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.05)

        await state(["IDLE", None])
        server.room.announce_livestream(LivestreamNotice("s1", "LIVE", "Show", URL))
        await state(["LIVESTREAMING", URL])
        server.room.announce_livestream(LivestreamNotice("s1", "IDLE", "Show", URL))
        await state(["IDLE", None])
