"""An MP3 file: every sample of the recording and no other, and a head that says so."""

import struct
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest

from reelkit.publish.crc16 import Crc16
from reelkit.publish.errors import FilmError
from reelkit.publish.mp3 import Mp3Writer
from reelkit.render.config import AudioSpec, RenderConfig
from reelkit.render.manifest import Segment
from tests.publish.segments import CONFIG, write_film
from tests.render.media import tone

FRAMES = 250
SAMPLES = 400_000
CLICKS = (0, 1_000, 153_599, 153_600, 200_000, 399_000)
FRAME_BYTES = 384


def config_of(channels: Literal[1, 2] = 2, bitrate_bps: int = 128_000) -> RenderConfig:
    audio = AudioSpec(codec="MP3", channels=channels, bitrate_bps=bitrate_bps)
    return CONFIG.model_copy(update={"audio": audio, "files": ("audio",)})


def joined(path: Path, segments: list[tuple[Path, Segment]]) -> Path:
    writer = Mp3Writer(path)
    for file, segment in segments:
        writer.append(file, segment)
    assert not path.exists()
    writer.finish()
    writer.discard()
    return path


def decoded(path: Path) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    with av.open(path) as container:
        return np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("frames", [1, 30, 97, FRAMES])
def test_it_is_as_long_as_the_recording(tmp_path: Path, channels: Literal[1, 2], frames: int) -> None:
    sound = tone(440.0, 9.0)[: frames * 1_600]
    path = joined(tmp_path / "sound.mp3", write_film(tmp_path, frames, sound, config_of(channels)))
    with av.open(path) as container:
        assert (container.duration or 0) / 1e6 == pytest.approx(frames / 30, abs=1e-5)
        assert container.streams.audio[0].channels == channels
    heard = decoded(path)
    assert len(heard) == frames * 1_600
    if frames >= 30:
        assert np.abs(heard[500:-500] - sound[500:-500]).max() < 0.01


def test_clicks_are_where_they_were(tmp_path: Path) -> None:
    sound = np.zeros(SAMPLES, np.float32)
    for at in CLICKS:
        sound[at : at + 4] = 0.8
    heard = decoded(joined(tmp_path / "sound.mp3", write_film(tmp_path, FRAMES, sound, config_of())))
    for at in CLICKS:
        start = max(0, at - 400)
        assert start + int(np.abs(heard[start : at + 400]).argmax()) == pytest.approx(at + 1.5, abs=2)


@pytest.mark.parametrize(("channels", "side_info", "info_bytes"), [(1, 17, 384), (2, 32, 384)])
def test_the_head_tells_everything(tmp_path: Path, channels: Literal[1, 2], side_info: int, info_bytes: int) -> None:
    data = joined(
        tmp_path / "sound.mp3", write_film(tmp_path, FRAMES, tone(440.0, 9.0), config_of(channels))
    ).read_bytes()
    tag = data[4 + side_info :]
    name, fields, frames, total = struct.unpack_from(">4sIII", tag)
    assert (name, fields) == (b"Info", 0xF)
    assert (frames + 1) * FRAME_BYTES == total == len(data)
    toc = tag[16:116]
    assert list(toc) == sorted(toc)
    assert toc[50] == pytest.approx(128, abs=1)
    lame = tag[120:156]
    assert lame.startswith(b"LAME3.100")
    delay_and_padding = int.from_bytes(lame[21:24], "big")
    delay, padding = delay_and_padding >> 12, delay_and_padding & 0xFFF
    assert delay == 576
    assert frames * 1_152 - delay - padding == SAMPLES
    assert struct.unpack_from(">I", lame, 28) == (len(data),)
    assert struct.unpack_from(">H", lame, 32) == (Crc16(data[info_bytes:]).value,)
    assert struct.unpack_from(">H", lame, 34) == (Crc16(data[: 4 + side_info + 120 + 34]).value,)


def test_a_low_bit_rate_leaves_room_for_the_head(tmp_path: Path) -> None:
    path = joined(tmp_path / "sound.mp3", write_film(tmp_path, 60, tone(440.0, 2.0), config_of(1, 32_000)))
    assert len(decoded(path)) == 96_000


def test_seeking_finds_the_place(tmp_path: Path) -> None:
    path = joined(tmp_path / "sound.mp3", write_film(tmp_path, FRAMES, tone(440.0, 9.0), config_of()))
    with av.open(path) as container:
        container.seek(6_000_000)
        assert next(container.decode(audio=0)).time == pytest.approx(6.0, abs=0.1)


def test_segments_must_follow_each_other(tmp_path: Path) -> None:
    (tmp_path / "segments").mkdir()
    segments = write_film(tmp_path / "segments", FRAMES, tone(440.0, 9.0), config_of())
    writer = Mp3Writer(tmp_path / "sound.mp3")
    with pytest.raises(FilmError, match="at least one"):
        writer.finish()
    writer.append(*segments[0])
    for wrong in (segments[0], segments[2], (segments[2][0], segments[1][1])):
        with pytest.raises(FilmError, match="does not follow"):
            writer.append(*wrong)
    writer.discard()
    assert not list(tmp_path.glob("*.mp3*"))


def test_other_sound_is_refused(tmp_path: Path) -> None:
    segments = write_film(tmp_path, 30, tone(440.0, 1.0), CONFIG)
    writer = Mp3Writer(tmp_path / "sound.mp3")
    with pytest.raises(FilmError, match="not MP3"):
        writer.append(*segments[0])
    writer.discard()
