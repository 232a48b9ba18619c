"""Where segments lie, and what their files hold."""

from itertools import pairwise
from pathlib import Path

import av
import numpy as np
import pytest

from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES, PREROLL_FRAMES
from reelkit.render.segment import SegmentPlan, SegmentWriter, film_samples, frames_per_segment
from tests.render.media import speech, stereo

CONFIG = RenderConfig(video=VideoSpec(width_px=160, height_px=90, preset="ultrafast"))


def test_a_segment_at_30_fps() -> None:
    plans = [SegmentPlan(index, 30) for index in range(3)]
    assert [(plan.first_frame, plan.stop_frame) for plan in plans] == [(0, 96), (96, 192), (192, 288)]
    assert [(plan.first_aac_frame, plan.stop_aac_frame) for plan in plans] == [(0, 150), (150, 300), (300, 450)]


@pytest.mark.parametrize("fps", [5, 10, 15, 20, 25, 30, 40, 50, 60])
def test_sound_and_picture_end_together_at_the_usual_rates(fps: int) -> None:
    plan = SegmentPlan(7, fps)
    assert plan.stop_frame * FRAME_SAMPLES * 150 == plan.stop_aac_frame * FRAME_SAMPLES * frames_per_segment(fps)


@pytest.mark.parametrize("fps", range(1, 61))
def test_segments_follow_each_other_at_any_rate(fps: int) -> None:
    plans = [SegmentPlan(index, fps) for index in range(40)]
    for before, after in pairwise(plans):
        assert before.stop_frame == after.first_frame
        assert before.stop_aac_frame == after.first_aac_frame
    for plan in plans:
        drift = plan.first_aac_frame * FRAME_SAMPLES - film_samples(plan.first_frame, fps)
        assert abs(drift) <= FRAME_SAMPLES / 2
        steps = plan.audio_steps()
        assert steps[0][0] == plan.first_aac_frame
        assert steps[-1] == (plan.checkpoint_aac_frame, plan.stop_aac_frame)
        assert plan.stop_aac_frame - plan.checkpoint_aac_frame == PREROLL_FRAMES
        assert all(before[1] == after[0] for before, after in pairwise(steps))


def written(directory: Path, index: int, frames: int = 96, *, last: bool = False, fps: int = 30) -> Path:
    """A segment of a moving bar and speech."""
    config = CONFIG.model_copy(update={"video": CONFIG.video.model_copy(update={"fps": fps})})
    plan = SegmentPlan(index, fps)
    writer = SegmentWriter(directory / f"{index}.mp4", config, plan)
    for number in range(plan.first_frame, plan.first_frame + frames):
        picture = np.full((135, 160), 100, np.uint8)
        picture[10:60, number % 100 : number % 100 + 20] = 200
        writer.encode_video(av.VideoFrame.from_ndarray(picture, "yuv420p"), number)
    stop = plan.first_aac_frame + round(frames * 48_000 / fps / FRAME_SAMPLES)
    sound = stereo(speech(stop * FRAME_SAMPLES / 48_000 + 1)).T
    writer.encode_audio(sound[:, writer.next_aac_frame * FRAME_SAMPLES : stop * FRAME_SAMPLES])
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


def test_the_bytes_are_the_same_each_time(tmp_path: Path) -> None:
    (tmp_path / "again").mkdir()
    assert written(tmp_path, 3).read_bytes() == written(tmp_path / "again", 3).read_bytes()


def test_nothing_is_there_before_the_commit(tmp_path: Path) -> None:
    writer = SegmentWriter(tmp_path / "0.mp4", CONFIG, SegmentPlan(0, 30))
    writer.encode_video(av.VideoFrame.from_ndarray(np.full((135, 160), 100, np.uint8), "yuv420p"), 0)
    assert not writer.path.exists()
    writer.discard()
    writer.discard()
    assert list(tmp_path.iterdir()) == []
