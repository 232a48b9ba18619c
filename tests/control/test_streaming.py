"""What control does about live streams: what is refused, what is kept, what is told."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from reelkit.control.errors import Invalid
from reelkit.control.recording import Action, RecordingStatus
from reelkit.fleet.base import JobOutcome, JobProgress
from reelkit.publish.rtmp.status import StreamState, StreamStatus
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock

KEY = "secret-key"
URL = f"rtmp://203.0.113.7/app/{KEY}"
TARGET = "rtmp://203.0.113.7/app/…"
OPEN: dict[str, Any] = {"egress": {"allowed_networks": ["203.0.113.0/24"]}}


@pytest.fixture
async def harness(tmp_path: Path) -> AsyncIterator[Harness]:
    async with harness_at(tmp_path, held=True, **OPEN) as running:
        yield running


def progress(state: StreamState, **figures: Any) -> JobProgress:
    status = StreamStatus(state=state, target=TARGET, since_s=1_000.0, **figures)
    return JobProgress(film_s=3.2, lag_s=1.7, segments=1, rss_bytes=1, stream=status)


async def test_a_recording_is_streamed_and_its_key_is_kept_nowhere(harness: Harness, tmp_path: Path) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting, rtmp_out_config={"rtmp_url": URL})
    (spec,) = harness.fleet.started
    assert spec.stream is not None
    assert spec.stream.url.get_secret_value() == URL
    assert spec.stream.egress == harness.settings.egress
    assert spec.render.stream
    assert KEY not in repr(spec)
    assert KEY not in repr(await harness.get(recording))
    assert recording.stream_target == TARGET
    await harness.database.close()
    assert not [path for path in tmp_path.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]
    await harness.database.open()


async def test_without_a_stream_nothing_is_told(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    assert harness.fleet.started[0].stream is None
    assert harness.plane.streams.of(recording) is None


async def test_a_meeting_may_say_where_it_is_streamed_to(harness: Harness) -> None:
    meeting = await harness.attended_meeting(recording_config={"live_streaming_config": {"rtmp_url": URL}})
    await harness.start(meeting)
    stream = harness.fleet.started[0].stream
    assert stream is not None
    assert stream.url.get_secret_value() == URL


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"rtmp_out_config": {"rtmp_url": "rtmp://host/key"}}, "must name an application"),
        ({"rtmp_out_config": {"rtmp_url": f"http://host/app/{KEY}"}}, "scheme rtmp or rtmps"),
        ({"rtmp_out_config": {"rtmp_url": f"rtmp://me:{KEY}@host/app/key"}}, "password"),
        ({"rtmp_out_config": {"rtmp_url": URL}, "video_config": {"codec": "VP8"}}, "H264 only"),
        ({"rtmp_out_config": {"rtmp_url": URL}, "video_config": {"codec": "VP9"}}, "H264 only"),
        ({"rtmp_out_config": {"rtmp_url": f"rtmp://127.0.0.1/app/{KEY}"}}, "public internet"),
    ],
)
async def test_what_cannot_be_streamed_is_refused(harness: Harness, fields: dict[str, Any], reason: str) -> None:
    meeting = await harness.attended_meeting()
    with pytest.raises(Invalid, match=reason) as refused:
        await harness.start(meeting, **fields)
    assert refused.value.field == "rtmp_out_config.rtmp_url"
    assert KEY not in str(refused.value)
    assert harness.fleet.started == []


async def test_how_the_stream_does_is_told(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting(), rtmp_out_config={"rtmp_url": URL})

    def told() -> StreamStatus:
        status = harness.plane.streams.of(recording)
        assert status is not None
        return status

    assert (told().state, told().target) == (StreamState.CONNECTING, TARGET)
    harness.fleet.report(recording.id, progress(StreamState.LIVE, sent_bytes=500, dropped_gops=1, reconnects=2))
    assert (told().state, told().dropped_gops, told().reconnects) == (StreamState.LIVE, 1, 2)
    # Another worker begins to count anew.
    harness.fleet.report(recording.id, progress(StreamState.CONNECTING))
    harness.fleet.report(recording.id, progress(StreamState.LIVE, sent_bytes=100, dropped_gops=1))
    assert (told().dropped_gops, told().reconnects, told().sent_bytes) == (2, 3, 600)
    assert harness.metric("reelkit_streams", state="LIVE") == 1
    assert harness.metric("reelkit_stream_reconnects_total", recording_id=recording.id) == 3
    harness.fleet.report(recording.id, progress(StreamState.RETRYING, sent_bytes=100, error="no luck"))
    assert (told().state, told().error) == (StreamState.RETRYING, "no luck")
    stopped = await harness.act(recording, Action.STOP)
    harness.fleet.release()
    delivered = await harness.until(stopped, RecordingStatus.UPLOADED)
    ended = harness.plane.streams.of(delivered)
    assert ended is not None
    assert (ended.state, ended.reconnects) == (StreamState.ENDED, 3)
    assert delivered.stopped_at is not None
    assert ended.since_s == delivered.stopped_at.timestamp()
    assert harness.metric("reelkit_streams", state="LIVE") == 0


async def test_a_recording_may_only_be_streamed(harness: Harness) -> None:
    meeting = await harness.attended_meeting()
    recording = await harness.start(meeting, rtmp_out_config={"rtmp_url": URL}, video_config={"export_file": False})
    (spec,) = harness.fleet.started
    assert (spec.render.files, spec.render.has_video, spec.render.examine) == ((), True, "none")
    harness.fleet.outcomes[recording.id] = JobOutcome(files=(), duration_s=10.0, frames=300)
    harness.fleet.release()
    await harness.act(recording, Action.STOP)
    delivered = await harness.until(recording, RecordingStatus.UPLOADED)
    assert (delivered.duration_ms, delivered.file_size_bytes, delivered.error) == (10_000, None, None)
    links = harness.plane.links.to(delivered)
    assert (links.download_url, links.audio_download_url) == (None, None)


async def test_a_file_of_the_sound_beside_a_stream(harness: Harness) -> None:
    await harness.start(
        await harness.attended_meeting(), rtmp_out_config={"rtmp_url": URL}, audio_config={"codec": "MP3"}
    )
    (spec,) = harness.fleet.started
    assert (spec.render.files, spec.render.has_video, spec.render.audio.codec) == (("audio",), True, "MP3")


async def test_after_a_restart_of_the_server_the_stream_is_over(tmp_path: Path) -> None:
    clock = ManualClock()
    first = Harness(tmp_path, clock, **OPEN)
    await first.open()
    first.fleet.held = True
    recording = await first.start(await first.attended_meeting(), rtmp_out_config={"rtmp_url": URL})
    await first.crash()
    async with harness_at(tmp_path, clock, held=True, **OPEN) as second:
        (spec,) = second.fleet.started
        assert (spec.stream, spec.render.live) == (None, False)
        again = await second.get(recording)
        status = second.plane.streams.of(again)
        assert status is not None
        assert (status.state, status.target) == (StreamState.ENDED, TARGET)
