"""FLV's tags against the layouts of its specification, and what is streamed in pauses."""

import io

import av
import numpy as np
import pytest

from reelkit.publish.rtmp.filler import Filler
from reelkit.publish.rtmp.flv import avc_header, avc_picture, metadata, nal_units, sound_header, sound_packet
from reelkit.render.config import AudioCodec, AudioSpec, VideoSpec

SPS = bytes.fromhex("6764001facb402802dd80b501010")
PPS = bytes.fromhex("68ef1f2c")
START = bytes.fromhex("00000001")
SMALL = VideoSpec(width_px=320, height_px=180, fps=30, preset="ultrafast")


def test_units_between_start_codes_of_three_and_four_bytes() -> None:
    data = START + b"\x67abc" + b"\x00\x00\x01" + b"\x68d\x00\x00\x03e" + START + b"\x65f"
    assert list(nal_units(data)) == [b"\x67abc", b"\x68d\x00\x00\x03e", b"\x65f"]
    assert list(nal_units(b"")) == []


def test_the_sequence_header_of_h264() -> None:
    header = avc_header(START + SPS + START + PPS)
    record = "01 64001f ff e1 000e" + SPS.hex() + "01 0004" + PPS.hex() + "fdf8f800"
    assert header == bytes.fromhex("17 00 000000" + record)
    with pytest.raises(ValueError, match="parameter sets"):
        avc_header(START + SPS)


def test_pictures_with_lengths_instead_of_start_codes() -> None:
    data = START + b"\x09\xf0" + b"\x00\x00\x01\x06sei" + b"\x00\x00\x01\x65picture"
    units = bytes.fromhex("00000004 06") + b"sei" + bytes.fromhex("00000008 65") + b"picture"
    assert avc_picture(data, keyframe=True) == bytes.fromhex("17 01 000000") + units
    assert avc_picture(data, keyframe=False)[:2] == bytes.fromhex("27 01")


def test_sound() -> None:
    aac, mp3 = AudioSpec(), AudioSpec(codec="MP3")
    assert sound_header(aac, b"\x11\x90") == bytes.fromhex("af 00 1190")
    assert sound_packet(aac, b"frame") == bytes.fromhex("af 01") + b"frame"
    assert sound_header(mp3, b"") == b""
    assert sound_packet(mp3, b"frame") == bytes.fromhex("2f") + b"frame"
    assert sound_packet(AudioSpec(codec="MP3", channels=1), b"frame") == bytes.fromhex("2e") + b"frame"


def test_metadata_tell_what_the_stream_is() -> None:
    told = metadata(SMALL, AudioSpec(codec="MP3", channels=1))
    assert (told["width"], told["height"], told["framerate"], told["videocodecid"]) == (320, 180, 30, 7)
    assert (told["audiocodecid"], told["stereo"]) == (2, False)


@pytest.mark.parametrize("codec", ["AAC", "MP3"])
@pytest.mark.parametrize("fps", [1, 30])
def test_the_filler_is_black_and_silent(codec: AudioCodec, fps: int) -> None:
    video, audio = SMALL.model_copy(update={"fps": fps}), AudioSpec(codec=codec)
    filler = Filler(video, audio)
    pictures = [filler.black(index) for index in range(2 * max(fps, 2))]
    assert [keyframe for _, keyframe in pictures] == ([True] + [False] * (max(fps, 2) - 1)) * 2
    with av.open(io.BytesIO(flv_file(filler, pictures)), "r", format="flv") as container:
        frames = list(container.decode(video=0))
    assert len(frames) == len(pictures)
    assert {int(frame.to_ndarray(format="gray").max()) for frame in frames} == {0}
    with av.open(io.BytesIO(flv_file(filler, pictures)), "r", format="flv") as container:
        sound = [frame.to_ndarray() for frame in container.decode(audio=0)]
    assert len(sound) >= len(pictures) - 1
    assert max(float(np.abs(block).max()) for block in sound) < 1e-4


def flv_file(filler: Filler, pictures: list[tuple[bytes, bool]]) -> bytes:
    """A file of pictures and as many packets of silence."""
    tags = [(9, 0, filler.video_header)]
    if filler.audio_header:
        tags.append((8, 0, filler.audio_header))
    for index, (body, _) in enumerate(pictures):
        tags += [(9, index * 33, body), (8, index * 21, filler.silence)]
    data = b"FLV\x01\x05" + (9).to_bytes(4, "big") + bytes(4)
    for kind, stamp, body in tags:
        data += bytes((kind,)) + len(body).to_bytes(3, "big") + stamp.to_bytes(3, "big") + bytes(4) + body
        data += (11 + len(body)).to_bytes(4, "big")
    return data
