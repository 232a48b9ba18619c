"""Livestreams whose end, or start, comes at a bad moment."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.errors import Conflict
from reelkit.control.livestream import Livestream, LivestreamStatus
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.meetings import Meeting
from reelkit.db.errors import DatabaseUnavailable
from reelkit.fleet.base import JobProgress
from reelkit.process import wait_until
from reelkit.publish.rtmp.status import StreamState, StreamStatus
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.patience import PATIENCE_S

SETTINGS: dict[str, Any] = {"livestream": {"ingest_server": "rtmp://127.0.0.1/live"}}


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path, held=True, **SETTINGS) as opened:
        yield opened


async def start(harness: Harness, meeting: Meeting) -> Livestream:
    return await harness.plane.livestreams.start(harness.app.id, meeting.id, LivestreamParams())


async def stop(harness: Harness, meeting: Meeting) -> Livestream:
    return await harness.plane.livestreams.stop(harness.app.id, meeting.id)


async def until(harness: Harness, livestream: Livestream, status: LivestreamStatus) -> Livestream:
    async def reached() -> bool:
        return (await harness.plane.livestreams.get(harness.app.id, livestream.id)).status is status

    await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.002)
    return await harness.plane.livestreams.get(harness.app.id, livestream.id)


class Refusing:
    """A database that takes no change of a livestream, until :meth:`recovers`."""

    def __init__(self, harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        for name in ("end", "went_live"):
            monkeypatch.setattr(harness.plane._livestream_store, name, self._refuse)

    async def _refuse(self, *_: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    def recovers(self) -> None:
        self._monkeypatch.undo()


async def test_a_stop_during_the_start_stops_what_is_starting(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    room = harness.room(meeting)
    room.hold_start = asyncio.Event()
    starting = asyncio.create_task(start(harness, meeting))

    async def invoked() -> bool:
        return await harness.plane._livestream_store.running_of(meeting.id) is not None

    await wait_until(invoked, timeout_s=PATIENCE_S, interval_s=0.002)
    stopping = asyncio.create_task(stop(harness, meeting))
    room.hold_start.set()
    livestream = await starting
    assert (await stopping).status is LivestreamStatus.IDLE
    assert (await until(harness, livestream, LivestreamStatus.IDLE)).error is None
    assert room.captured == set()


async def test_a_session_that_ends_during_the_start_ends_it(harness: Harness, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = await harness.attended_meeting()
    room, begin = harness.room(meeting), harness.fleet.start

    async def over() -> bool:
        return not harness.plane.livestreams._streamer.is_streaming(room)

    async def start_late(spec: Any) -> None:
        await harness.gateway.end(meeting.id)
        await wait_until(over, timeout_s=PATIENCE_S, interval_s=0.002)
        await begin(spec)

    monkeypatch.setattr(harness.fleet, "start", start_late)
    livestream = await start(harness, meeting)
    await until(harness, livestream, LivestreamStatus.IDLE)
    assert "INVOKED" not in [each.state for each in room.livestream_notices]


async def test_an_end_that_the_database_does_not_take_is_written_later(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await harness.attended_meeting()
    first = await start(harness, meeting)
    database = Refusing(harness, monkeypatch)
    assert (await stop(harness, meeting)).status is LivestreamStatus.INVOKED
    assert harness.room(meeting).captured == set()
    with pytest.raises(DatabaseUnavailable):
        await start(harness, meeting)
    database.recovers()
    # Whoever is first writes it: the next start, or the next attempt.
    second = await start(harness, meeting)
    assert (await until(harness, first, LivestreamStatus.IDLE)).error is None
    database = Refusing(harness, monkeypatch)
    await stop(harness, meeting)
    database.recovers()
    await harness.clock.advance(5)
    await until(harness, second, LivestreamStatus.IDLE)


async def test_a_stream_can_be_ended_while_it_is_written_that_it_is_live(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await harness.attended_meeting()
    livestream = await start(harness, meeting)
    Refusing(harness, monkeypatch)
    status = StreamStatus(state=StreamState.LIVE, target="rtmp://127.0.0.1/live/…", since_s=START_S)
    harness.fleet.report(livestream.id, JobProgress(film_s=1.0, lag_s=2.0, segments=1, rss_bytes=1, stream=status))

    async def waits() -> bool:
        return harness.clock.deadlines.count(5.0) > 1

    await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
    harness.free_bytes = 0
    await harness.clock.advance(5)

    async def ended() -> bool:
        return harness.room(meeting).captured == set()

    await wait_until(ended, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_the_server_stops_though_the_database_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = ManualClock()
    async with harness_at(tmp_path, clock, **SETTINGS) as first:
        livestream = await start(first, await first.attended_meeting())
        Refusing(first, monkeypatch)
    async with harness_at(tmp_path, clock, **SETTINGS) as second:
        await until(second, livestream, LivestreamStatus.ERRORED)


async def test_a_start_that_was_not_written_down_keeps_nobody_out(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    lost = await harness.plane._livestream_store.invoke(app_id=harness.app.id, meeting_id=meeting.id, name=None)
    await start(harness, meeting)
    assert (await until(harness, lost, LivestreamStatus.ERRORED)).error == "its start could not be written down"
    with pytest.raises(Conflict):
        await start(harness, meeting)


async def test_the_next_session_need_not_wait_for_the_renderer_of_the_last_one(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    meeting = await harness.attended_meeting()
    first = await start(harness, meeting)
    cancel, ended = harness.fleet.cancel, asyncio.Event()

    async def cancel_slowly(job_id: str) -> None:
        await ended.wait()
        await cancel(job_id)

    monkeypatch.setattr(harness.fleet, "cancel", cancel_slowly)
    await harness.gateway.end(meeting.id)
    await until(harness, first, LivestreamStatus.IDLE)
    await harness.gateway.join(meeting.id)
    await start(harness, meeting)
    ended.set()


async def test_what_waits_for_a_renderer_is_dropped_when_it_is_stopped(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    livestream = await start(harness, meeting)
    harness.fleet.waiting.add(livestream.id)
    assert harness.metric("reelkit_render_jobs", state="waiting") == 1
    await stop(harness, meeting)
    # It takes no place from recordings that are to be delivered.
    assert (harness.fleet.stopped, harness.fleet.cancelled) == ([], [livestream.id])


async def test_what_a_server_leaves_that_dies_while_the_rest_is_sent_is_deleted(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock, **SETTINGS)
    first.fleet.held = True
    await first.open()
    meeting = await first.attended_meeting()
    livestream = await start(first, meeting)
    directory, other = (tmp_path / "jobs" / name for name in (livestream.id, "other"))
    for each in (directory, other):
        each.mkdir(parents=True, exist_ok=True)
    capture_dir = first.room(meeting).capture_dir
    await stop(first, meeting)
    await first.crash()
    directory.mkdir(exist_ok=True)
    async with harness_at(tmp_path, clock, **SETTINGS) as second:
        assert (directory.exists(), other.exists(), capture_dir.exists()) == (False, True, False)
        assert (await until(second, livestream, LivestreamStatus.IDLE)).error is None
