"""The life of a recording, called through the service."""

import asyncio
from pathlib import Path

import pytest

from reelkit.control.caller import Caller
from reelkit.control.errors import Conflict, ControlError, Forbidden, Invalid, NotFound, Unavailable
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus, StartReason, StopReason
from reelkit.control.recording_params import RecordingParams
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.recordings import RecordingFilter
from reelkit.fleet.errors import FleetError
from reelkit.process import wait_until
from reelkit.sfu.errors import SfuError
from tests.control.harness import CALLER, Harness, harness_at
from tests.patience import PATIENCE_S

UNKNOWN_ID = "97440c6a-140b-40a9-9499-b23fd7a3868a"


async def recordings_of(harness: Harness) -> tuple[Recording, ...]:
    page = await harness.plane.recordings.list(harness.app.id, RecordingFilter(), PageRequest(per_page=100))
    return page.items


async def test_start_answers_recording_with_everything_running(harness: Harness) -> None:
    meeting = await harness.meeting(title="Weekly")
    recording = await harness.start(meeting)

    assert recording.status is RecordingStatus.RECORDING
    assert recording.start_reason is StartReason.API_CALL
    assert recording.start_caller == CALLER
    assert recording.started_at is not None
    assert recording.started_at >= recording.invoked_at
    assert recording.session_id == harness.room(meeting).session_id
    room = harness.room(meeting)
    assert room.running == {recording.id}
    assert room.notices == [(recording.id, "RECORDING")]
    spec = harness.fleet.specs[recording.id]
    assert spec.capture_dir == room.capture_dir
    assert spec.job_dir == harness.data / "jobs" / recording.id
    assert spec.render.live
    assert spec.render.recording_id == recording.id
    assert spec.render.lag_s == harness.settings.render.lag_s
    assert harness.metric("reelkit_recordings", status="RECORDING") == 1
    assert harness.metric("reelkit_renderer_lag_seconds", recording_id=recording.id) == 1.7
    assert harness.metric("reelkit_recording_start_seconds_count") == 1
    assert await harness.plane.recordings.active(harness.app.id, meeting.id) == recording


async def test_without_the_flush_shim_the_renderer_stays_further_behind(harness: Harness) -> None:
    harness.sfu.flushes = False
    recording = await harness.start(await harness.meeting())
    assert harness.fleet.specs[recording.id].render.lag_s == harness.settings.render.lag_without_flush_s


async def test_stop_delivers_the_film(harness: Harness) -> None:
    harness.fleet.duration_s = 12.5
    meeting = await harness.meeting()
    recording = await harness.start(meeting, file_name_prefix="weekly")
    await harness.clock.advance(12.4)
    stopped = await harness.act(recording, Action.STOP)

    assert stopped.status is RecordingStatus.UPLOADING
    assert stopped.stop_reason is StopReason.API_CALL
    assert stopped.stop_caller == CALLER
    assert stopped.duration_ms == 12_400
    room = harness.room(meeting)
    assert room.running == set()
    assert room.notices[-1] == (recording.id, "STOPPED")

    uploaded = await harness.until(recording, RecordingStatus.UPLOADED)
    assert uploaded.duration_ms == 12_500
    assert uploaded.recording_duration_s == 13
    assert uploaded.file_size_bytes == 4
    assert uploaded.error is None
    assert uploaded.download_expires_at is not None
    assert uploaded.uploaded_at is not None
    lifetime = uploaded.download_expires_at - uploaded.uploaded_at
    assert lifetime.total_seconds() == harness.settings.recording.url_lifetime_s
    stored = harness.bucket.path(harness.app.id, recording.id, uploaded.output_file_name)
    assert stored.read_bytes() == b"film"
    assert uploaded.output_file_name.startswith(f"weekly_{meeting.id}_")
    assert harness.metric("reelkit_recordings", status="UPLOADED") == 1
    assert harness.metric("reelkit_recordings", status="RECORDING") == 0
    assert harness.metric("reelkit_recording_delivery_seconds_count") == 1


async def test_pause_and_resume(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting)
    await harness.clock.advance(10)
    assert (await harness.act(recording, Action.PAUSE)).status is RecordingStatus.PAUSED
    await harness.clock.advance(100)
    assert (await harness.act(recording, Action.RESUME)).status is RecordingStatus.RECORDING
    await harness.clock.advance(5)
    stopped = await harness.act(recording, Action.STOP)

    assert stopped.duration_ms == 15_000
    states = [state for _, state in harness.room(meeting).notices]
    assert states == ["RECORDING", "PAUSED", "RECORDING", "STOPPED"]


async def test_a_paused_recording_can_be_stopped(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    await harness.clock.advance(3)
    await harness.act(recording, Action.PAUSE)
    await harness.clock.advance(100)
    assert (await harness.act(recording, Action.STOP)).duration_ms == 3_000
    await harness.until(recording, RecordingStatus.UPLOADED)


@pytest.mark.parametrize(
    ("before", "refused"),
    [
        ([], Action.RESUME),
        ([Action.PAUSE], Action.PAUSE),
        ([Action.STOP], Action.STOP),
        ([Action.STOP], Action.PAUSE),
        ([Action.STOP], Action.RESUME),
    ],
)
async def test_actions_that_do_not_fit_are_conflicts(harness: Harness, before: list[Action], refused: Action) -> None:
    recording = await harness.start(await harness.meeting())
    for action in before:
        await harness.act(recording, action)
    with pytest.raises(Conflict, match=f"cannot {refused}"):
        await harness.act(recording, refused)


async def test_a_meeting_has_one_recording_unless_several_are_allowed(harness: Harness) -> None:
    meeting = await harness.meeting()
    first = await harness.start(meeting)
    with pytest.raises(Conflict, match="allow_multiple_recordings"):
        await harness.start(meeting)
    second = await harness.start(meeting, allow_multiple_recordings=True)

    assert harness.room(meeting).running == {first.id, second.id}
    assert len(await recordings_of(harness)) == 2
    await harness.act(first, Action.STOP)
    await harness.act(second, Action.STOP)
    third = await harness.start(meeting)
    assert third.status is RecordingStatus.RECORDING


async def test_of_many_starts_at_once_one_wins(harness: Harness) -> None:
    meeting = await harness.meeting()
    results = await asyncio.gather(*(harness.start(meeting) for _ in range(8)), return_exceptions=True)

    won = [result for result in results if isinstance(result, Recording)]
    assert len(won) == 1
    assert sum(isinstance(result, Conflict) for result in results) == 7
    assert harness.room(meeting).running == {won[0].id}
    assert len(await recordings_of(harness)) == 1


async def test_a_start_goes_on_when_its_caller_hangs_up(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    room = harness.room(meeting)
    room.hold_start = asyncio.Event()
    start = asyncio.create_task(harness.start(meeting))

    async def invoked() -> bool:
        return bool(await recordings_of(harness))

    await wait_until(invoked, timeout_s=PATIENCE_S, interval_s=0.002)
    start.cancel()
    room.hold_start.set()
    with pytest.raises(asyncio.CancelledError):
        await start
    (recording,) = await recordings_of(harness)
    assert recording.status is RecordingStatus.RECORDING


@pytest.mark.parametrize(
    ("fields", "error", "field"),
    [
        ({"file_name_prefix": "a-b"}, Invalid, "file_name_prefix"),
        ({"max_seconds": 59}, Invalid, "max_seconds"),
        ({"max_seconds": 86_401}, Invalid, "max_seconds"),
        ({"video_config": {"width": 0}}, Invalid, "video_config.width"),
        ({"realtimekit_bucket_config": {"enabled": False}}, Invalid, "realtimekit_bucket_config.enabled"),
        ({"url": "https://127.0.0.1/"}, Invalid, "url"),
        ({"video_config": {"export_file": False}}, Invalid, "video_config.export_file"),
        ({"reelkit": {"keep": True}}, Invalid, "reelkit.keep"),
    ],
)
async def test_bad_input_creates_nothing(
    harness: Harness, fields: dict[str, object], error: type[ControlError], field: str
) -> None:
    meeting = await harness.meeting()
    with pytest.raises(error) as raised:
        await harness.start(meeting, **fields)
    assert getattr(raised.value, "field", None) == field
    assert field in raised.value.message
    assert await recordings_of(harness) == ()
    assert harness.gateway.rooms == {}


async def test_unknown_foreign_and_inactive_meetings_cannot_be_recorded(harness: Harness) -> None:
    other_app = await harness.plane.apps.create(harness.app.account_id, "other")
    foreign = await harness.meeting(other_app)
    inactive = await harness.meeting(status="INACTIVE")
    for meeting_id, error in ((UNKNOWN_ID, NotFound), (foreign.id, NotFound), (inactive.id, Forbidden)):
        with pytest.raises(error):
            await harness.plane.recordings.start(harness.app.id, RecordingParams(meeting_id=meeting_id), CALLER)
    assert await recordings_of(harness) == ()


async def test_an_app_does_not_reach_another_apps_recording(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    other_app = await harness.plane.apps.create(harness.app.account_id, "other")
    with pytest.raises(NotFound):
        await harness.plane.recordings.get(other_app.id, recording.id)
    with pytest.raises(NotFound):
        await harness.plane.recordings.act(other_app.id, recording.id, Action.STOP, CALLER)
    with pytest.raises(NotFound):
        await harness.plane.recordings.active(other_app.id, recording.meeting_id)


async def test_an_unfit_machine_starts_nothing(harness: Harness) -> None:
    meeting = await harness.meeting()
    harness.free_bytes = harness.settings.recording.min_free_bytes - 1
    with pytest.raises(Unavailable, match="MB are free"):
        await harness.start(meeting)
    harness.free_bytes = harness.settings.recording.min_free_bytes
    harness.sfu.reason = "Janus is being restarted"
    with pytest.raises(Unavailable, match="Janus is being restarted"):
        await harness.start(meeting)
    assert await recordings_of(harness) == ()


async def test_a_gateway_that_cannot_open_a_room_fails_the_recording(harness: Harness) -> None:
    harness.gateway.unavailable = "media is unavailable for a moment"
    meeting = await harness.meeting()
    with pytest.raises(Unavailable, match="media is unavailable"):
        await harness.start(meeting)
    (recording,) = await recordings_of(harness)
    assert recording.status is RecordingStatus.ERRORED
    assert recording.error is not None
    assert "media is unavailable" in recording.error
    assert recording.started_at is None


async def test_an_sfu_lost_at_the_start_leaves_nothing_on(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    harness.room(meeting).fail_start = SfuError("Janus is gone")
    with pytest.raises(Unavailable, match="Janus is gone"):
        await harness.start(meeting)
    (recording,) = await recordings_of(harness)
    assert recording.status is RecordingStatus.ERRORED
    assert recording.stop_reason is StopReason.INTERNAL_ERROR
    assert harness.room(meeting).running == set()

    harness.room(meeting).fail_start = None
    assert (await harness.start(meeting)).status is RecordingStatus.RECORDING


@pytest.mark.parametrize("failure", [FleetError("no worker"), OSError(28, "No space left on device")])
async def test_a_fleet_that_refuses_leaves_nothing_on(harness: Harness, failure: Exception) -> None:
    harness.fleet.fail_start = failure
    meeting = await harness.meeting()
    with pytest.raises(Unavailable):
        await harness.start(meeting)
    (recording,) = await recordings_of(harness)
    assert recording.status is RecordingStatus.ERRORED
    room = harness.room(meeting)
    assert room.running == set()
    assert room.notices[-1] == (recording.id, "STOPPED")
    await harness.until_idle()


async def test_an_unexpected_failure_of_the_start_also_leaves_nothing_on(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    harness.fleet.fail_start = RuntimeError("a bug")
    with pytest.raises(RuntimeError, match="a bug"):
        await harness.start(meeting)
    (recording,) = await recordings_of(harness)
    assert recording.error == "an internal error"
    assert harness.room(meeting).running == set()


async def test_a_room_that_refuses_to_pause_changes_nothing(harness: Harness) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    harness.room(meeting).fail_stop = SfuError("Janus does not answer")
    with pytest.raises(Unavailable, match="does not answer"):
        await harness.act(recording, Action.PAUSE)
    assert (await harness.get(recording)).status is RecordingStatus.RECORDING


@pytest.mark.parametrize(
    ("before", "refused", "status"),
    [
        ([], Action.PAUSE, RecordingStatus.RECORDING),
        ([Action.PAUSE], Action.RESUME, RecordingStatus.PAUSED),
    ],
)
async def test_what_is_captured_is_what_the_database_knows(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, before: list[Action], refused: Action, status: RecordingStatus
) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    for action in before:
        await harness.act(recording, action)
    store, room = harness.plane._store, harness.room(meeting)
    running, notices = set(room.running), list(room.notices)

    async def refuse(*_: object, **__: object) -> Recording:
        raise DatabaseUnavailable("the database is locked")

    with monkeypatch.context() as patch:
        patch.setattr(store, "move", refuse)
        with pytest.raises(DatabaseUnavailable):
            await harness.act(recording, refused)
    assert (await harness.get(recording)).status is status
    assert (room.running, room.notices) == (running, notices)
    await harness.act(recording, refused)


async def test_resuming_needs_a_fit_machine(harness: Harness) -> None:
    recording = await harness.start(await harness.meeting())
    await harness.act(recording, Action.PAUSE)
    harness.free_bytes = 0
    with pytest.raises(Unavailable, match="MB are free"):
        await harness.act(recording, Action.RESUME)
    assert (await harness.get(recording)).status is RecordingStatus.PAUSED


async def test_a_stop_works_without_its_room(harness: Harness) -> None:
    meeting = await harness.meeting()
    recording = await harness.start(meeting)
    harness.room(meeting).fail_stop = SfuError("the room is gone")
    await harness.clock.advance(4)
    assert (await harness.act(recording, Action.STOP)).status is RecordingStatus.UPLOADING
    await harness.until(recording, RecordingStatus.UPLOADED)


async def test_the_configuration_of_the_meeting_lies_below_the_call(harness: Harness) -> None:
    meeting = await harness.meeting(
        recording_config={"file_name_prefix": "standing", "video_config": {"width": 640, "height": 480}}
    )
    recording = await harness.start(meeting, video_config={"height": 361})
    video = harness.fleet.specs[recording.id].render.video
    assert (video.width_px, video.height_px) == (640, 362)
    assert recording.output_file_name.startswith("standing_")


async def test_a_participant_is_named_as_the_caller(harness: Harness) -> None:
    meeting = await harness.meeting()
    caller = Caller.user("Ada", UNKNOWN_ID)
    recording = await harness.plane.recordings.start(harness.app.id, RecordingParams(meeting_id=meeting.id), caller)
    assert (await harness.get(recording)).start_caller == caller


async def test_nothing_starts_while_the_server_stops(tmp_path: Path) -> None:
    async with harness_at(tmp_path) as harness:
        meeting = await harness.meeting()
        recording = await harness.start(meeting)
        await harness.plane.close(5.0)
        with pytest.raises(Unavailable, match="stopping"):
            await harness.start(await harness.meeting())
        stopped = await harness.get(recording)
        assert stopped.status is RecordingStatus.UPLOADED
        assert stopped.stop_reason is StopReason.INTERNAL_ERROR
        assert stopped.error == "ended early: the server was stopped"
        assert harness.room(meeting).running == set()
