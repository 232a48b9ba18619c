"""Finding recordings: filters, order, pages."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reelkit.control.errors import NotFound
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.db.recordings import RecordingFilter
from tests.control.harness import Harness, harness_at


@dataclass
class Shelf:
    """Four recordings in two meetings: UPLOADED and expired, UPLOADED, PAUSED, RECORDING."""

    harness: Harness
    weekly: Meeting
    retro: Meeting
    recordings: list[Recording]

    async def listed(
        self, where: RecordingFilter, page: PageRequest | None = None, *, newest_first: bool = True
    ) -> list[int]:
        found = await self.harness.plane.recordings.list(
            self.harness.app.id, where, page or PageRequest(), newest_first=newest_first
        )
        if page is None:
            assert found.total_count == len(found.items)
        numbers = {recording.id: number for number, recording in enumerate(self.recordings)}
        return [numbers[recording.id] for recording in found.items]


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with harness_at(tmp_path, recording={"url_lifetime_s": 100}) as harness:
        weekly, retro = await harness.attended_meeting(title="Weekly 50%"), await harness.attended_meeting()
        recordings = []
        for meeting, wait_s, action in (
            (weekly, 90, Action.STOP),
            (weekly, 15, Action.STOP),
            (retro, 5, Action.PAUSE),
            (weekly, 5, None),
        ):
            recording = await harness.start(meeting)
            if action is not None:
                await harness.act(recording, action)
            if action is Action.STOP:
                await harness.until(recording, RecordingStatus.UPLOADED)
            await harness.clock.advance(wait_s)
            recordings.append(recording)
        yield Shelf(harness, weekly, retro, recordings)


async def test_order_and_pages(shelf: Shelf) -> None:
    assert await shelf.listed(RecordingFilter()) == [3, 2, 1, 0]
    assert await shelf.listed(RecordingFilter(), newest_first=False) == [0, 1, 2, 3]
    assert await shelf.listed(RecordingFilter(), PageRequest(2, 3)) == [0]
    page = await shelf.harness.plane.recordings.list(shelf.harness.app.id, RecordingFilter(), PageRequest(2, 3))
    assert (page.total_count, page.start_offset, page.end_offset) == (4, 4, 4)


async def test_filters(shelf: Shelf) -> None:
    weekly, retro, recordings = shelf.weekly, shelf.retro, shelf.recordings
    assert await shelf.listed(RecordingFilter(meeting_id=weekly.id)) == [3, 1, 0]
    assert await shelf.listed(RecordingFilter(search="weekly 50%")) == [3, 1, 0]
    assert await shelf.listed(RecordingFilter(search=retro.id)) == [2]
    assert await shelf.listed(RecordingFilter(search=recordings[1].id)) == [1]
    assert await shelf.listed(RecordingFilter(search="_")) == []
    assert await shelf.listed(RecordingFilter(statuses=("PAUSED", "RECORDING"))) == [3, 2]
    assert await shelf.listed(RecordingFilter(statuses=("ERRORED",))) == []
    assert await shelf.listed(RecordingFilter(expired=True)) == [0]
    assert await shelf.listed(RecordingFilter(expired=False)) == [3, 2, 1]
    between = RecordingFilter(invoked_from=recordings[1].invoked_at, invoked_until=recordings[2].invoked_at)
    assert await shelf.listed(between) == [2, 1]
    assert await shelf.listed(RecordingFilter(invoked_from=recordings[2].invoked_at)) == [3, 2]
    assert await shelf.listed(RecordingFilter(invoked_until=recordings[1].invoked_at)) == [1, 0]
    assert await shelf.listed(RecordingFilter(invoked_until=recordings[2].invoked_at, search=weekly.id)) == [1, 0]
    assert await shelf.listed(RecordingFilter(meeting_id=weekly.id, expired=False, statuses=("UPLOADED",))) == [1]


async def test_other_apps_have_their_own_list(shelf: Shelf) -> None:
    other = await shelf.harness.plane.apps.create(shelf.harness.app.account_id, "other")
    page = await shelf.harness.plane.recordings.list(other.id, RecordingFilter(), PageRequest())
    assert page.items == ()


async def test_active_is_the_newest_running_one(shelf: Shelf) -> None:
    service, app_id = shelf.harness.plane.recordings, shelf.harness.app.id
    assert (await service.active(app_id, shelf.weekly.id)).id == shelf.recordings[3].id
    assert (await service.active(app_id, shelf.retro.id)).id == shelf.recordings[2].id
    await shelf.harness.clock.advance(1)
    newer = await shelf.harness.start(shelf.retro, allow_multiple_recordings=True)
    assert (await service.active(app_id, shelf.retro.id)).id == newer.id
    with pytest.raises(NotFound, match="no recording"):
        await service.active(app_id, (await shelf.harness.meeting()).id)
