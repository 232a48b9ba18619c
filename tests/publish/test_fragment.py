"""Reading segments without FFmpeg gives what FFmpeg gives."""

import struct
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.publish.boxes import box, full_box
from reelkit.publish.errors import FilmError
from reelkit.publish.fragment import Track, read_fragment
from tests.publish.segments import write_film
from tests.render.media import speech


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    return [path for path, _ in write_film(tmp_path_factory.mktemp("segments"), 250, speech(9.0))]


def samples_of(data: bytes, track: Track) -> list[bytes]:
    found = []
    sizes = iter(track.sizes)
    for offset, count in track.runs:
        at = offset
        for _ in range(count):
            size = next(sizes)
            found.append(data[at : at + size])
            at += size
    return found


@pytest.mark.parametrize("index", [0, 1, 2])
def test_it_reads_what_ffmpeg_reads(files: list[Path], index: int) -> None:
    fragment = read_fragment(files[index])
    assert fragment.video is not None
    for track, kind in ((fragment.video, "video"), (fragment.audio, "audio")):
        with av.open(files[index]) as container:
            packets = [packet for packet in container.demux(**{kind: 0}) if packet.size]
            assert samples_of(fragment.data, track) == [bytes(packet) for packet in packets]
            assert track.sync == [packet.is_keyframe for packet in packets]
            assert track.start == packets[0].dts
            assert track.duration == sum(packet.duration or 0 for packet in packets)
            assert track.timescale_hz == packets[0].time_base.denominator
    assert fragment.video.description[4:8] == b"avc1"
    assert struct.unpack_from(">HH", fragment.video.description, 32) == (160, 90)
    assert fragment.audio.description[4:8] == b"mp4a"


@pytest.mark.parametrize("share", [0.0, 0.02, 0.1, 0.5, 0.99])
def test_a_torn_file_is_an_error(files: list[Path], tmp_path: Path, share: float) -> None:
    content = files[1].read_bytes()
    torn = tmp_path / "torn.mp4"
    torn.write_bytes(content[: round(len(content) * share)])
    with pytest.raises(FilmError):
        read_fragment(torn)


def test_rubbish_is_an_error(files: list[Path], tmp_path: Path) -> None:
    rubbish = tmp_path / "rubbish.mp4"
    draw = np.random.default_rng(0)
    content = bytearray(files[1].read_bytes())
    for _ in range(200):
        spoiled = bytearray(content)
        # Sizes and flags of the boxes lie in the first kilobytes.
        for at in draw.integers(0, 3_000, 4):
            spoiled[at] = int(draw.integers(256))
        rubbish.write_bytes(spoiled)
        try:
            read_fragment(rubbish)
        except FilmError:
            continue


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "one audio track"),
        (b"\x00\x00\x00\x04moov", "does not fit"),
        (b"\x00\x00", "inside a box header"),
        (box(b"ftyp", b"isom"), "one audio track"),
        (box(b"moov", box(b"trak")), "missing"),
        (box(b"moof", box(b"traf", full_box(b"tfhd", 0, 0, struct.pack(">I", 1)))), "addressed from its fragment"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "segment.mp4"
    path.write_bytes(content)
    with pytest.raises(FilmError, match=message):
        read_fragment(path)
