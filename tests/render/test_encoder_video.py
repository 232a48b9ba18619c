"""H.264 of one segment: a keyframe first, the same bytes for the same frames."""

import io

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG
from reelkit.render.config import VideoSpec
from reelkit.render.encoder_video import Packets, VideoEncoder
from reelkit.render.errors import MediaError

SPEC = VideoSpec(width_px=320, height_px=180)


def frames(count: int, seed: int = 0) -> list[av.VideoFrame]:
    """A bright square moving over noise."""
    random = np.random.default_rng(seed)
    ground = random.integers(60, 90, (270, 320), dtype=np.uint8)
    made = []
    for index in range(count):
        picture = ground.copy()
        picture[60:120, index : index + 60] = 200
        made.append(av.VideoFrame.from_ndarray(picture, "yuv420p"))
    return made


def encoded(
    pictures: list[av.VideoFrame], spec: VideoSpec = SPEC, first: int = 0, gop: int = 96
) -> tuple[Packets, bytes]:
    with av.open(io.BytesIO(), "w", format="mp4") as container:
        encoder = VideoEncoder(container, spec, gop)
        packets = [packet for index, frame in enumerate(pictures) for packet in encoder.encode(frame, first + index)]
        packets += encoder.flush()
        return packets, container.streams.video[0].codec_context.extradata or b""


def decoder_of(extradata: bytes) -> VideoCodecContext:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, VideoCodecContext)
    decoder.extradata = extradata
    return decoder


def test_a_segment_begins_with_its_only_keyframe() -> None:
    packets, _ = encoded(frames(96), first=192)
    assert [packet.is_keyframe for packet in packets] == [True] + [False] * 95
    assert [packet.pts for packet in packets] == list(range(192, 288))
    assert [packet.dts for packet in packets] == list(range(192, 288))


def test_every_frame_can_be_decoded() -> None:
    pictures = frames(96)
    packets, extradata = encoded(pictures)
    decoder = decoder_of(extradata)
    shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    assert len(shown) == 96
    for before, after in zip(pictures, shown, strict=True):
        error = before.to_ndarray()[:180].astype(int) - after.to_ndarray()[:180]
        assert np.abs(error).mean() < 4
    assert shown[0].color_range == RANGE_TAG
    assert (shown[0].colorspace, shown[0].color_primaries, shown[0].color_trc) == (
        MATRIX_TAG,
        PRIMARIES_TAG,
        TRANSFER_TAG,
    )
    assert decoder.profile == "High"
    assert not decoder.has_b_frames


@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_frames_give_the_same_bytes(threads: int) -> None:
    spec = SPEC.model_copy(update={"threads": threads})
    first, second = (encoded(frames(96), spec) for _ in range(2))
    assert [bytes(packet) for packet in first[0]] == [bytes(packet) for packet in second[0]]
    assert first[1] == second[1]


def test_one_frame_is_a_segment() -> None:
    packets, extradata = encoded(frames(1))
    assert len(packets) == 1
    decoder = decoder_of(extradata)
    assert len([frame for packet in [*packets, None] for frame in decoder.decode(packet)]) == 1


def test_an_unchanged_picture_may_be_the_same_object() -> None:
    still = frames(1)[0]
    packets, _ = encoded([still] * 96)
    assert len(packets) == 96
    assert sum(packet.size for packet in packets[1:]) < packets[0].size


def test_a_cut_inside_a_segment_makes_no_keyframe() -> None:
    packets, _ = encoded(frames(40) + frames(40, seed=7))
    assert sum(packet.is_keyframe for packet in packets) == 1


def test_a_preset_that_does_not_exist_is_a_clear_error() -> None:
    with pytest.raises(MediaError, match="the video encoder failed"):
        encoded(frames(1), SPEC.model_copy(update={"preset": "warp"}))
