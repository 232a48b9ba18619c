"""Watermarks from the start call to the job directory, from hosts on loopback."""

import asyncio
import io
import struct
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reelkit.control.errors import Invalid, Unavailable
from reelkit.control.paging import PageRequest
from reelkit.control.recording import Action, Recording, RecordingStatus, StartReason
from reelkit.control.recording_params import WatermarkSize
from reelkit.control.watermarks import prepared_png, shown_size
from reelkit.db.recordings import RecordingFilter
from reelkit.process import wait_until
from reelkit.render.watermark import Watermark
from tests.control.harness import Harness, harness_at
from tests.control.manual_clock import ManualClock
from tests.egress.hosts import Host, host_on
from tests.patience import PATIENCE_S

FIELD = "video_config.watermark.url"
COLOUR = (200, 40, 60)
FILM = (1280, 720)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>'


def encoded(kind: str = "PNG", size: tuple[int, int] = (64, 32), mode: str = "RGBA") -> bytes:
    file = io.BytesIO()
    Image.new("RGBA", size, (*COLOUR, 255)).convert(mode).save(file, kind, lossless=True, quality=95)
    return file.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    """A few bytes that promise a picture of any size."""
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1_000))
    chunks = (
        struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
        for chunk in (header, data, b"IEND")
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


PATIENT = {"watermark_timeout_s": 30.0}
"""The longest that may be set: an image must come in time on a busy machine too."""


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on() as opened:
        opened.answer("200 OK", encoded())
        yield opened


@pytest.fixture
async def open_harness(tmp_path: Path) -> AsyncIterator[Harness]:
    """A server whose operator lets callers name hosts of the private network."""
    async with harness_at(tmp_path, held=True, egress={"allow_private": True}, recording=PATIENT) as opened:
        yield opened


def url_of(host: Host) -> str:
    return f"http://127.0.0.1:{host.port}/logo?token=s3cret"


def config(host: Host, **watermark: object) -> dict[str, object]:
    return {"watermark": {"url": url_of(host), **watermark}}


async def recordings_of(harness: Harness) -> tuple[Recording, ...]:
    page = await harness.plane.recordings.list(harness.app.id, RecordingFilter(), PageRequest(per_page=100))
    return page.items


async def assert_nothing_started(harness: Harness) -> None:
    assert await recordings_of(harness) == ()
    assert all(not room.running for room in harness.gateway.rooms.values())
    assert not (harness.data / "jobs").exists()


async def test_the_image_is_in_the_job_before_the_recording_begins(open_harness: Harness, host: Host) -> None:
    video = config(host, position="right bottom", size={"width": 100})
    recording = await open_harness.start(await open_harness.meeting(), video_config=video)

    assert recording.status is RecordingStatus.RECORDING
    spec = open_harness.fleet.specs[recording.id]
    mark = spec.render.video.watermark
    assert mark is not None
    assert mark.position == "right bottom"
    with Image.open(spec.job_dir / mark.file) as image:
        assert image.size == (100, 50)
        assert image.mode == "RGBA"
        assert np.abs(np.asarray(image, np.int16)[..., :3] - COLOUR).max() <= 1
    assert Watermark.of(spec.render.video, spec.job_dir) is not None
    assert len(host.requests) == 1


async def test_the_image_outlives_the_server(tmp_path: Path, host: Host) -> None:
    clock = ManualClock()
    crashed = Harness(tmp_path, clock, egress={"allow_private": True})
    await crashed.open()
    recording = await crashed.start(await crashed.attended_meeting(), video_config=config(host))
    await crashed.crash()
    async with harness_at(tmp_path, clock, held=True) as harness:

        async def started() -> bool:
            return recording.id in harness.fleet.specs

        await wait_until(started, timeout_s=PATIENCE_S, interval_s=0.002)
        spec = harness.fleet.specs[recording.id]
        assert Watermark.of(spec.render.video, spec.job_dir) is not None


async def test_the_meetings_configuration_may_hold_the_url(open_harness: Harness, host: Host) -> None:
    meeting = await open_harness.meeting(recording_config={"video_config": config(host)})
    recording = await open_harness.start(meeting, video_config={"watermark": {"position": "right top"}})
    mark = open_harness.fleet.specs[recording.id].render.video.watermark
    assert mark is not None
    assert mark.position == "right top"


async def test_without_a_watermark_nothing_is_fetched_or_written(open_harness: Harness, host: Host) -> None:
    recording = await open_harness.start(await open_harness.meeting(), video_config={"watermark": {}})
    assert open_harness.fleet.specs[recording.id].render.video.watermark is None
    assert not (open_harness.data / "jobs").exists()
    assert host.requests == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no PNG"),
        (b"<html>not found</html>", "no PNG"),
        (SVG, "SVG, which is not supported"),
        (b"\xef\xbb\xbf\n<?xml version='1.0'?>" + SVG, "SVG, which is not supported"),
        (encoded()[:-30], "damaged"),
        (encoded("JPEG", mode="RGB")[:300], "damaged"),
        (encoded("BMP"), "no PNG"),
        (encoded("TIFF"), "no PNG"),
        (png_claiming(5_000, 5_000), "pixels"),
        (png_claiming(12_000, 12_000), "pixels"),
        (png_claiming(65_000, 65_000), "pixels"),
        (png_claiming(100, 100), "damaged"),
        (bytes(5_000_001), "larger than 5000000 bytes"),
    ],
    ids=lambda value: value if isinstance(value, str) else str(len(value)),
)
async def test_bad_images_start_nothing(open_harness: Harness, host: Host, body: bytes, reason: str) -> None:
    host.answer("200 OK", body)
    meeting = await open_harness.meeting()
    with pytest.raises(Invalid, match=reason) as raised:
        await open_harness.start(meeting, video_config=config(host))
    assert raised.value.field == FIELD
    assert raised.value.message.startswith(FIELD)
    assert "s3cret" not in raised.value.message
    await assert_nothing_started(open_harness)


async def test_an_image_that_is_not_there_starts_nothing(open_harness: Harness, host: Host) -> None:
    host.answer("404 Not Found")
    with pytest.raises(Invalid, match="could not be fetched: the host answered 404") as raised:
        await open_harness.start(await open_harness.meeting(), video_config=config(host))
    assert raised.value.field == FIELD
    await assert_nothing_started(open_harness)


async def goes_on_without(harness: Harness, host: Host, reason: str) -> None:
    recording = await harness.start(await harness.meeting(), video_config=config(host))
    assert recording.status is RecordingStatus.RECORDING
    assert harness.fleet.specs[recording.id].render.video.watermark is None
    (note,) = (await harness.get(recording)).notes
    assert note.startswith(FIELD)
    assert reason in note
    assert note.endswith("the film has no watermark")
    assert "s3cret" not in note


@pytest.mark.parametrize("status", ["500 Internal Server Error", "503 Service Unavailable"])
async def test_a_host_out_of_order_costs_the_watermark_alone(open_harness: Harness, host: Host, status: str) -> None:
    host.answer(status)
    await goes_on_without(open_harness, host, f"the host answered {status[:3]}")


async def test_a_host_that_hangs_costs_a_limited_time_and_the_watermark(tmp_path: Path, host: Host) -> None:
    gone = asyncio.Event()
    limited = {"watermark_timeout_s": 0.3}

    async def respond(_: bytes, __: asyncio.StreamWriter) -> None:
        await gone.wait()

    host.answer_with(respond)
    async with harness_at(tmp_path, held=True, egress={"allow_private": True}, recording=limited) as harness:
        await goes_on_without(harness, host, "within 0.3 s")
    gone.set()


async def test_a_host_that_nobody_listens_on_costs_the_watermark_alone(tmp_path: Path) -> None:
    async with host_on() as closed:
        pass
    async with harness_at(tmp_path, held=True, egress={"allow_private": True}) as harness:
        await goes_on_without(harness, closed, "cannot be reached")


async def test_private_hosts_are_refused_unless_the_operator_says_otherwise(harness: Harness, host: Host) -> None:
    with pytest.raises(Invalid, match="not on the public internet") as raised:
        await harness.start(await harness.meeting(), video_config=config(host))
    assert raised.value.field == FIELD
    assert host.requests == []
    await assert_nothing_started(harness)


async def test_a_watermark_without_a_url_is_refused(harness: Harness) -> None:
    with pytest.raises(Invalid, match="URL") as raised:
        await harness.start(await harness.meeting(), video_config={"watermark": {"position": "left top"}})
    assert raised.value.field == FIELD


async def test_an_unfit_machine_fetches_nothing(open_harness: Harness, host: Host) -> None:
    open_harness.sfu.reason = "Janus is being restarted"
    with pytest.raises(Unavailable):
        await open_harness.start(await open_harness.meeting(), video_config=config(host))
    assert host.requests == []


async def test_a_meeting_that_records_itself_is_not_lost_for_its_watermark(open_harness: Harness, host: Host) -> None:
    host.answer("503 Service Unavailable")
    meeting = await open_harness.attended_meeting(record_on_start=True, recording_config={"video_config": config(host)})

    async def recording() -> bool:
        found = await recordings_of(open_harness)
        return bool(found) and found[0].status is RecordingStatus.RECORDING

    await wait_until(recording, timeout_s=PATIENCE_S, interval_s=0.002)
    (started,) = await recordings_of(open_harness)
    assert started.meeting_id == meeting.id
    assert started.start_reason is StartReason.RECORD_ON_START
    assert open_harness.fleet.specs[started.id].render.video.watermark is None
    assert started.notes[0].startswith(FIELD)


async def test_a_meeting_that_records_itself_notes_a_bad_image(open_harness: Harness, host: Host) -> None:
    host.answer("200 OK", b"no image")
    await open_harness.attended_meeting(record_on_start=True, recording_config={"video_config": config(host)})

    async def noted() -> bool:
        return any("no PNG" in note for recording in await recordings_of(open_harness) for note in recording.notes)

    await wait_until(noted, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_a_full_disk_at_the_image_leaves_nothing_on(open_harness: Harness, host: Host) -> None:
    (open_harness.data / "jobs").write_text("in the way")
    meeting = await open_harness.attended_meeting()
    with pytest.raises(Unavailable, match="could not start"):
        await open_harness.start(meeting, video_config=config(host))
    (recording,) = await recordings_of(open_harness)
    assert recording.status is RecordingStatus.ERRORED
    assert open_harness.room(meeting).running == set()


async def test_a_delivered_recording_leaves_no_image(tmp_path: Path, host: Host) -> None:
    async with harness_at(tmp_path, egress={"allowed_networks": ["127.0.0.1/32"]}) as harness:
        recording = await harness.start(await harness.attended_meeting(), video_config=config(host))
        await harness.clock.advance(2)
        await harness.act(recording, Action.STOP)
        await harness.until(recording, RecordingStatus.UPLOADED)

        async def gone() -> bool:
            return not (harness.data / "jobs" / recording.id).exists()

        await wait_until(gone, timeout_s=PATIENCE_S, interval_s=0.002)


@pytest.mark.parametrize(
    ("kind", "mode"),
    [("PNG", "RGBA"), ("PNG", "RGB"), ("PNG", "P"), ("JPEG", "RGB"), ("JPEG", "CMYK"), ("WEBP", "RGBA"), ("GIF", "P")],
)
def test_every_format_keeps_its_colour(kind: str, mode: str) -> None:
    with Image.open(io.BytesIO(prepared_png(encoded(kind, mode=mode), WatermarkSize(), *FILM))) as image:
        assert image.format == "PNG"
        assert image.size == (64, 32)
        difference = np.asarray(image, np.int16) - (*COLOUR, 255)
    assert np.abs(difference).max() <= (30 if mode == "P" else 6)


def test_alpha_is_kept_and_does_not_bleed_when_scaled() -> None:
    rgba = np.zeros((100, 200, 4), np.uint8)
    rgba[:, :100] = (*COLOUR, 255)
    file = io.BytesIO()
    Image.fromarray(rgba).save(file, "PNG")
    with Image.open(io.BytesIO(prepared_png(file.getvalue(), WatermarkSize(width=50), *FILM))) as image:
        pixels = np.asarray(image, np.int16)
    seen = pixels[pixels[..., 3] > 20]
    assert np.abs(seen[:, :3] - COLOUR).max() <= 6
    assert pixels[:, 30:, 3].max() == 0


def test_grey_with_16_bits_is_scaled() -> None:
    file = io.BytesIO()
    Image.fromarray(np.full((10, 10), 0x8000, np.uint16)).save(file, "PNG")
    with Image.open(io.BytesIO(prepared_png(file.getvalue(), WatermarkSize(), *FILM))) as image:
        assert image.getpixel((5, 5)) == (128, 128, 128, 255)


def test_only_the_first_frame_of_an_animation_counts() -> None:
    file = io.BytesIO()
    frames = [Image.new("RGB", (20, 20), colour) for colour in (COLOUR, (0, 0, 0))]
    frames[0].save(file, "GIF", save_all=True, append_images=frames[1:])
    with Image.open(io.BytesIO(prepared_png(file.getvalue(), WatermarkSize(), *FILM))) as image:
        assert np.abs(np.asarray(image, np.int16)[..., :3] - COLOUR).max() <= 6


def test_a_turned_photograph_is_upright() -> None:
    file = io.BytesIO()
    exif = Image.Exif()
    exif[0x0112] = 6  # Orientation: turn by 90 degrees
    Image.new("RGB", (64, 32), COLOUR).save(file, "JPEG", exif=exif)
    with Image.open(io.BytesIO(prepared_png(file.getvalue(), WatermarkSize(), *FILM))) as image:
        assert image.size == (32, 64)


@pytest.mark.parametrize(
    ("natural", "wanted", "film", "shown"),
    [
        ((64, 32), {}, FILM, (64, 32)),
        ((3_200, 180), {}, FILM, (320, 18)),
        ((100, 1_800), {}, FILM, (10, 180)),
        ((640, 360), {}, FILM, (320, 180)),
        ((5_000, 1), {}, FILM, (320, 1)),
        ((50, 50), {}, (2, 2), (1, 1)),
        ((200, 100), {"width": 50}, FILM, (50, 25)),
        ((200, 100), {"height": 50}, FILM, (100, 50)),
        ((200, 100), {"width": 800}, FILM, (800, 400)),
        ((200, 100), {"width": 30, "height": 90}, FILM, (30, 90)),
        ((200, 100), {"width": 9_999}, FILM, (1280, 640)),
        ((100, 200), {"width": 9_999}, FILM, (360, 720)),
        ((200, 100), {"width": 2_560, "height": 720}, FILM, (1280, 360)),
        ((200, 100), {"height": 10**400}, FILM, (1280, 640)),
        ((1_000, 1), {"width": 10}, FILM, (10, 1)),
    ],
)
def test_sizes(natural: tuple[int, int], wanted: dict[str, int], film: tuple[int, int], shown: tuple[int, int]) -> None:
    assert shown_size(natural, WatermarkSize(**wanted), film) == shown
