"""Segments for tests of joining them."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelkit.render.config import RenderConfig, VideoSpec
from reelkit.render.encoder_audio import FRAME_SAMPLES
from reelkit.render.manifest import Segment
from reelkit.render.segment import SegmentPlan, SegmentWriter, film_samples, frames_per_segment, segment_suffix

CONFIG = RenderConfig(video=VideoSpec(width_px=160, height_px=90, preset="ultrafast"))


def picture(number: int) -> av.VideoFrame:
    """Grey, with the number's lowest bits as bars."""
    luma = np.full((135, 160), 100, np.uint8)
    luma[90:] = 128
    for bit in range(10):
        if number >> bit & 1:
            luma[10:80, bit * 16 : bit * 16 + 12] = 200
    return av.VideoFrame.from_ndarray(luma, "yuv420p")


def number_of(frame: av.VideoFrame) -> int:
    """The number in a picture."""
    luma = frame.to_ndarray()[: frame.height]
    return sum(1 << bit for bit in range(10) if luma[45, bit * 16 + 6] > 150)


def write_film(
    directory: Path, frames: int, sound: NDArray[np.float32], config: RenderConfig = CONFIG, first: int = 0
) -> list[tuple[Path, Segment]]:
    """The segments, from number ``first`` on, of a film of numbered pictures with mono ``sound``."""
    fps = config.video.fps
    total_samples = film_samples(frames, fps)
    total_aac = -(-total_samples // FRAME_SAMPLES)
    padded = np.zeros((2, total_aac * FRAME_SAMPLES), np.float32)
    padded[:, : min(len(sound), total_samples)] = sound[:total_samples]
    written = []
    for index in range(first, -(-frames // frames_per_segment(fps))):
        plan = SegmentPlan(index, fps)
        stop, is_last = min(plan.stop_frame, frames), plan.stop_frame >= frames
        writer = SegmentWriter(directory / f"{index:06d}{segment_suffix(config)}", config, plan)
        if config.has_video:
            for number in range(plan.first_frame, stop):
                writer.encode_video(picture(number), number)
        stop_aac = total_aac if is_last else plan.stop_block
        writer.encode_audio(padded[:, writer.next_block * FRAME_SAMPLES : stop_aac * FRAME_SAMPLES])
        writer.finish_video()
        writer.finish_audio(last=is_last)
        size = writer.commit()
        first_sample = film_samples(plan.first_frame, fps)
        segment = Segment(
            index=index,
            file=writer.path.name,
            first_frame=plan.first_frame,
            frames=stop - plan.first_frame,
            first_sample=first_sample,
            samples=film_samples(stop, fps) - first_sample,
            size_bytes=size,
            film_s=plan.first_frame / fps,
            wall_s=plan.first_frame / fps,
        )
        written.append((writer.path, segment))
    return written
