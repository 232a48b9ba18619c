"""The official SDK in a real browser, driven by the test bed."""

import time

import pytest

from reelkit.process import wait_until
from testbed.chromium import Chromium
from testbed.participant import SyntheticParticipant
from testbed.stack import Stack
from testbed.timeline import people
from tests.patience import PATIENCE_S

pytestmark = [pytest.mark.e2e, pytest.mark.alone]


async def test_meets_with_the_official_sdk() -> None:
    ada, bo = people(2)
    async with Stack() as stack, Chromium(stack.address, deadline_s=90.0) as chromium:
        meeting_id = await stack.api.create_meeting()
        tokens = [(await stack.api.add_guest(meeting_id, person.name)).token for person in (ada, bo)]
        page = await chromium.participant(tokens[0], ada, zero_s=time.time())
        await page.join()
        async with SyntheticParticipant(stack.address, tokens[1], bo, zero_s=time.time()) as other:
            await other.join()
            await other.camera(on=True)
            await page.microphone(on=True)
            await page.camera(on=True)
            await page.share(on=True)

            async def sees_bo() -> bool:
                people_seen = (await page.state())["participants"]
                return isinstance(people_seen, list) and [each["has_video_track"] for each in people_seen] == [True]

            await wait_until(sees_bo, timeout_s=PATIENCE_S)
            state = await page.state()
            assert (state["joined"], state["audio"], state["video"], state["screen"]) == (True, True, True, True)

            await page.start_recording()

            async def recording() -> bool:
                return (await page.state())["recording"] == "RECORDING"

            await wait_until(recording, timeout_s=PATIENCE_S)
            await page.stop_recording()
            await page.share(on=False)
            await page.camera(on=False)
            assert (await page.state())["video"] is False
        await page.leave()
        assert "left" in [event["what"] for event in await page.events()]
        assert page.errors == []


async def test_is_killed_at_its_deadline() -> None:
    async with Stack() as stack, Chromium(stack.address, deadline_s=0.3) as chromium:

        async def ended() -> bool:
            return not chromium.running

        await wait_until(ended, timeout_s=PATIENCE_S)
