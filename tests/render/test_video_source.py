import math
from dataclasses import replace
from pathlib import Path
from typing import Literal

import av
import pytest

from reelkit.capture.catalog import Catalog, TrackKey
from reelkit.capture.events import MediaKind
from reelkit.render import file_pictures
from reelkit.render.file_pictures import HOLD_S
from reelkit.render.video_decoder import VideoDecoder
from reelkit.render.video_source import VideoSource
from testbed.capture import ZERO_S, CaptureSpec, CaptureWriter, Resolution, write_capture
from testbed.clips import VideoCodec
from testbed.timeline import Interval, Timeline, people
from tests.render.captures import (
    CAMERA_MINDEX,
    EXACT,
    EXTMAP,
    LOSSY,
    counter,
    counters,
    film,
    one_camera,
    planes_of,
    source_of,
)


@pytest.mark.parametrize(("shift_s", "ahead"), [(0.0, 0), (0.005, 0), (0.016, 0), (0.0175, 1), (0.03, 1)])
def test_the_nearest_picture_is_shown(steady: Path, shift_s: float, ahead: int) -> None:
    seen = counters(source_of(steady), film(1, 2, shift_s))

    assert seen == [frame + ahead for frame in range(30, 60)]


def test_an_unchanged_picture_is_the_same_object(steady: Path) -> None:
    source = source_of(steady)
    first = source.frame_at(ZERO_S + 1.0, ZERO_S)

    assert source.frame_at(ZERO_S + 1.01, ZERO_S) is first
    assert source.frame_at(ZERO_S + 1.02, ZERO_S) is not first


@pytest.mark.parametrize(("before_s", "shown"), [(0.5, False), (0.41, False), (0.39, True), (0.0, True)])
def test_the_first_picture_is_shown_a_little_early(tmp_path: Path, before_s: float, shown: bool) -> None:
    late = replace(people(1)[0], camera=(Interval(1.0, 3.0),))
    write_capture(CaptureSpec(Timeline(3.0, (late,)), device=EXACT), tmp_path)
    first = source_of(tmp_path).frame_at(ZERO_S + 1.0 - before_s, ZERO_S)

    assert (first is not None) is shown


def test_a_slow_camera_is_not_shown_far_ahead(tmp_path: Path) -> None:
    gap = replace(people(1)[0], camera=(Interval(0.0, 1.0), Interval(2.0, 3.0)))
    write_capture(CaptureSpec(Timeline(3.0, (gap,)), device=EXACT), tmp_path)
    seen = counters(source_of(tmp_path), film(0.9, 2.1))

    assert seen[: 30 + 3 - 3] == [27, 28, 29, *[29] * 27]
    assert seen[-6:] == [60, 60, 60, 60, 61, 62], "a tenth of a second early, not half of the gap"


def test_a_picture_from_before_the_camera_was_off_is_not_shown_again(tmp_path: Path) -> None:
    gap = replace(people(1)[0], camera=(Interval(0.0, 1.0), Interval(3.0, 4.0)))
    write_capture(CaptureSpec(Timeline(4.0, (gap,)), device=EXACT), tmp_path)
    source = source_of(tmp_path)

    assert counters(source, [0.9]) == [27]
    assert counters(source, [2.5, 2.59, 2.65, 3.1], since_s=2.5) == [None, None, 90, 93]


def test_a_camera_that_comes_back_needs_no_keyframe(steady: Path) -> None:
    source = source_of(steady)

    assert counters(source, [1.0]) == [30]
    assert counters(source, [1.6], since_s=1.5) == [48], "the last keyframe was at 0 s"


def test_time_that_jumps_ahead_costs_only_what_follows_the_last_keyframe(steady: Path, decoded: list[bytes]) -> None:
    source = source_of(steady)
    assert counters(source, [0.1]) == [3]
    decoded.clear()
    assert counters(source, [5.0]) == [150]

    assert len(decoded) == 31


def test_after_a_loss_the_last_good_picture_stays_until_the_next_keyframe(lossy: Path, steady: Path) -> None:
    seen = counters(source_of(lossy), film(0, 8))
    frozen = [index for index, number in enumerate(seen) if number != index]

    assert None not in seen
    assert frozen, "the network did lose something"
    for index in frozen:
        following = index + 1
        while following in frozen:
            following += 1
        assert following % 60 == 0 or following == len(seen), "only a keyframe ends it"
        assert seen[index] is not None
        assert (seen[index] or 0) < index
    intact = source_of(steady)
    pictures = source_of(lossy)
    for index, instant_s in enumerate(film(0, 8)):
        clean, seen_now = (each.frame_at(ZERO_S + instant_s, ZERO_S) for each in (intact, pictures))
        if index not in frozen:
            assert clean is not None
            assert seen_now is not None
            assert planes_of(clean) == planes_of(seen_now), "nothing damaged is shown"


def test_data_that_does_not_decode_is_waited_out(steady: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decode = VideoDecoder.decode
    calls = 0

    def failing_once(self: VideoDecoder, data: bytes) -> av.VideoFrame | None:
        nonlocal calls
        calls += 1
        if calls == 40:
            raise av.error.InvalidDataError(1, "damaged")
        return decode(self, data)

    monkeypatch.setattr(VideoDecoder, "decode", failing_once)
    seen = counters(source_of(steady), film(0, 4))

    assert seen == [*range(39), *[38] * 21, *range(60, 120)]


def test_a_picture_that_nothing_follows_is_not_held_forever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_capture(one_camera(HOLD_S + 4), tmp_path)
    decode = VideoDecoder.decode
    calls = 0

    def failing_from_then_on(self: VideoDecoder, data: bytes) -> av.VideoFrame | None:
        nonlocal calls
        calls += 1
        if calls > 30:
            raise av.error.InvalidDataError(1, "damaged")
        return decode(self, data)

    monkeypatch.setattr(VideoDecoder, "decode", failing_from_then_on)
    seen = counters(source_of(tmp_path), [1.5, HOLD_S + 0.5, HOLD_S + 1.5])

    assert seen == [30, 30, None]


def test_truncated_and_garbled_files_do_no_harm(steady: Path, tmp_path: Path) -> None:
    rtp = tmp_path / "rtp"
    rtp.mkdir()
    for path in (steady / "rtp").iterdir():
        content = bytearray(path.read_bytes())
        for position in range(len(content) // 3, len(content) // 2, 997):
            content[position] ^= 0x5A
        (rtp / path.name).write_bytes(content[:-100])
    seen = counters(source_of(tmp_path), film(0, 8))

    assert seen[:60] == list(range(60))
    assert set(seen[-30:]) <= {None, *range(240)}


def test_pictures_of_an_earlier_file_are_gone_with_the_next(tmp_path: Path) -> None:
    spec = one_camera(6.0, recorded=(Interval(0.0, 2.0), Interval(4.0, 6.0)))
    write_capture(spec, tmp_path)
    source = source_of(tmp_path)

    assert counters(source, [1.9, 3.0, 3.85]) == [57, 61, 61]
    # The second file is opened at 3.9 s, its first keyframe comes at 4.0 s.
    assert counters(source, [3.91, 3.97, 4.0, 4.5]) == [120, 120, 120, 135]


def test_a_track_that_is_taken_along_never_goes_back_to_an_earlier_file(tmp_path: Path) -> None:
    spec = one_camera(6.0, recorded=(Interval(0.0, 2.0), Interval(4.0, 6.0)))
    write_capture(spec, tmp_path)
    source = source_of(tmp_path)
    shown = source.frame_at(ZERO_S + 4.5, ZERO_S)
    assert shown is not None
    source.keep_up(ZERO_S + 1.5)

    assert source.held(ZERO_S) is shown


def test_a_camera_may_change_its_size(tmp_path: Path) -> None:
    write_capture(one_camera(4.0, device=replace(EXACT, resolutions=(Resolution(2.0, 160, 90),))), tmp_path)
    source = source_of(tmp_path)
    before, after = (source.frame_at(ZERO_S + instant_s, ZERO_S) for instant_s in (1.9, 2.1))

    assert before is not None
    assert after is not None
    assert (before.width, before.height, after.width, after.height) == (320, 180, 160, 90)


@pytest.mark.parametrize(
    ("rotation", "size"), [(0, (320, 180)), (90, (180, 320)), (180, (320, 180)), (270, (180, 320))]
)
def test_a_camera_held_otherwise_stands_upright(
    tmp_path: Path, rotation: Literal[0, 90, 180, 270], size: tuple[int, int]
) -> None:
    write_capture(one_camera(1.0, device=replace(EXACT, rotation_deg=rotation)), tmp_path)
    frame = source_of(tmp_path).frame_at(ZERO_S + 0.5, ZERO_S)

    assert frame is not None
    assert (frame.width, frame.height) == size


@pytest.mark.parametrize("codec", ["vp9", "h264"])
def test_other_codecs_than_vp8_are_decoded(tmp_path: Path, codec: VideoCodec) -> None:
    write_capture(one_camera(2.0, device=replace(EXACT, video_codec=codec)), tmp_path)
    catalog = Catalog(tmp_path / "rtp")
    catalog.scan()
    source = VideoSource(TrackKey("feed-1", MediaKind.VIDEO, CAMERA_MINDEX), catalog, codec, EXTMAP)
    source.read(math.inf)

    assert counters(source, film(0, 2)) == list(range(60))


def test_a_codec_that_nobody_knows_has_no_pictures(steady: Path) -> None:
    catalog = Catalog(steady / "rtp")
    catalog.scan()
    source = VideoSource(TrackKey("feed-1", MediaKind.VIDEO, CAMERA_MINDEX), catalog, "h266", EXTMAP)

    assert source.frame_at(ZERO_S + 1, ZERO_S) is None
    assert source.checkpoint() is None


def test_a_track_without_files_has_no_pictures(tmp_path: Path) -> None:
    source = source_of(tmp_path)

    assert source.frame_at(ZERO_S, ZERO_S) is None
    assert source.checkpoint() is None
    assert source.ready_until_s(ZERO_S) == math.inf


def test_a_file_that_is_no_packet_file_is_left_out(steady: Path, tmp_path: Path) -> None:
    (tmp_path / "rtp").mkdir()
    for path in (steady / "rtp").glob("*-video-3.mjr"):
        (tmp_path / "rtp" / path.name).write_bytes(b"this is no packet file at all")

    assert source_of(tmp_path).frame_at(ZERO_S + 1, ZERO_S) is None


def test_a_growing_file_gives_what_the_complete_one_gives(tmp_path: Path) -> None:
    spec = one_camera(6.0, device=replace(LOSSY, abs_capture_time=False))
    complete = [
        planes_of(frame) if (frame := source.frame_at(ZERO_S + instant_s, ZERO_S)) is not None else None
        for source in [source_of(write_capture(spec, tmp_path / "complete"))]
        for instant_s in film(0, 6)
    ]
    growing: list[bytes | None] = []
    with CaptureWriter(spec, tmp_path / "growing") as writer:
        catalog = Catalog(tmp_path / "growing" / "rtp")
        source = VideoSource(TrackKey("feed-1", MediaKind.VIDEO, CAMERA_MINDEX), catalog, "vp8", EXTMAP)
        for step in range(110):
            now_s = ZERO_S + step * 0.1
            writer.write_until(now_s)
            catalog.scan()
            source.read(now_s)
            while len(growing) < len(complete):
                wall_s = ZERO_S + film(0, 6)[len(growing)]
                if source.ready_until_s(wall_s) < wall_s:
                    break
                frame = source.frame_at(wall_s, ZERO_S)
                growing.append(None if frame is None else planes_of(frame))

    assert growing == complete


def test_reading_stays_a_little_ahead(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_capture(one_camera(30.0), tmp_path)
    monkeypatch.setattr("reelkit.capture.mjr.BLOCK_BYTES", 1 << 12)
    source = source_of(tmp_path)
    held = []
    for instant_s in film(0, 20):
        source.read(math.inf)
        source.frame_at(ZERO_S + instant_s, ZERO_S)
        held.append(source.ready_until_s(ZERO_S + instant_s))
    reader = source._pictures.cursor._reader if source._pictures else None

    assert reader is not None
    assert reader.stop - reader.start < 30 * (file_pictures.EARLY_S + 6)
    assert held[-1] == math.inf


def test_the_counter_is_read(steady: Path) -> None:
    frame = source_of(steady).frame_at(ZERO_S + 7.5, ZERO_S)

    assert frame is not None
    assert counter(frame) == 225
