"""Where segments lie, and what their files hold."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.render.config import AudioCodec, AudioSpec, RenderConfig, VideoCodec, VideoSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, PREROLL_FRAMES
from reelkit.render.segment import SegmentPlan, SegmentWriter, film_samples, frames_per_segment, segment_suffix
from tests.render.media import speech, stereo

CONFIG = RenderConfig(video=VideoSpec(width_px=160, height_px=90, preset="ultrafast"))


def test_a_segment_at_30_fps() -> None:
    plans = [SegmentPlan(index, 30) for index in range(3)]
    assert [(plan.first_frame, plan.stop_frame) for plan in plans] == [(0, 96), (96, 192), (192, 288)]
    assert [(plan.first_block, plan.stop_block) for plan in plans] == [(0, 150), (150, 300), (300, 450)]


@pytest.mark.parametrize("fps", [5, 10, 15, 20, 25, 30, 40, 50, 60])
def test_sound_and_picture_end_together_at_the_usual_rates(fps: int) -> None:
    plan = SegmentPlan(7, fps)
    assert plan.stop_frame * FRAME_SAMPLES * 150 == plan.stop_block * FRAME_SAMPLES * frames_per_segment(fps)


@pytest.mark.parametrize("fps", range(1, 61))
def test_segments_follow_each_other_at_any_rate(fps: int) -> None:
    plans = [SegmentPlan(index, fps) for index in range(40)]
    for before, after in pairwise(plans):
        assert before.stop_frame == after.first_frame
        assert before.stop_block == after.first_block
    for plan in plans:
        drift = plan.first_block * FRAME_SAMPLES - film_samples(plan.first_frame, fps)
        assert abs(drift) <= FRAME_SAMPLES / 2
        steps = plan.audio_steps()
        assert steps[0][0] == plan.first_block
        assert steps[-1] == (plan.checkpoint_block, plan.stop_block)
        assert plan.stop_block - plan.checkpoint_block == PREROLL_FRAMES
        assert all(before[1] == after[0] for before, after in pairwise(steps))


def written(
    directory: Path,
    index: int,
    frames: int = 96,
    *,
    last: bool = False,
    fps: int = 30,
    config: RenderConfig = CONFIG,
) -> Path:
    """A segment of a moving bar and speech."""
    config = config.model_copy(update={"video": config.video.model_copy(update={"fps": fps})})
    plan = SegmentPlan(index, fps)
    writer = SegmentWriter(directory / f"{index}{segment_suffix(config)}", config, plan)
    for number in range(plan.first_frame, plan.first_frame + frames if config.has_video else 0):
        picture = np.full((135, 160), 100, np.uint8)
        picture[10:60, number % 100 : number % 100 + 20] = 200
        writer.encode_video(av.VideoFrame.from_ndarray(picture, "yuv420p"), number)
    stop = plan.first_block + round(frames * 48_000 / fps / FRAME_SAMPLES)
    sound = stereo(speech(stop * FRAME_SAMPLES / 48_000 + 1)).T
    writer.encode_audio(sound[:, writer.next_block * FRAME_SAMPLES : stop * FRAME_SAMPLES])
    writer.finish_video()
    writer.finish_audio(last=last)
    assert writer.commit() == writer.path.stat().st_size
    return writer.path


@pytest.mark.parametrize("index", [0, 1, 5])
def test_a_file_plays_by_itself_on_the_films_clock(tmp_path: Path, index: int) -> None:
    with av.open(written(tmp_path, index)) as container:
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    priming_s = FRAME_SAMPLES / 48_000
    assert np.array(times_s) - priming_s == pytest.approx((index * 96 + np.arange(96)) / 30, abs=1e-4)
    with av.open(tmp_path / f"{index}.mp4") as container:
        stamps = [packet.pts for packet in container.demux(audio=0) if packet.size]
    first = max(0, index * 150 - 1)
    assert stamps == [number * FRAME_SAMPLES for number in range(first, index * 150 + 149)]


def test_the_last_segment_has_the_rest_of_the_sound(tmp_path: Path) -> None:
    with av.open(written(tmp_path, 2, frames=30, last=True)) as container:
        kinds = [packet.stream.type for packet in container.demux() if packet.size]
    assert kinds.count("video") == 30
    assert kinds.count("audio") == 47 + 2


def test_mp3_lies_on_its_own_grid(tmp_path: Path) -> None:
    config = CONFIG.model_copy(update={"audio": AudioSpec(codec="MP3")})
    priming_s = 1_105 / 48_000
    stamps = []
    for index in (0, 1):
        with av.open(written(tmp_path, index, config=config)) as container:
            times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
        assert np.array(times_s) - priming_s == pytest.approx((index * 96 + np.arange(96)) / 30, abs=1e-4)
        with av.open(tmp_path / f"{index}.mp4") as container:
            stamps += [packet.pts for packet in container.demux(audio=0) if packet.size]
    assert stamps == [number * 1_152 for number in range(len(stamps))]


@pytest.mark.parametrize("codec", ["VP8", "VP9"])
def test_what_becomes_webm_is_matroska(tmp_path: Path, codec: VideoCodec) -> None:
    video = CONFIG.video.model_copy(update={"codec": codec})
    config = RenderConfig(video=video, audio=AudioSpec(codec="VORBIS"))
    with av.open(written(tmp_path, 1, config=config)) as container:
        assert container.format.name.startswith("matroska")
        assert container.streams.audio[0].codec_context.name == "flac"
        times_s = [float(frame.time or 0) for frame in container.decode(video=0)]
    assert np.array(times_s) == pytest.approx((96 + np.arange(96)) / 30, abs=1e-3)
    with av.open(tmp_path / "1.mkv") as container:
        frames = list(container.decode(audio=0))
    assert frames[0].time == pytest.approx(3.2)
    assert sum(frame.samples for frame in frames) == 153_600


@pytest.mark.parametrize("codec", ["AAC", "MP3", "VORBIS"])
def test_sound_alone(tmp_path: Path, codec: AudioCodec) -> None:
    config = RenderConfig(video=CONFIG.video, audio=AudioSpec(codec=codec), files=("audio",))
    with av.open(written(tmp_path, 0, config=config)) as container:
        assert [stream.type for stream in container.streams] == ["audio"]
    writer = SegmentWriter(tmp_path / "1.mp4", config, SegmentPlan(1, 30))
    with pytest.raises(ValueError, match="takes no pictures"):
        writer.encode_video(av.VideoFrame.from_ndarray(np.full((135, 160), 100, np.uint8), "yuv420p"), 96)
    writer.discard()


@pytest.mark.parametrize(("video", "audio"), [("H264", "AAC"), ("H264", "MP3"), ("VP8", "VORBIS"), ("VP9", "VORBIS")])
def test_the_bytes_are_the_same_each_time(tmp_path: Path, video: VideoCodec, audio: AudioCodec) -> None:
    (tmp_path / "again").mkdir()
    config = RenderConfig(video=CONFIG.video.model_copy(update={"codec": video}), audio=AudioSpec(codec=audio))
    once, again = (written(directory, 3, config=config) for directory in (tmp_path, tmp_path / "again"))
    assert once.read_bytes() == again.read_bytes()


def test_nothing_is_there_before_the_commit(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "0.mp4", CONFIG, SegmentPlan(0, 30))
    writer.encode_video(av.VideoFrame.from_ndarray(np.full((135, 160), 100, np.uint8), "yuv420p"), 0)
    assert not writer.path.exists()
    writer.discard()
    writer.discard()
    assert list(tmp_path.iterdir()) == []
