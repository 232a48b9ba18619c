"""A webinar by the presets that every app begins with, in real browsers: polls over the API, and the stage."""

from collections.abc import Callable
from typing import Any

import pytest

from reelkit.process import wait_until
from testbed.chromium import Chromium, ChromiumParticipant
from testbed.stack import Stack
from testbed.timeline import people

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]

PATIENCE_S = 25.0
COUNTS = "testbed.meeting.polls.items.map((poll) => poll.options.map((option) => option.count))"
STATUS = "testbed.meeting.stage.status"
OTHER = "testbed.meeting.participants.joined.toArray()[0]"


async def becomes(participant: ChromiumParticipant, script: str, expected: Callable[[Any], bool]) -> None:
    """Waits until an expression in the page has a value as expected."""

    async def holds() -> bool:
        return expected(await participant.page.evaluate(script))

    await wait_until(holds, timeout_s=PATIENCE_S, interval_s=0.1)


async def test_a_webinar(stack: Stack) -> None:
    api = stack.api
    meeting_id = await api.create_meeting()
    async with Chromium(stack.address) as chromium:
        pages = []
        for person, preset in zip(people(2), ("webinar_presenter", "webinar_viewer"), strict=True):
            guest = await api.add_guest(meeting_id, person.name, preset)
            page = await chromium.participant(guest.token, person, zero_s=0.0)
            await page.join()
            pages.append(page)
        presenter, viewer = pages
        assert [await page.page.evaluate(STATUS) for page in pages] == ["ON_STAGE", "OFF_STAGE"]

        made = await api.client.realtime_kit.active_session.create_poll(
            meeting_id, account_id=api.account_id, app_id=api.app_id, question="Tea?", options=["yes", "no"]
        )
        assert made.data is not None
        for page in pages:
            await becomes(page, COUNTS, lambda counts: counts == [[0, 0]])
        await viewer.page.evaluate("() => testbed.meeting.polls.vote(testbed.meeting.polls.items[0].id, 1)")
        await becomes(presenter, COUNTS, lambda counts: counts == [[0, 1]])

        await viewer.page.evaluate("() => testbed.meeting.stage.requestAccess()")
        requests = "testbed.meeting.stage.getAccessRequests().stageRequests.length"
        await becomes(presenter, requests, lambda count: count == 1)
        await presenter.page.evaluate(f"() => testbed.meeting.stage.grantAccess([{OTHER}.userId])")
        await becomes(viewer, STATUS, lambda status: status == "ACCEPTED_TO_JOIN_STAGE")
        await viewer.page.evaluate("() => testbed.meeting.stage.join()")
        await viewer.camera(on=True)
        await becomes(presenter, f"Boolean({OTHER}.videoTrack)", bool)
        assert presenter.errors == viewer.errors == []
