"""Whatever codecs are asked for, what was declared is seen and heard in the files."""

from dataclasses import replace
from pathlib import Path
from typing import Literal

import av
import numpy as np
import pytest

from reelkit.render.config import AudioCodec, AudioSpec, FileKind, RenderConfig, VideoCodec
from reelkit.render.encoder_video import VideoEncoder
from reelkit.render.picture import Picture
from testbed.capture import CaptureSpec, Device, write_capture
from testbed.checker import check_film, film, hearing
from testbed.timeline import Timeline, people
from tests.render.films import CONFIG, SMALL, Job, intervals, sound_of, steady, voices
from tests.render.media import level_db
from tests.render.test_restart import AbandonedError, abandon_after

SECONDS = 7.0
VIDEO = SMALL.model_copy(update={"width_px": 640, "height_px": 360, "crf": 26.0})


@pytest.fixture(scope="module")
def meeting() -> Timeline:
    """Two people, one of whom switches the camera and the microphone off and on."""
    ada, bo = people(2)
    return Timeline(
        SECONDS,
        (replace(ada, camera=intervals((0.0, 3.0), (4.0, 7.0)), microphone=intervals((0.0, 3.0), (4.0, 7.0))), bo),
    )


@pytest.fixture(scope="module")
def capture(meeting: Timeline, tmp_path_factory: pytest.TempPathFactory) -> Path:
    spec = CaptureSpec(meeting, device=Device(width_px=320, height_px=180))
    return write_capture(spec, tmp_path_factory.mktemp("capture"))


def config_of(
    video: VideoCodec,
    audio: AudioCodec,
    files: tuple[FileKind, ...] = ("video", "audio"),
    channels: Literal[1, 2] = 2,
) -> RenderConfig:
    return RenderConfig(
        recording_id="recording-1",
        video=VIDEO.model_copy(update={"codec": video}),
        audio=AudioSpec(codec=audio, channels=channels),
        files=files,
    )


@pytest.mark.parametrize(
    ("video", "audio", "channels", "named", "sound_name"),
    [
        ("H264", "AAC", 1, ("h264", "aac"), "sound.m4a"),
        ("H264", "MP3", 2, ("h264", "mp3"), "sound.mp3"),
        ("VP8", "VORBIS", 2, ("vp8", "vorbis"), "sound.ogg"),
        ("VP9", "VORBIS", 1, ("vp9", "vorbis"), "sound.ogg"),
    ],
)
def test_a_film_and_its_sound(
    capture: Path,
    meeting: Timeline,
    tmp_path: Path,
    video: VideoCodec,
    audio: AudioCodec,
    channels: Literal[1, 2],
    named: tuple[str, str],
    sound_name: str,
) -> None:
    job = Job(capture, tmp_path, config_of(video, audio, channels=channels))
    job.render()
    files = job.files()
    assert files["audio"].name == sound_name
    report = check_film(files["video"], meeting, start_s=0.0, duration_s=SECONDS)
    assert report.problems == ()
    assert (report.facts.video_codec, report.facts.audio_codec) == named
    assert report.facts.channels == channels
    in_film, apart = sound_of(files["video"]), sound_of(files["audio"])
    shortest = min(len(in_film), len(apart))
    assert shortest >= SECONDS * 48_000
    assert np.abs(in_film[:shortest] - apart[:shortest]).max() < 1e-4
    with av.open(files["audio"]) as container:
        assert (container.duration or 0) / av.time_base == pytest.approx(SECONDS, abs=1e-3)
        assert [stream.type for stream in container.streams] == ["audio"]
        assert container.streams.audio[0].channels == channels


@pytest.mark.parametrize("audio", ["AAC", "MP3", "VORBIS"])
def test_sound_alone_makes_no_picture(
    capture: Path, meeting: Timeline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, audio: AudioCodec
) -> None:
    for maker in (Picture, VideoEncoder):
        monkeypatch.setattr(maker, "__init__", abandon_after(0, maker.__init__))
    job = Job(capture, tmp_path, config_of("H264", audio, ("audio",)))
    report = job.render()
    assert report.duration_s == SECONDS
    assert "encode_video" not in report.cpu_s
    files = job.files()
    assert list(files) == ["audio"]
    heard = film.sound(files["audio"])
    with av.open(files["audio"]) as container:
        # FFmpeg counts from the priming on in MP3 files.
        start_s = (container.start_time or 0) / av.time_base
    assert heard.duration_s - start_s == pytest.approx(SECONDS, abs=0.03)
    _, bo = meeting.participants
    found = [beep.time_s - start_s for beep in hearing.beeps(heard, bo.tone_hz)]
    assert found == pytest.approx(meeting.beeps(bo), abs=0.02)


def test_a_voice_in_the_middle_is_as_loud_in_mono(tmp_path: Path) -> None:
    (person,) = voices(1)
    capture = write_capture(CaptureSpec(Timeline(3.0, (steady(person),))), tmp_path / "capture")
    levels = []
    for channels in (1, 2):
        config = CONFIG.model_copy(update={"audio": AudioSpec(channels=channels), "files": ("audio",)})
        job = Job(capture, tmp_path / f"{channels}", config)
        job.render()
        levels.append(level_db(sound_of(job.files()["audio"])[48_000:96_000]))
    assert levels[0] == pytest.approx(levels[1], abs=0.1)


@pytest.mark.parametrize(
    ("video", "audio", "files"),
    [
        ("H264", "MP3", ("video", "audio")),
        ("VP8", "VORBIS", ("video", "audio")),
        ("VP9", "VORBIS", ("video",)),
        ("H264", "AAC", ("audio",)),
        ("H264", "VORBIS", ("audio",)),
    ],
)
def test_a_renderer_that_dies_costs_nothing(
    capture: Path, tmp_path: Path, video: VideoCodec, audio: AudioCodec, files: tuple[FileKind, ...]
) -> None:
    config = config_of(video, audio, files)
    config = config.model_copy(update={"video": SMALL.model_copy(update={"codec": video})})
    whole = Job(capture, tmp_path / "whole", config)
    whole.render()
    job = Job(capture, tmp_path / "job", config)
    for index in (0, 1):
        # Each renderer gets a segment further.
        def give_up(segment: object, index: int = index) -> None:
            if getattr(segment, "index") == index:  # noqa: B009
                raise AbandonedError

        with pytest.raises(AbandonedError):
            job.render(give_up)
    job.render()
    assert job.digests() == whole.digests()
    expected = {kind: path.read_bytes() for kind, path in whole.files().items()}
    assert {kind: path.read_bytes() for kind, path in job.files().items()} == expected
