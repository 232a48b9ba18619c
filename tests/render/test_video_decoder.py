import struct
from fractions import Fraction
from typing import Literal

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from reelkit.render.errors import MediaError
from reelkit.render.planes import Planes
from reelkit.render.video_decoder import VideoDecoder, upright
from tests.render.captures import planes_of
from tests.render.scenes import flat, frame


def encoded(codec: Literal["libvpx", "libx264"]) -> list[bytes]:
    """Ten frames of rising brightness."""
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt, encoder.time_base = 64, 48, "yuv420p", Fraction(1, 30)
    encoder.options = (
        {"deadline": "realtime", "lag-in-frames": "0"}
        if codec == "libvpx"
        else {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    )
    packets: list[bytes] = []
    for number in range(10):
        picture = flat((20 * number, 20 * number, 20 * number), 64, 48)
        picture.pts, picture.time_base = number, encoder.time_base
        packets.extend(bytes(packet) for packet in encoder.encode(picture))
    return packets


@pytest.mark.parametrize(("encoder", "codec"), [("libvpx", "vp8"), ("libx264", "h264")])
def test_each_unit_gives_its_frame_at_once(encoder: Literal["libvpx", "libx264"], codec: str) -> None:
    decoder = VideoDecoder(codec)
    frames = [decoder.decode(data) for data in encoded(encoder)]
    brightness = [float(Planes.of(each).y.mean()) for each in frames if each is not None]

    assert len(brightness) == 10
    assert brightness == pytest.approx([16 + number * 20 * 219 / 255 for number in range(10)], abs=3)


def test_nothing_and_rubbish() -> None:
    decoder = VideoDecoder("vp8")
    units = encoded("libvpx")
    assert decoder.decode(b"") is None
    with pytest.raises(av.FFmpegError):
        decoder.decode(b"\x00\x01")

    assert decoder.decode(units[0]) is not None, "an empty unit does not end the stream"


def test_a_picture_of_absurd_size_is_damage() -> None:
    """The size of a VP8 keyframe is in its bytes 6 to 9 (RFC 6386, 9.1)."""
    data = encoded("libvpx")[0]
    huge = data[:6] + struct.pack("<HH", 16_128, 16_128) + data[10:]
    with pytest.raises(av.FFmpegError):
        VideoDecoder("vp8").decode(huge)


@pytest.mark.parametrize("codec", ["opus", "vp99", ""])
def test_other_codecs_are_refused(codec: str) -> None:
    with pytest.raises(MediaError):
        VideoDecoder(codec)


@pytest.mark.parametrize(("turn", "corner"), [(0, (0, 0)), (90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_turning_is_clockwise(turn: int, corner: tuple[int, int]) -> None:
    rgb = np.zeros((48, 64, 3), np.uint8)
    rgb[:24, :32] = 255
    turned = upright(frame(rgb), turn)

    assert (turned.width, turned.height) == ((64, 48) if turn in (0, 180) else (48, 64))
    assert Planes.of(turned).y[corner] == 235
    assert (Planes.of(turned).y > 128).sum() == 24 * 32


def test_turning_on_the_spot_costs_nothing_and_four_quarters_are_a_whole() -> None:
    picture = frame(np.random.default_rng(1).integers(0, 255, (48, 64, 3), np.uint8))
    turned = picture
    for _ in range(4):
        turned = upright(turned, 90)

    assert upright(picture, 0) is picture
    assert planes_of(turned) == planes_of(picture)


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 1), (1, 64), (64, 1)])
def test_a_picture_too_small_to_be_turned_is_left_as_it_is(width_px: int, height_px: int) -> None:
    picture = flat((200, 60, 60), width_px, height_px)
    assert upright(picture, 90) is picture


def test_pictures_of_odd_size_and_other_formats_are_turned() -> None:
    odd = upright(flat((200, 60, 60), 65, 49), 90)
    other = upright(flat((200, 60, 60), 64, 48).reformat(format="yuv444p"), 90)

    assert (odd.width, odd.height) == (48, 64)
    assert (other.width, other.height, other.format.name) == (48, 64, "yuv420p")
