"""Meetings that record themselves."""

from typing import Any

import pytest

from reelkit.control.meeting_params import MeetingParams
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Recording, RecordingStatus, StartReason, StopReason
from reelkit.control.recording_params import RecordingConfig
from reelkit.db.recordings import RecordingFilter
from reelkit.process import wait_until
from tests.control.harness import Harness
from tests.patience import PATIENCE_S

AWS: dict[str, Any] = {
    "type": "aws",
    "access_key": "k",
    "secret": "not-the-right-one",
    "bucket": "films",
    "region": "eu-1",
}


async def recordings(harness: Harness, meeting: Meeting) -> tuple[Recording, ...]:
    where = RecordingFilter(meeting_id=meeting.id)
    return (await harness.plane.recordings.list(harness.app.id, where, PageRequest(1, 10))).items


async def the_recording(harness: Harness, meeting: Meeting, status: RecordingStatus) -> Recording:
    """The meeting's only recording, once it has a status."""

    async def there() -> bool:
        return [each.status for each in await recordings(harness, meeting)] == [status]

    await wait_until(there, timeout_s=PATIENCE_S, interval_s=0.002)
    (found,) = await recordings(harness, meeting)
    assert (found.start_reason, found.start_caller) == (StartReason.RECORD_ON_START, None)
    return found


async def failed_once_more(harness: Harness, delay_s: float) -> None:
    """Waits until the next attempt is due in ``delay_s``."""

    async def waiting() -> bool:
        return delay_s in harness.clock.deadlines

    await wait_until(waiting, timeout_s=PATIENCE_S, interval_s=0.002)


async def tried_again(harness: Harness, delay_s: float) -> None:
    """The same, and lets that time pass."""
    await failed_once_more(harness, delay_s)
    await harness.clock.advance(delay_s)


async def test_it_is_like_the_apps_configuration_under_the_meetings(harness: Harness) -> None:
    config = RecordingConfig.parse({"video_config": {"codec": "VP8", "width": 640}, "file_name_prefix": "app"})
    await harness.plane.app_configs.replace(harness.app.id, config)
    meeting = await harness.attended_meeting(record_on_start=True, recording_config={"video_config": {"width": 320}})
    recording = await the_recording(harness, meeting, RecordingStatus.RECORDING)
    assert recording.output_file_name.startswith("app_")
    video = harness.fleet.started[0].render.video
    assert (video.codec, video.width_px) == ("VP8", 320)


async def test_what_is_out_of_order_at_the_first_join_is_tried_again(harness: Harness) -> None:
    harness.sfu.reason = "Janus is being restarted"
    meeting = await harness.attended_meeting(record_on_start=True)
    await tried_again(harness, 2.0)
    await failed_once_more(harness, 4.0)
    harness.sfu.reason = ""
    await tried_again(harness, 4.0)
    await the_recording(harness, meeting, RecordingStatus.RECORDING)
    # Once for each session, whoever comes then.
    await harness.gateway.join(meeting.id, "Grace")
    await harness.clock.advance(100)
    assert len(await recordings(harness, meeting)) == 1


async def test_nobody_is_filmed_in_an_empty_room(harness: Harness) -> None:
    harness.sfu.reason = "Janus is being restarted"
    meeting = await harness.meeting(record_on_start=True)
    ada = await harness.gateway.join(meeting.id)
    await tried_again(harness, 2.0)
    await failed_once_more(harness, 4.0)
    await harness.gateway.leave(meeting.id, ada)
    harness.sfu.reason = ""
    await harness.clock.advance(4.0)
    await tried_again(harness, 8.0)
    assert await recordings(harness, meeting) == ()
    await harness.gateway.join(meeting.id)
    await tried_again(harness, 16.0)
    await the_recording(harness, meeting, RecordingStatus.RECORDING)


async def test_with_its_session_the_attempts_end(harness: Harness) -> None:
    harness.sfu.reason = "Janus is being restarted"
    meeting = await harness.attended_meeting(record_on_start=True)
    await tried_again(harness, 2.0)
    await harness.gateway.end(meeting.id)
    await tried_again(harness, 4.0)
    harness.sfu.reason = ""
    await harness.clock.advance(100)
    assert await recordings(harness, meeting) == ()


@pytest.mark.parametrize("config", [{"realtimekit_bucket_config": {"enabled": False}}])
async def test_a_configuration_that_cannot_be_is_told_by_a_failed_recording(
    harness: Harness, config: dict[str, Any]
) -> None:
    await harness.plane.app_configs.replace(harness.app.id, RecordingConfig.parse(config))
    meeting = await harness.attended_meeting(record_on_start=True)
    failed = await the_recording(harness, meeting, RecordingStatus.ERRORED)
    assert failed.stop_reason is StopReason.INTERNAL_ERROR
    assert failed.error is not None
    assert failed.error.endswith("(realtimekit_bucket_config.enabled comes from the app's recording-config)")
    assert harness.fleet.started == []


async def test_a_storage_of_the_app_that_refuses_is_told_by_the_delivery(harness: Harness) -> None:
    await harness.plane.app_configs.replace(harness.app.id, RecordingConfig.parse({"storage_config": AWS}))
    meeting = await harness.attended_meeting(record_on_start=True)
    recording = await the_recording(harness, meeting, RecordingStatus.RECORDING)
    await harness.gateway.end(meeting.id)
    failed = await harness.until(recording, RecordingStatus.ERRORED)
    assert failed.error is not None
    assert "the credentials are not right" in failed.error
    assert failed.file_size_bytes is not None


async def test_an_inactive_meeting_is_not_recorded_and_a_recording_of_it_goes_on(harness: Harness) -> None:
    inactive = MeetingParams.parse({"status": "INACTIVE"})
    meeting = await harness.meeting(record_on_start=True)
    await harness.plane.meetings.update(harness.app.id, meeting.id, inactive)
    await harness.gateway.join(meeting.id)
    other = await harness.attended_meeting(record_on_start=True)
    recording = await the_recording(harness, other, RecordingStatus.RECORDING)
    await harness.plane.meetings.update(harness.app.id, other.id, inactive)
    assert (await harness.get(recording)).status is RecordingStatus.RECORDING
    assert await recordings(harness, meeting) == ()
