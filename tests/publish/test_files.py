"""The files of a recording, made side by side from the same segments."""

from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.publish.errors import FilmError
from reelkit.publish.files import FilesWriter
from reelkit.render.config import AudioCodec, AudioSpec, FileKind, RenderConfig, VideoCodec
from tests.publish.segments import CONFIG, write_film
from tests.render.media import speech

FRAMES = 130


def config_of(video: VideoCodec, audio: AudioCodec, files: tuple[FileKind, ...]) -> RenderConfig:
    return RenderConfig(
        video=CONFIG.video.model_copy(update={"codec": video}), audio=AudioSpec(codec=audio), files=files
    )


@pytest.mark.parametrize(("video", "audio"), [("H264", "AAC"), ("H264", "MP3"), ("VP8", "VORBIS"), ("VP9", "VORBIS")])
@pytest.mark.parametrize("files", [("video",), ("audio",), ("video", "audio")])
def test_what_is_asked_for_is_made_and_nothing_else(
    tmp_path: Path, video: VideoCodec, audio: AudioCodec, files: tuple[FileKind, ...]
) -> None:
    config = config_of(video, audio, files)
    segments = tmp_path / "segments"
    segments.mkdir()
    with FilesWriter(tmp_path, config) as writer:
        for file, segment in write_film(segments, FRAMES, speech(4.4), config):
            writer.append(file, segment)
        assert (writer.segments, writer.frames) == (2, FRAMES)
        assert writer.duration_s == pytest.approx(FRAMES / 30)
        made = writer.finish()
    assert [file.kind for file in made] == list(files)
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == sorted(file.path.name for file in made)
    for each in made:
        assert each.path.suffix == f".{each.container}"
        assert each.size_bytes == each.path.stat().st_size
        assert each.duration_s == pytest.approx(FRAMES / 30)
        assert each.content_type.split("/")[0] == each.kind
        with av.open(each.path) as container:
            assert (container.duration or 0) / 1e6 == pytest.approx(FRAMES / 30, abs=1e-4)
            kinds = [stream.type for stream in container.streams]
        assert kinds == (["video", "audio"] if each.kind == "video" else ["audio"])


def test_sound_apart_is_the_films(tmp_path: Path) -> None:
    """Not encoded twice: the packets are the same."""
    config = config_of("H264", "AAC", ("video", "audio"))
    with FilesWriter(tmp_path, config) as writer:
        for file, segment in write_film(tmp_path, FRAMES, speech(4.4), config):
            writer.append(file, segment)
        film, sound = writer.finish()
    packets = []
    for path in (film.path, sound.path):
        with av.open(path) as container:
            packets.append([bytes(packet) for packet in container.demux(audio=0) if packet.size])
    assert packets[0] == packets[1]
    with av.open(sound.path) as container:
        assert container.streams.audio[0].duration == FRAMES * 1_600
        heard = np.concatenate([frame.to_ndarray()[0] for frame in container.decode(audio=0)])
    assert len(heard) >= FRAMES * 1_600


@pytest.mark.parametrize(("video", "audio"), [("H264", "MP3"), ("VP8", "VORBIS")])
def test_what_is_not_finished_is_removed(tmp_path: Path, video: VideoCodec, audio: AudioCodec) -> None:
    config = config_of(video, audio, ("video", "audio"))
    (tmp_path / "segments").mkdir()
    (tmp_path / "job").mkdir()
    segments = write_film(tmp_path / "segments", FRAMES, speech(4.4), config)
    with FilesWriter(tmp_path / "job", config) as writer:
        assert writer.duration_s == 0
        writer.append(*segments[0])
    assert list((tmp_path / "job").iterdir()) == []
    with FilesWriter(tmp_path / "job", config) as writer, pytest.raises(FilmError, match="at least one"):
        writer.finish()
    with FilesWriter(tmp_path / "job", config) as writer, pytest.raises(FilmError, match="does not follow"):
        writer.append(*segments[1])
