"""Which files there are, and which codecs go together."""

import pytest
from pydantic import ValidationError

from reelkit.render.config import AudioCodec, AudioSpec, FileKind, RenderConfig, VideoCodec, VideoSpec
from reelkit.render.formats import container, content_type, extension, file_name


def config_of(video: VideoCodec, audio: AudioCodec, *files: FileKind) -> RenderConfig:
    return RenderConfig(video=VideoSpec(codec=video), audio=AudioSpec(codec=audio), files=files or ("video",))


@pytest.mark.parametrize(
    ("video", "audio", "film", "sound"),
    [
        ("H264", "AAC", "film.mp4", "sound.m4a"),
        ("H264", "MP3", "film.mp4", "sound.mp3"),
        ("VP8", "VORBIS", "film.webm", "sound.ogg"),
        ("VP9", "VORBIS", "film.webm", "sound.ogg"),
    ],
)
def test_files_are_named_for_what_they_hold(video: VideoCodec, audio: AudioCodec, film: str, sound: str) -> None:
    config = config_of(video, audio)
    assert (file_name(config, "video"), file_name(config, "audio")) == (film, sound)
    assert f"film{extension(config, 'video')}" == film
    assert content_type(container(config, "video")).startswith("video/")
    assert content_type(container(config, "audio")).startswith("audio/")


@pytest.mark.parametrize(("video", "audio"), [("H264", "VORBIS"), ("VP8", "AAC"), ("VP9", "MP3")])
@pytest.mark.parametrize("files", [("video",), ("video", "audio")])
def test_codecs_that_share_no_container_are_refused(
    video: VideoCodec, audio: AudioCodec, files: tuple[FileKind, ...]
) -> None:
    with pytest.raises(ValidationError, match="go with VORBIS in a WebM file"):
        config_of(video, audio, *files)


@pytest.mark.parametrize("audio", ["AAC", "MP3", "VORBIS"])
def test_sound_alone_may_have_any_codec(audio: AudioCodec) -> None:
    config = config_of("H264", audio, "audio")
    assert not config.has_video
    assert config.has_audio_file


@pytest.mark.parametrize("files", [[], ["video", "video"], ["picture"]])
def test_files_that_are_none(files: list[str]) -> None:
    with pytest.raises(ValidationError):
        RenderConfig.model_validate({"files": files})


@pytest.mark.parametrize(("width_px", "height_px"), [(1, 2), (2, 1_921), (1_922, 2), (3, 2), (0, 2)])
def test_sizes_that_no_codec_takes(width_px: int, height_px: int) -> None:
    with pytest.raises(ValidationError):
        VideoSpec(width_px=width_px, height_px=height_px)
