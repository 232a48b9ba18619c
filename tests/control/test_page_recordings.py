"""The life of a recording of a page: opened in the background, recorded when it is ready, ended by whoever ends it."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.capture.events import RecordingMarked
from reelkit.capture.journal import JournalReader
from reelkit.control.errors import Conflict, Forbidden, Invalid, Unavailable, Unsupported
from reelkit.control.meeting_params import MeetingParams
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus, StopReason
from reelkit.control.render_params import RenderParams
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.participants import ParticipantRepository
from reelkit.db.recordings import RecordingFilter
from reelkit.fleet.base import JobOutcome
from reelkit.fleet.errors import FleetError
from reelkit.page.status import PageState
from reelkit.process import wait_until
from reelkit.sfu.errors import SfuError
from tests.control.fakes import delivered
from tests.control.harness import CALLER, IDLE_DEADLINES_S, Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.control.pages import OPEN, SECRET, SHOWN_URL, URL, invoked, job_of, leave_diagnosis, recorded, tell
from tests.patience import PATIENCE_S


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path, **OPEN) as running:
        yield running


async def until_cleaned(harness: Harness) -> None:
    """Waits until nothing is left of pages: no participants, no held session."""

    async def cleaned() -> bool:
        return not harness.plane._page_recorder._pages and not await recorders(harness)

    await wait_until(cleaned, timeout_s=PATIENCE_S, interval_s=0.002)
    assert all(room.holders == set() for room in harness.gateway.rooms.values())


async def recorders(harness: Harness) -> list[str]:
    """The recordings that have a participant of their own."""
    async with harness.database.session() as session:
        return [str(row.recording_id) for row in await ParticipantRepository(session).recorders()]


def marks(harness: Harness, recording: Recording) -> list[str]:
    journal = harness.gateway.rooms[recording.meeting_id].journal.path
    events = JournalReader(journal).poll()
    return [each.mark for each in events if isinstance(each, RecordingMarked) and each.recording_id == recording.id]


async def test_the_start_call_does_not_wait_for_the_page(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await invoked(harness, meeting, max_seconds=600)
    room = harness.room(meeting)
    assert recording.session_id == room.session_id
    assert (recording.started_at, recording.page_url) == (None, SHOWN_URL)
    assert (room.running, room.notices, room.holders) == (set(), [], {recording.id})
    spec = job_of(harness, recording)
    assert spec.page is not None
    assert (spec.render.source, spec.render.live, spec.capture_dir) == ("page", True, room.capture_dir)
    assert SECRET in spec.page.url.get_secret_value()
    assert await recorders(harness) == [recording.id]
    assert harness.metric("reelkit_recordings", status="INVOKED") == 1
    assert harness.metric("reelkit_recording_start_seconds_count") == 0
    assert await harness.plane.recordings.active(harness.app.id, meeting.id) == recording


async def test_a_page_that_is_ready_is_recorded(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await invoked(harness, meeting, max_seconds=600)
    tell(harness, recording, PageState.OPENING)
    await harness.clock.advance(7)
    assert (await harness.get(recording)).status is RecordingStatus.INVOKED
    tell(harness, recording, PageState.READY)
    running = await harness.until(recording, RecordingStatus.RECORDING)
    room = harness.room(meeting)
    assert running.started_at is not None
    assert (running.started_at - running.invoked_at).total_seconds() == 7
    assert (room.running, room.captured, room.holders) == ({recording.id}, set(), set())
    assert room.notices == [(recording.id, "RECORDING")]
    assert len(harness.fleet.started) == 1

    await harness.clock.advance(10)
    stopped = await harness.act(recording, Action.STOP)
    assert (stopped.status, stopped.duration_ms, stopped.stop_caller) == (RecordingStatus.UPLOADING, 10_000, CALLER)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (uploaded.error, uploaded.file_size_bytes) == (None, 4)
    await until_cleaned(harness)
    assert marks(harness, recording) == ["started", "stopped"]
    assert len(harness.clock.deadlines) == len(IDLE_DEADLINES_S)


async def test_what_the_caller_put_into_the_url_is_kept_nowhere(harness: Harness, tmp_path: Path) -> None:
    recording = await recorded(harness)
    assert SECRET not in repr(job_of(harness, recording))
    assert SECRET not in repr(await harness.get(recording))
    await harness.database.close()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and SECRET.encode() in path.read_bytes()]
    await harness.database.open()


async def test_pause_and_resume_only_mark_the_journal(harness: Harness) -> None:
    recording = await recorded(harness)
    room = harness.gateway.rooms[recording.meeting_id]
    await harness.clock.advance(5)
    assert (await harness.act(recording, Action.PAUSE)).status is RecordingStatus.PAUSED
    await harness.clock.advance(50)
    assert (await harness.act(recording, Action.RESUME)).status is RecordingStatus.RECORDING
    assert (room.running, room.captured) == ({recording.id}, set())
    await harness.clock.advance(5)
    assert (await harness.act(recording, Action.STOP)).duration_ms == 10_000
    assert marks(harness, recording) == ["started", "paused", "resumed", "stopped"]


async def test_its_limit_counts_from_when_it_is_recorded(harness: Harness) -> None:
    recording = await invoked(harness, max_seconds=60)
    await harness.clock.advance(100)
    tell(harness, recording, PageState.READY)
    await harness.until(recording, RecordingStatus.RECORDING)
    await harness.clock.advance(60)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (uploaded.stop_reason, uploaded.error) == (StopReason.API_CALL, None)


async def test_a_page_that_fails_to_open_is_an_error_with_a_diagnosis(harness: Harness) -> None:
    recording = await invoked(harness)
    tell(harness, recording, PageState.OPENING)
    leave_diagnosis(harness, recording)
    tell(harness, recording, PageState.FAILED, reason="the page answered 404")
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert (errored.error, errored.stop_reason) == ("the page answered 404", StopReason.INTERNAL_ERROR)
    assert (errored.started_at, errored.stopped_at) == (None, None)
    assert harness.fleet.cancelled == [recording.id]
    assert (await harness.plane.diagnoses.report(recording.id))["state"] == "failed"
    await until_cleaned(harness)
    assert not (harness.data / "jobs" / recording.id).exists()
    assert harness.metric("reelkit_page_failures_total", when="opening") == 1
    await harness.until_idle()
    # There is a place again, and the meeting may have another recording.
    await recorded(harness, await harness.plane.meetings.get(harness.app.id, recording.meeting_id))


async def test_a_reason_is_shown_as_one_line(harness: Harness) -> None:
    recording = await invoked(harness)
    tell(harness, recording, PageState.FAILED, reason="it said\n\0\x1b[31m" + "x" * 2_000)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert errored.error.startswith("it said   [31mxxx")
    assert len(errored.error) == 501


async def test_a_page_that_is_never_ready_is_given_up(harness: Harness) -> None:
    recording = await invoked(harness)
    limits = harness.settings.page
    await harness.clock.advance(limits.load_timeout_s + limits.start_timeout_s + 59)
    assert (await harness.get(recording)).status is RecordingStatus.INVOKED
    await harness.clock.advance(1)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error is not None
    assert "not ready to be recorded in time" in errored.error
    assert harness.fleet.cancelled == [recording.id]
    await until_cleaned(harness)


async def test_a_worker_that_ends_before_the_page_is_ready_is_an_error(harness: Harness) -> None:
    recording = await invoked(harness)
    harness.fleet.end(recording.id, JobOutcome.failed("the renderer ended 21 times without progress"))
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the renderer ended 21 times without progress"
    await until_cleaned(harness)


async def test_a_page_that_fails_while_it_is_recorded_leaves_what_there_is(harness: Harness) -> None:
    recording = await recorded(harness)
    await harness.clock.advance(5)
    leave_diagnosis(harness, recording)
    tell(harness, recording, PageState.FAILED, reason="the page crashed four times")
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (uploaded.stop_reason, uploaded.error) == (StopReason.INTERNAL_ERROR, "the page crashed four times")
    assert (uploaded.file_size_bytes, uploaded.stop_caller) == (4, None)
    assert await harness.plane.diagnoses.screenshot(recording.id) == b"\x89PNG"
    assert harness.metric("reelkit_page_failures_total", when="recording") == 1
    await until_cleaned(harness)


async def test_a_film_that_is_not_whole_says_so(harness: Harness) -> None:
    recording = await recorded(harness)
    spec = job_of(harness, recording)
    films = delivered(spec.job_dir, spec.render)
    harness.fleet.outcomes[recording.id] = JobOutcome(
        files=films, duration_s=3.2, frames=96, error="the disk was slow", integrity={"files": []}
    )
    leave_diagnosis(harness, recording)
    await harness.act(recording, Action.STOP)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert (errored.error, errored.file_size_bytes) == ("the film is not whole: the disk was slow", 4)
    await harness.plane.diagnoses.report(recording.id)


async def test_a_failure_that_the_film_has_too_is_told_once(harness: Harness) -> None:
    recording = await recorded(harness)
    spec = job_of(harness, recording)
    harness.fleet.outcomes[recording.id] = JobOutcome(
        files=delivered(spec.job_dir, spec.render), duration_s=3.2, frames=96, error="the page took too much memory"
    )
    tell(harness, recording, PageState.FAILED, reason="the page took too much memory")
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the film is not whole: the page took too much memory"


async def test_a_worker_that_ends_while_it_records_ends_the_recording(harness: Harness) -> None:
    recording = await recorded(harness)
    harness.fleet.end(recording.id, JobOutcome.failed("gave up"))
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.stop_reason is StopReason.INTERNAL_ERROR
    assert errored.error == "what recorded the page ended by itself; gave up"


@pytest.mark.parametrize(
    ("figures", "reason"),
    [
        ({}, StopReason.API_CALL),
        ({"reason": "the page said so"}, StopReason.API_CALL),
        ({"everybody_left": True}, StopReason.ALL_PEERS_LEFT),
    ],
)
async def test_a_page_ends_its_recording(harness: Harness, figures: dict[str, Any], reason: StopReason) -> None:
    recording = await recorded(harness)
    await harness.clock.advance(5)
    tell(harness, recording, PageState.ENDED, **figures)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (uploaded.stop_reason, uploaded.stop_caller, uploaded.error) == (reason, None, None)
    assert uploaded.duration_ms == 10_000
    await until_cleaned(harness)


async def test_a_page_that_ends_before_it_was_ready_is_an_error(harness: Harness) -> None:
    recording = await invoked(harness)
    tell(harness, recording, PageState.ENDED, reason="nobody was there")
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the page ended before it was ready to be recorded: nobody was there"


async def test_all_at_once_is_done_in_its_order(harness: Harness) -> None:
    recording = await invoked(harness)
    tell(harness, recording, PageState.OPENING)
    tell(harness, recording, PageState.READY)
    tell(harness, recording, PageState.FAILED, reason="it crashed at once")
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert uploaded.error == "it crashed at once"
    assert marks(harness, recording) == ["started", "stopped"]


async def test_a_page_that_is_opened_anew_goes_on(harness: Harness) -> None:
    recording = await recorded(harness)
    tell(harness, recording, PageState.OPENING, reloads=1)
    tell(harness, recording, PageState.READY, reloads=1)
    await harness.clock.advance(1)
    assert (await harness.get(recording)).status is RecordingStatus.RECORDING
    assert marks(harness, recording) == ["started"]
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.UPLOADED)


async def test_a_recording_can_be_stopped_before_its_page_is_ready(harness: Harness) -> None:
    recording = await invoked(harness)
    for action in (Action.PAUSE, Action.RESUME):
        with pytest.raises(Conflict, match="INVOKED"):
            await harness.act(recording, action)
    await harness.clock.advance(3)
    stopped = await harness.act(recording, Action.STOP)
    assert (stopped.status, stopped.stop_reason) == (RecordingStatus.ERRORED, StopReason.API_CALL)
    assert (stopped.stop_caller, stopped.error) == (CALLER, "stopped before the page was ready to be recorded")
    assert stopped.stopped_at is not None
    await until_cleaned(harness)
    assert harness.fleet.cancelled == [recording.id]
    assert harness.metric("reelkit_page_failures_total", when="opening") == 0
    tell(harness, recording, PageState.READY)
    with pytest.raises(Conflict, match="ERRORED"):
        await harness.act(recording, Action.STOP)


async def test_a_database_that_refuses_the_stop_changes_nothing(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await invoked(harness)

    async def refuse(*_: object, **__: object) -> Recording:
        raise DatabaseUnavailable("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(harness.plane._store, "move", refuse)
        with pytest.raises(DatabaseUnavailable):
            await harness.act(recording, Action.STOP)
    tell(harness, recording, PageState.READY)
    await harness.until(recording, RecordingStatus.RECORDING)


async def test_a_failure_that_the_database_refuses_is_told_later(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    recording = await invoked(harness)

    async def refuse(*_: object, **__: object) -> Recording:
        raise DatabaseUnavailable("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(harness.plane._store, "move", refuse)
        tell(harness, recording, PageState.FAILED, reason="no such page")

        async def waits() -> bool:
            return harness.clock.deadlines.count(2.0) == 1

        await wait_until(waits, timeout_s=PATIENCE_S, interval_s=0.002)
        assert harness.fleet.cancelled == [recording.id]
    with pytest.raises(Unavailable, match="being ended already"):
        await harness.act(recording, Action.STOP)
    await harness.clock.advance(2)
    assert (await harness.until(recording, RecordingStatus.ERRORED)).error == "no such page"


async def test_a_mark_that_cannot_be_written_is_an_error(harness: Harness) -> None:
    recording = await invoked(harness)
    harness.gateway.rooms[recording.meeting_id].fail_start = SfuError("the journal cannot be written")
    tell(harness, recording, PageState.READY)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the journal cannot be written"
    await until_cleaned(harness)
    assert harness.fleet.cancelled == [recording.id]


@pytest.mark.parametrize("failure", [FleetError("no worker"), OSError(28, "No space left on device")])
async def test_a_fleet_that_refuses_leaves_nothing(harness: Harness, failure: Exception) -> None:
    harness.fleet.fail_start = failure
    meeting = await harness.attended_meeting()
    with pytest.raises(Unavailable, match="could not start"):
        await harness.start(meeting, url=URL)
    await until_cleaned(harness)
    page = await harness.plane.recordings.list(harness.app.id, RecordingFilter(), PageRequest())
    (errored,) = page.items
    assert (errored.status, errored.page_url) == (RecordingStatus.ERRORED, SHOWN_URL)
    await harness.until_idle()
    harness.fleet.fail_start = None
    await recorded(harness, meeting)


async def test_an_unexpected_failure_of_the_start_leaves_nothing_either(harness: Harness) -> None:
    harness.fleet.fail_start = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await harness.start(await harness.attended_meeting(), url=URL)
    await until_cleaned(harness)


async def test_more_pages_than_the_server_may_record_are_refused(harness: Harness) -> None:
    meetings = [await harness.attended_meeting() for _ in range(6)]
    started = await asyncio.gather(*(harness.start(meeting, url=URL) for meeting in meetings), return_exceptions=True)
    taken = [each for each in started if isinstance(each, Recording)]
    assert len(taken) == 3
    assert sum(isinstance(each, Unavailable) and "page.max_live" in each.message for each in started) == 3
    assert harness.metric("reelkit_recordings", status="ERRORED") == 0
    # Meetings themselves are recorded in any number.
    ordinary = await harness.start(await harness.attended_meeting())
    assert ordinary.status is RecordingStatus.RECORDING
    tell(harness, taken[0], PageState.READY)
    await harness.until(taken[0], RecordingStatus.RECORDING)
    with pytest.raises(Unavailable):
        await harness.start(await harness.attended_meeting(), url=URL)
    await harness.act(taken[0], Action.STOP)
    await invoked(harness)


async def test_a_refused_second_recording_takes_no_place(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    await invoked(harness, meeting)
    for _ in range(4):
        with pytest.raises(Conflict, match="allow_multiple_recordings"):
            await harness.start(meeting, url=URL)
    for _ in range(2):
        await invoked(harness)


async def test_pages_and_the_meeting_are_recorded_side_by_side(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    film = await harness.start(meeting)
    page = await recorded(harness, meeting, allow_multiple_recordings=True)
    other = await invoked(harness, meeting, allow_multiple_recordings=True)
    room = harness.room(meeting)
    assert (room.running, room.captured, room.holders) == ({film.id, page.id}, {film.id}, {other.id})
    assert sorted(await recorders(harness)) == sorted([page.id, other.id])
    await harness.act(film, Action.STOP)
    await harness.act(page, Action.STOP)
    tell(harness, other, PageState.READY)
    await harness.until(other, RecordingStatus.RECORDING)
    assert (room.running, room.captured) == ({other.id}, set())
    for each in (film, page):
        await harness.until(each, RecordingStatus.UPLOADED)


async def test_a_meeting_that_everybody_left_ends_its_recording(harness: Harness) -> None:
    meeting = await harness.meeting()
    ada = await harness.gateway.join(meeting.id)
    recording = await invoked(harness, meeting)
    # As the page does with its token.
    await harness.gateway.join(meeting.id, "Recorder", hidden=True)
    await harness.gateway.leave(meeting.id, ada)
    await harness.clock.advance(70)
    assert (await harness.get(recording)).status is RecordingStatus.INVOKED
    tell(harness, recording, PageState.READY)
    await harness.until(recording, RecordingStatus.RECORDING)
    await harness.clock.advance(harness.settings.recording.empty_meeting_timeout_s)
    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (uploaded.stop_reason, uploaded.error) == (StopReason.ALL_PEERS_LEFT, None)
    await until_cleaned(harness)

    async def removed() -> bool:
        return [meeting_id for meeting_id, _ in harness.gateway.removed] == [meeting.id]

    await wait_until(removed, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_session_that_ends_ends_what_waits_for_its_page(harness: Harness) -> None:
    recording = await invoked(harness)
    session_id = str(recording.session_id)
    await harness.gateway.end(recording.meeting_id)
    errored = await harness.until(recording, RecordingStatus.ERRORED)
    assert errored.error == "the session ended before the page was ready to be recorded"
    assert errored.stop_reason is StopReason.INTERNAL_ERROR
    await until_cleaned(harness)

    async def released() -> bool:
        return not (harness.data / "captures" / session_id).exists()

    await wait_until(released, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_disk_that_is_nearly_full_ends_all(harness: Harness) -> None:
    waiting = await invoked(harness)
    running = await recorded(harness)
    harness.free_bytes = 1
    await harness.clock.advance(5)
    for recording in (await harness.until(waiting, RecordingStatus.ERRORED), await harness.get(running)):
        assert recording.stop_reason is StopReason.INTERNAL_ERROR
        assert recording.error is not None
        assert "are free on the disk" in recording.error


async def test_an_inactive_meeting_is_not_recorded(harness: Harness) -> None:
    meeting = await harness.meeting()
    await harness.plane.meetings.update(harness.app.id, meeting.id, MeetingParams.parse({"status": "INACTIVE"}))
    with pytest.raises(Forbidden):
        await harness.start(meeting, url=URL)


async def test_a_sick_sfu_is_told_at_once(harness: Harness) -> None:
    harness.sfu.reason = "Janus does not answer"
    with pytest.raises(Unavailable, match="Janus does not answer"):
        await harness.start(await harness.attended_meeting(), url=URL)


async def test_a_page_that_may_not_be_opened_is_refused(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    with pytest.raises(Invalid, match="url: the host is not on the public internet"):
        await harness.start(meeting, url="http://127.0.0.1:8700/")
    assert harness.fleet.started == []


async def test_pages_can_be_switched_off(tmp_path: Path) -> None:
    async with harness_at(tmp_path, page={"max_live": 0}, egress=OPEN["egress"]) as harness:
        with pytest.raises(Unsupported, match="switched off"):
            await harness.start(await harness.attended_meeting(), url=URL)


async def test_of_a_page_no_other_film_can_be_made(tmp_path: Path) -> None:
    async with harness_at(tmp_path, capture={"keep": True}, **OPEN) as harness:
        recording = await recorded(harness)
        await harness.act(recording, Action.STOP)
        await harness.until(recording, RecordingStatus.UPLOADED)
        with pytest.raises(Conflict, match="shows a page"):
            await harness.plane.rerenders.start(harness.app.id, recording.id, RenderParams.parse({}))
        # Nor is what there is of a capture kept for it.
        await harness.gateway.end(recording.meeting_id)
        assert not (harness.data / "captures" / str(recording.session_id)).exists()


async def test_an_interactive_recording_of_a_page(harness: Harness) -> None:
    recording = await invoked(harness, interactive_config={"type": "ID3"})
    render = job_of(harness, recording).render
    assert (render.source, render.files) == ("page", ("hls",))
    assert render.metadata.since_s == recording.invoked_at.timestamp()
    assert recording.output_file_name.endswith(".tar.gz")


async def test_a_page_is_streamed_as_everything_is(harness: Harness) -> None:
    recording = await invoked(harness, rtmp_out_config={"rtmp_url": "rtmp://203.0.113.7/app/key"})
    assert job_of(harness, recording).stream is not None


# The server stops, or dies.


async def test_a_server_that_stops_ends_what_waits_for_its_page(tmp_path: Path) -> None:
    clock = ManualClock()
    async with harness_at(tmp_path, clock, **OPEN) as first:
        waiting = await invoked(first)
        running = await recorded(first)
        await first.plane.close(5.0)
        with pytest.raises(Unavailable, match="stopping"):
            await first.start(await first.meeting(), url=URL)
        errored = await first.get(waiting)
        assert errored.status is RecordingStatus.ERRORED
        assert errored.error == "the server was stopped before the page was ready to be recorded"
        uploaded = await first.get(running)
        assert (uploaded.status, uploaded.error) == (
            RecordingStatus.UPLOADED,
            "ended early: the server was stopped",
        )


async def test_a_server_that_died_while_a_page_was_opened(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock, **OPEN)
    await first.open()
    recording = await invoked(first)
    leave_diagnosis(first, recording)
    assert await recorders(first) == [recording.id]
    await first.crash()
    async with harness_at(tmp_path, clock, **OPEN) as second:
        errored = await second.get(recording)
        assert (errored.status, errored.stop_reason) == (RecordingStatus.ERRORED, StopReason.INTERNAL_ERROR)
        assert errored.error == "the server ended before the page was ready to be recorded"
        assert (second.fleet.started, await recorders(second)) == ([], [])
        await second.plane.diagnoses.report(recording.id)
        assert not (tmp_path / "jobs" / recording.id).exists()
        assert not (tmp_path / "captures" / str(recording.session_id)).exists()


async def test_a_server_that_died_while_a_page_was_recorded(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock, **OPEN)
    await first.open()
    recording = await recorded(first)
    await clock.advance(5)
    await first.crash()
    async with harness_at(tmp_path, clock, **OPEN) as second:
        uploaded = await second.until(recording, RecordingStatus.UPLOADED)
        assert uploaded.error == "ended early: the server ended while it recorded"
        (spec,) = second.fleet.started
        assert (spec.page, spec.render.source, spec.render.live) == (None, "page", False)
        assert await recorders(second) == []


async def test_space_of_a_capture_is_given_back_beside_a_page(tmp_path: Path) -> None:
    async with harness_at(tmp_path, **OPEN) as harness:
        recording = await recorded(harness)
        assert harness.plane._reclaim._needed([await harness.get(recording)], {"a.mjr": 7}) == {"a.mjr": 7}
