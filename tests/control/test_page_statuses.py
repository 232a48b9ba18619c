"""What is told of pages, across workers and after them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from reelkit.control.recording import Action, RecordingStatus
from reelkit.page.status import PageState, PageStatus
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.pages import OPEN, invoked, recorded, tell


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path, held=True, **OPEN) as running:
        yield running


async def test_how_the_page_does_is_told(harness: Harness) -> None:
    recording = await invoked(harness)

    async def told() -> PageStatus:
        status = harness.plane.pages.of(await harness.get(recording))
        assert status is not None
        return status

    assert ((await told()).state, (await told()).since_s) == (PageState.OPENING, recording.invoked_at.timestamp())
    tell(harness, recording, PageState.OPENING)
    tell(harness, recording, PageState.READY)
    await harness.until(recording, RecordingStatus.RECORDING)
    assert ((await told()).state, (await told()).reloads, (await told()).since_s) == (PageState.READY, 0, 1_000.0)
    assert harness.metric("reelkit_pages", state="ready") == 1
    # The page crashed and was opened again, by the same worker and then by another one.
    tell(harness, recording, PageState.OPENING, reloads=1)
    tell(harness, recording, PageState.READY, reloads=1)
    assert (await told()).reloads == 1
    tell(harness, recording, PageState.OPENING)
    tell(harness, recording, PageState.READY)
    assert (await told()).reloads == 2
    tell(harness, recording, PageState.OPENING)
    tell(harness, recording, PageState.READY)
    assert (await told()).reloads == 3
    stopped = await harness.act(recording, Action.STOP)
    assert stopped.stopped_at is not None
    ended = await told()
    assert (ended.state, ended.reloads, ended.since_s) == (PageState.ENDED, 3, stopped.stopped_at.timestamp())
    harness.fleet.release()
    await harness.until(recording, RecordingStatus.UPLOADED)
    assert harness.metric("reelkit_pages", state="ready") == 0


async def test_a_page_that_failed_says_why_as_one_line(harness: Harness) -> None:
    recording = await invoked(harness)
    tell(harness, recording, PageState.FAILED, reason="two\nlines")
    status = harness.plane.pages.of(await harness.until(recording, RecordingStatus.ERRORED))
    assert status is not None
    assert (status.state, status.reason) == (PageState.FAILED, "two lines")


async def test_of_the_meeting_itself_nothing_is_told(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    assert harness.plane.pages.of(recording) is None


async def test_after_a_restart_of_the_server_the_page_is_over(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock, **OPEN)
    await first.open()
    recording = await recorded(first)
    await first.crash()
    async with harness_at(tmp_path, clock, held=True, **OPEN) as second:
        status = second.plane.pages.of(await second.get(recording))
        assert status is not None
        assert status.state is PageState.ENDED
