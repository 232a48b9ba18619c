"""WebM files, read back with FFmpeg."""

from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.publish import webm as webm_module
from reelkit.publish.errors import FilmError
from reelkit.publish.vorbis import VorbisEncoder
from reelkit.publish.webm import AUDIO_TRACK, VIDEO_TRACK, AudioTrack, Block, VideoTrack, WebmFile, laced
from reelkit.render.config import VideoSpec
from tests.render.test_encoder_video import encoded, frames

VIDEO = VideoTrack("V_VP8", 320, 180, 30)


@pytest.fixture(scope="module")
def audio() -> tuple[AudioTrack, list[Block]]:
    """A second of sound."""
    encoder = VorbisEncoder(2, 128_000)
    wave = np.random.default_rng(0).integers(-2_000, 2_000, (48_000, 2)).astype(np.int16)
    pages = encoder.encode(wave) + encoder.finish()
    assert encoder.headers is not None
    blocks = []
    for packet in (packet for page in pages for packet in page.packets):
        behind = max(0, packet.start + packet.samples - 48_000)
        blocks.append(Block(AUDIO_TRACK, round(packet.start / 48), packet.data, discard_s=behind / 48_000))
    return AudioTrack(2, 48_000, encoder.headers), blocks


@pytest.fixture(scope="module")
def pictures() -> list[bytes]:
    """Half a second, of which the first is a keyframe."""
    packets, _ = encoded(frames(15), VideoSpec(codec="VP8", width_px=320, height_px=180))
    return [bytes(packet) for packet in packets]


def written(path: Path, audio: tuple[AudioTrack, list[Block]], pictures: list[bytes], clusters: int = 2) -> Path:
    """Clusters of half a second, the first two with sound."""
    file = WebmFile(path, VIDEO, audio[0])
    for number in range(clusters):
        start, stop = number * 500, number * 500 + 500
        blocks = [Block(VIDEO_TRACK, start + round(at * 1_000 / 30), data, at == 0) for at, data in enumerate(pictures)]
        last = stop if number != 1 else 10_000
        blocks += [block for block in audio[1] if start <= block.tick < last]
        file.append(sorted(blocks, key=lambda block: (block.tick, block.track)))
    assert not path.exists()
    file.finish(clusters * 0.5)
    file.discard()
    return path


def test_it_is_what_ffmpeg_takes_for_webm(
    tmp_path: Path, audio: tuple[AudioTrack, list[Block]], pictures: list[bytes]
) -> None:
    with av.open(written(tmp_path / "film.webm", audio, pictures)) as container:
        video, sound = container.streams.video[0], container.streams.audio[0]
        assert container.duration == 1_000_000
        assert (video.codec_context.name, video.width, video.height) == ("vp8", 320, 180)
        assert float(video.average_rate or 0) == 30.0
        assert (video.codec_context.colorspace, video.codec_context.color_range) == (6, 1)
        assert (video.codec_context.color_primaries, video.codec_context.color_trc) == (1, 1)
        assert (sound.codec_context.name, sound.rate, sound.channels) == ("vorbis", 48_000, 2)
        times = [frame.pts for frame in container.decode(video=0)]
    assert times == [start + round(at * 1_000 / 30) for start in (0, 500) for at in range(15)]


def test_the_sound_ends_where_it_should(
    tmp_path: Path, audio: tuple[AudioTrack, list[Block]], pictures: list[bytes]
) -> None:
    with av.open(written(tmp_path / "film.webm", audio, pictures)) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) == 48_000


@pytest.mark.parametrize("room", [9 + 70, 1_000])
def test_seeking_finds_every_cluster(
    tmp_path: Path,
    audio: tuple[AudioTrack, list[Block]],
    pictures: list[bytes],
    monkeypatch: pytest.MonkeyPatch,
    room: int,
) -> None:
    """Whether the cues have room in front or must follow at the end."""
    monkeypatch.setattr(webm_module, "_CUES_ROOM_BYTES", room)
    path = written(tmp_path / "film.webm", audio, pictures, clusters=8)
    data = path.read_bytes()
    assert (data.index(b"\x1c\x53\xbb\x6b", 200) < data.index(b"\x1f\x43\xb6\x75")) == (room == 1_000)
    for number in range(8):
        with av.open(path) as container:
            container.seek(number * 500_000 + 250_000)
            packet = next(packet for packet in container.demux(video=0))
            assert (packet.pts, packet.is_keyframe) == (number * 500, True)


def test_a_cluster_that_is_too_long_is_refused(
    tmp_path: Path, audio: tuple[AudioTrack, list[Block]], pictures: list[bytes]
) -> None:
    file = WebmFile(tmp_path / "film.webm", VIDEO, audio[0])
    file.append([])
    with pytest.raises(FilmError, match="half a minute"):
        file.append([Block(VIDEO_TRACK, 0, pictures[0]), Block(VIDEO_TRACK, 40_000, pictures[1])])
    file.discard()
    assert list(tmp_path.iterdir()) == []


def test_headers_are_laced() -> None:
    assert laced((b"a" * 30, b"b" * 300, b"c")) == b"\x02\x1e\xff\x2d" + b"a" * 30 + b"b" * 300 + b"c"
