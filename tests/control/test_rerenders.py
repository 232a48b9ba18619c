"""Another film of a kept capture: what it shows, when it may be made, and what becomes of it."""

import shutil
from pathlib import Path

import pytest

from reelkit.capture.reclaim import mark_reclaimed
from reelkit.control.errors import Conflict, Invalid, NotFound, Unavailable
from reelkit.control.expiry import Expiry
from reelkit.control.meetings import Meeting
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus
from reelkit.control.render_params import RenderParams
from reelkit.control.rendering import RenderingState
from reelkit.control.rerender import RenderStatus, Rerender
from reelkit.fleet.base import JobOutcome
from reelkit.process import wait_until
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import START_S, ManualClock
from tests.patience import PATIENCE_S

KEEP = {"reelkit": {"keep_capture": True}}


async def kept(harness: Harness, meeting: Meeting | None = None, **fields: object) -> Recording:
    """A recording of 10 s, a pause of 20 s and another 10 s."""
    recording = await harness.start(meeting or await harness.attended_meeting(), **{**KEEP, **fields})
    for seconds, action in ((10, Action.PAUSE), (20, Action.RESUME), (10, Action.STOP)):
        await harness.clock.advance(seconds)
        await harness.act(recording, action)
    return await harness.until(recording, RecordingStatus.UPLOADED)


async def render(harness: Harness, recording: Recording, **body: object) -> Rerender:
    return await harness.plane.rerenders.start(harness.app.id, recording.id, RenderParams.parse(body))


async def settled(harness: Harness, rerender: Rerender) -> Rerender:
    async def ended() -> bool:
        now = await harness.plane.rerenders.get(rerender.app_id, rerender.recording_id, rerender.id)
        return now.status is not RenderStatus.UPLOADING

    await wait_until(ended, timeout_s=PATIENCE_S, interval_s=0.002)
    return await harness.plane.rerenders.get(rerender.app_id, rerender.recording_id, rerender.id)


async def test_another_film_with_files_and_a_name_of_its_own(harness: Harness) -> None:
    recording = await kept(harness)
    await harness.gateway.end(recording.meeting_id)
    started = await render(
        harness,
        recording,
        video_config={"codec": "VP8", "width": 360, "height": 640},
        audio_config={"channel": "mono"},
        file_name_prefix="portrait",
    )
    assert started.status is RenderStatus.UPLOADING
    assert started.duration_ms == 20_000
    done = await settled(harness, started)

    spec = harness.fleet.started[-1]
    assert spec.again
    assert spec.capture_dir == harness.data / "captures" / str(recording.session_id)
    assert spec.render.recording_id == recording.id
    assert not spec.render.live
    assert (spec.render.video.codec, spec.render.video.width_px, spec.render.audio.channels) == ("VP8", 360, 1)
    assert (spec.render.start_s, spec.render.stop_s) == (None, None)
    assert done.status is RenderStatus.UPLOADED
    assert done.output_file_name.startswith(f"portrait_{recording.meeting_id}_")
    assert done.output_file_name.endswith(".webm")
    assert harness.bucket.path(done.app_id, done.id, done.output_file_name).read_bytes() == b"film"
    assert harness.bucket.path(done.app_id, done.id, str(done.audio_file_name)).read_bytes() == b"sound"
    assert await harness.plane.rerenders.integrity(done) == harness.fleet.integrity

    async def cleared() -> bool:
        return not spec.job_dir.exists()

    await wait_until(cleared, timeout_s=PATIENCE_S, interval_s=0.002)
    assert (await harness.get(recording)).output_file_name.endswith(".mp4")
    page = await harness.plane.rerenders.list(harness.app.id, recording.id, PageRequest())
    assert page.items == (done,)


@pytest.mark.parametrize(
    ("body", "start_s", "stop_s", "duration_ms"),
    [
        ({"start_s": 0.0}, None, None, 20_000),
        ({"start_s": 5.0}, 5.0, None, 15_000),
        ({"start_s": 5.0, "stop_s": 15.0}, 5.0, 35.0, 10_000),
        ({"start_s": 12.0}, 32.0, None, 8_000),
        ({"stop_s": 10.0}, None, 30.0, 10_000),
        ({"stop_s": 99.0}, None, None, 20_000),
    ],
)
async def test_a_part_is_given_in_the_films_own_time(
    harness: Harness, body: dict[str, float], start_s: float | None, stop_s: float | None, duration_ms: int
) -> None:
    started = await render(harness, await kept(harness), **body)
    await settled(harness, started)
    made = harness.fleet.started[-1].render
    assert made.start_s == (None if start_s is None else pytest.approx(START_S + start_s))
    assert made.stop_s == (None if stop_s is None else pytest.approx(START_S + stop_s))
    assert started.duration_ms == duration_ms


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"start_s": 20.0}, "start_s"),
        ({"start_s": -1.0}, "start_s"),
        ({"start_s": 5.0, "stop_s": 5.5}, ""),
        ({"start_s": "5"}, "start_s"),
        ({"max_seconds": 60}, "max_seconds"),
        ({"video_config": {"width": 0}}, "video_config.width"),
        ({"video_config": {"export_file": False}}, "video_config.export_file"),
    ],
)
async def test_bad_input_makes_nothing(harness: Harness, body: dict[str, object], field: str) -> None:
    recording = await kept(harness)
    with pytest.raises(Invalid) as raised:
        await render(harness, recording, **body)
    assert raised.value.field == field
    assert (await harness.plane.rerenders.list(harness.app.id, recording.id, PageRequest())).items == ()


async def test_a_capture_that_was_not_kept_cannot_be_used(harness: Harness) -> None:
    recording = await kept(harness, reelkit=None)
    with pytest.raises(Conflict, match="not kept"):
        await render(harness, recording)


async def test_a_capture_that_somebody_deleted_is_gone(harness: Harness) -> None:
    recording = await kept(harness)
    await harness.gateway.end(recording.meeting_id)
    shutil.rmtree(harness.data / "captures" / str(recording.session_id))
    with pytest.raises(Conflict, match="gone"):
        await render(harness, recording)


async def test_a_recording_that_goes_on_has_to_end_first(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting(), **KEEP)
    with pytest.raises(Conflict, match="RECORDING"):
        await render(harness, recording)


async def test_a_recording_that_failed_can_be_tried_again(harness: Harness) -> None:
    recording = await harness.start(await harness.attended_meeting())
    harness.fleet.outcomes[recording.id] = JobOutcome.failed("a bug")
    await harness.clock.advance(5)
    await harness.act(recording, Action.STOP)
    await harness.until(recording, RecordingStatus.ERRORED)
    assert (await settled(harness, await render(harness, recording))).status is RenderStatus.UPLOADED


async def test_what_a_reclaimed_capture_does_not_hold_is_told(harness: Harness) -> None:
    recording = await kept(harness)
    mark_reclaimed(harness.data / "captures" / str(recording.session_id))
    (note,) = (await settled(harness, await render(harness, recording))).notes
    assert "given back to the disk" in note


async def test_what_is_unknown_or_foreign_is_not_there(harness: Harness) -> None:
    first, second = await kept(harness), await kept(harness)
    rerender = await render(harness, first)
    other = await harness.plane.apps.create(harness.app.account_id, "other")
    for app_id, recording_id in ((harness.app.id, second.id), (other.id, first.id)):
        with pytest.raises(NotFound):
            await harness.plane.rerenders.get(app_id, recording_id, rerender.id)
    await settled(harness, rerender)


async def test_a_full_disk_makes_nothing(harness: Harness) -> None:
    recording = await kept(harness)
    harness.free_bytes = 0
    with pytest.raises(Unavailable, match="MB are free"):
        await render(harness, recording)


async def test_a_failure_is_told(harness: Harness) -> None:
    recording = await kept(harness)
    harness.fleet.held = True
    rerender = await render(harness, recording)

    async def started() -> bool:
        return rerender.id in harness.fleet.specs

    await wait_until(started, timeout_s=PATIENCE_S, interval_s=0.002)
    rendering = harness.plane.renderings.of_rerender(rerender)
    assert rendering is not None
    assert (rendering.state, rendering.done_s) == (RenderingState.CATCHING_UP, 3.2)
    assert rerender.id not in harness.plane.renderings.all()
    harness.fleet.outcomes[rerender.id] = JobOutcome.failed("no picture could be decoded")
    harness.fleet.release()
    failed = await settled(harness, rerender)
    assert (failed.status, failed.error) == (RenderStatus.ERRORED, "no picture could be decoded")
    assert failed.download_expires_at is None


async def test_a_restart_goes_on_with_it(tmp_path: Path) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock)
    await crashed.open()
    recording = await kept(crashed)
    crashed.fleet.held = True
    rerender = await render(crashed, recording, video_config={"codec": "VP9"})
    await crashed.plane.rerenders.close()
    await crashed.crash()
    async with harness_at(tmp_path, clock) as harness:
        assert (await settled(harness, rerender)).status is RenderStatus.UPLOADED
        assert harness.fleet.started[-1].render.video.codec == "VP9"


async def test_its_files_expire_too(harness: Harness) -> None:
    done = await settled(harness, await render(harness, await kept(harness)))
    stored = harness.bucket.path(done.app_id, done.id, done.output_file_name)
    assert stored.exists()
    # Nobody is woken: the plane's own expiry would delete them too.
    harness.clock.now_s += harness.settings.recording.url_lifetime_s
    assert await Expiry(harness.database, harness.clock, harness.bucket).check() == 2
    assert not stored.exists()
