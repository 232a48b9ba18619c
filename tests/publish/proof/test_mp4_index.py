"""The index of an MP4 file, as FFmpeg reads it too."""

from pathlib import Path

import av
import pytest

from reelkit.publish.errors import FilmError
from reelkit.publish.proof.mp4_index import read_index
from tests.publish.proof.media_files import write_film


def test_the_index_says_what_ffmpeg_reads(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4")
    index = read_index(path)
    assert index.video is not None
    assert index.audio is not None
    with av.open(path, options={"advanced_editlist": "0"}) as container:
        for stream, track in ((container.streams.video[0], index.video), (container.streams.audio[0], index.audio)):
            entries = list(stream.index_entries)
            assert track.packets == len(entries)
            assert track.media_bytes == sum(entry.size for entry in entries)
            assert track.keyframes == sum(entry.is_keyframe for entry in entries)
    assert index.duration_s == 4.0
    assert index.video.fps == 30.0
    assert (index.video.missing, index.video.duplicate, index.video.beyond) == (0, 0, 0)
    assert index.audio.start_s == pytest.approx(-1_024 / 48_000, abs=1e-4)


def test_gaps_and_cuts_are_seen(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4", left_out=(10, 40, 41))
    found = read_index(path).video
    assert found is not None
    assert found.missing == 3
    assert found.first_fault_s == pytest.approx(9 / 30, abs=1e-3)
    content = path.read_bytes()
    at = content.index(b"moov") - 4
    (tmp_path / "front.mp4").write_bytes(content[at:] + b"\0\0\0\x08free")
    moved = read_index(tmp_path / "front.mp4").video
    assert moved is not None
    assert moved.beyond > 0


def test_what_has_no_index_is_refused(tmp_path: Path) -> None:
    path = write_film(tmp_path / "film.mp4")
    content = path.read_bytes()
    for broken in (b"", b"no film at all", content[: len(content) // 2], content.replace(b"mvhd", b"mvhx")):
        path.write_bytes(broken)
        with pytest.raises(FilmError):
            read_index(path)
    damaged = bytearray(content)
    at = content.index(b"stsz")
    damaged[at + 12 : at + 16] = b"\xff\xff\xff\xff"
    path.write_bytes(bytes(damaged))
    with pytest.raises(FilmError):
        read_index(path)


@pytest.mark.parametrize(
    ("kind", "at", "planted"),
    [
        (b"stts", 0, b"sttx"),
        (b"stco", 0, b"stcx"),
        (b"stsc", 0, b"stsx"),
        (b"stsz", 8, b"\x00\x00\x00\x01\xff\xff\xff\xff"),
        (b"mvhd", 16, bytes(4)),
    ],
    ids=["no times", "no chunks", "no runs", "four thousand million packets", "no timescale"],
)
def test_a_damaged_index_is_refused_and_takes_no_memory(tmp_path: Path, kind: bytes, at: int, planted: bytes) -> None:
    path = write_film(tmp_path / "film.mp4")
    content = bytearray(path.read_bytes())
    first = content.index(kind) + at
    content[first : first + len(planted)] = planted
    path.write_bytes(content)
    with pytest.raises(FilmError):
        read_index(path)
