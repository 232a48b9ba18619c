"""The pictures of one segment: a keyframe first, the same bytes for the same frames, whatever the codec."""

import io

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG
from reelkit.render.config import VideoCodec, VideoSpec
from reelkit.render.encoder_video import Packets, VideoEncoder
from reelkit.render.errors import MediaError

SPEC = VideoSpec(width_px=320, height_px=180)
CODECS: tuple[VideoCodec, ...] = ("H264", "VP8", "VP9")


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
    with av.open(io.BytesIO(), "w", format="matroska") as container:
        encoder = VideoEncoder(container, spec, gop)
        packets = [packet for index, frame in enumerate(pictures) for packet in encoder.encode(frame, first + index)]
        packets += encoder.flush()
        return packets, container.streams.video[0].codec_context.extradata or b""


def decoder_of(extradata: bytes, codec: VideoCodec = "H264") -> VideoCodecContext:
    decoder = av.CodecContext.create(codec.lower(), "r")
    assert isinstance(decoder, VideoCodecContext)
    if codec == "H264":
        decoder.extradata = extradata
    return decoder


@pytest.mark.parametrize("codec", CODECS)
def test_a_segment_begins_with_its_only_keyframe(codec: VideoCodec) -> None:
    packets, _ = encoded(frames(96), SPEC.model_copy(update={"codec": codec}), first=192)
    assert [packet.is_keyframe for packet in packets] == [True] + [False] * 95
    assert [packet.pts for packet in packets] == list(range(192, 288))
    assert [packet.dts for packet in packets] == list(range(192, 288))


@pytest.mark.parametrize("codec", CODECS)
def test_every_frame_can_be_decoded(codec: VideoCodec) -> None:
    pictures = frames(96)
    packets, extradata = encoded(pictures, SPEC.model_copy(update={"codec": codec}))
    decoder = decoder_of(extradata, codec)
    shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    assert len(shown) == 96
    for before, after in zip(pictures, shown, strict=True):
        error = before.to_ndarray()[:180].astype(int) - after.to_ndarray()[:180]
        assert np.abs(error).mean() < 4
    assert not decoder.has_b_frames
    if codec == "H264":
        assert shown[0].color_range == RANGE_TAG
        assert (shown[0].colorspace, shown[0].color_primaries, shown[0].color_trc) == (
            MATRIX_TAG,
            PRIMARIES_TAG,
            TRANSFER_TAG,
        )
        assert decoder.profile == "High"


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize(("width", "height"), [(2, 2), (2, 1_920), (1_920, 2), (16, 1_920), (1_080, 1_920)])
def test_any_even_size(codec: VideoCodec, width: int, height: int) -> None:
    picture = av.VideoFrame(width, height, "yuv420p")
    for plane in picture.planes:
        plane.update(bytes([100]) * plane.buffer_size)
    packets, extradata = encoded([picture] * 3, VideoSpec(codec=codec, width_px=width, height_px=height))
    decoder = decoder_of(extradata, codec)
    shown = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
    assert [(frame.width, frame.height) for frame in shown] == [(width, height)] * 3


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("threads", [1, 2])
def test_the_same_frames_give_the_same_bytes(codec: VideoCodec, threads: int) -> None:
    spec = SPEC.model_copy(update={"codec": codec, "threads": threads})
    first, second = (encoded(frames(96), spec) for _ in range(2))
    assert [bytes(packet) for packet in first[0]] == [bytes(packet) for packet in second[0]]
    assert first[1] == second[1]


@pytest.mark.parametrize("codec", CODECS)
def test_one_frame_is_a_segment(codec: VideoCodec) -> None:
    packets, extradata = encoded(frames(1), SPEC.model_copy(update={"codec": codec}))
    assert len(packets) == 1
    decoder = decoder_of(extradata, codec)
    assert len([frame for packet in [*packets, None] for frame in decoder.decode(packet)]) == 1


@pytest.mark.parametrize("codec", CODECS)
def test_an_unchanged_picture_may_be_the_same_object(codec: VideoCodec) -> None:
    still = frames(1)[0]
    packets, _ = encoded([still] * 96, SPEC.model_copy(update={"codec": codec}))
    assert len(packets) == 96
    assert sum(packet.size for packet in packets[1:]) < packets[0].size


@pytest.mark.parametrize("codec", CODECS)
def test_a_cut_inside_a_segment_makes_no_keyframe(codec: VideoCodec) -> None:
    packets, _ = encoded(frames(40) + frames(40, seed=7), SPEC.model_copy(update={"codec": codec}))
    assert sum(packet.is_keyframe for packet in packets) == 1


def test_a_preset_that_does_not_exist_is_a_clear_error() -> None:
    with pytest.raises(MediaError, match="the video encoder failed"):
        encoded(frames(1), SPEC.model_copy(update={"preset": "warp"}))


def test_a_container_that_does_not_take_the_codec_is_a_clear_error() -> None:
    with av.open(io.BytesIO(), "w", format="mp4") as container, pytest.raises(MediaError, match="libvpx"):
        VideoEncoder(container, SPEC.model_copy(update={"codec": "VP8"}), 96)


def test_finer_settings_take_more_bits() -> None:
    pictures = frames(48)
    sizes = [
        sum(packet.size for packet in encoded(pictures, SPEC.model_copy(update={"codec": "VP8", "vpx_crf": crf}))[0])
        for crf in (20, 60)
    ]
    assert sizes[0] > sizes[1]


def test_libvpx_takes_no_speed_that_it_does_not_have() -> None:
    packets, _ = encoded(frames(3), SPEC.model_copy(update={"codec": "VP9", "vpx_cpu_used": 16}))
    assert len(packets) == 3
