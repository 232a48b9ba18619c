"""What a film file holds: its facts, its pictures scaled down, its sound."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, Interpolation
from numpy.typing import NDArray

ANALYSIS_WIDTH_PX = 640
"""Pictures are scaled to this width: a counter block of a ninth of the film is still 12 px wide."""

Plane = NDArray[np.uint8]
Samples = NDArray[np.float32]


class NotAFilmError(Exception):
    """The file cannot be decoded as a film."""


@dataclass(frozen=True)
class Facts:
    """What the container and its streams say, and what counting their frames gives."""

    container: str
    size_bytes: int
    duration_s: float
    """The container's duration."""
    video_codec: str | None
    width_px: int
    height_px: int
    fps: float
    """Frames per second on average."""
    video_duration_s: float
    frame_count: int
    audio_codec: str | None
    sample_rate_hz: int
    channels: int
    audio_duration_s: float


@dataclass(frozen=True)
class Picture:
    """One frame scaled to ANALYSIS_WIDTH_PX: luma, and chroma planes of half its size."""

    time_s: float
    luma: Plane
    u: Plane
    v: Plane


@dataclass(frozen=True)
class Sound:
    """The film's sound from film time zero, mixed to mono, and the loudness (RMS) of each channel."""

    rate_hz: int
    mono: Samples
    channel_rms: tuple[float, ...]

    @property
    def duration_s(self) -> float:
        return len(self.mono) / self.rate_hz


def is_bt709(path: Path) -> bool:
    """Whether the film says that its chroma is BT.709; otherwise BT.601 is meant."""
    with av.open(str(path)) as container:
        return bool(container.streams.video) and container.streams.video[0].colorspace == Colorspace.ITU709


def pictures(path: Path) -> Iterator[Picture]:
    """The film's frames in order. Raises NotAFilmError."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.video:
                return
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            height_px = round(stream.height * ANALYSIS_WIDTH_PX / stream.width / 2) * 2
            for frame in container.decode(stream):
                assert frame.time is not None
                # The film's own matrix and range are kept: only the size changes.
                small = frame.reformat(
                    ANALYSIS_WIDTH_PX,
                    height_px,
                    "yuv420p",
                    interpolation=Interpolation.AREA,
                    dst_color_range=ColorRange.MPEG,
                )
                yield Picture(frame.time, *(_plane(plane) for plane in small.planes[:3]))
    except av.FFmpegError as error:
        raise NotAFilmError(f"{path}: {error}") from error


def sound(path: Path) -> Sound:
    """The film's whole sound, each frame at its own time stamp; empty without an audio stream. Raises NotAFilmError."""
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                return Sound(48_000, np.zeros(0, np.float32), ())
            stream = container.streams.audio[0]
            rate_hz = stream.rate
            resampler = av.AudioResampler(format="fltp", rate=rate_hz)
            blocks: list[tuple[int, Samples]] = []
            for frame in container.decode(stream):
                for planar in resampler.resample(frame):
                    assert planar.time is not None
                    blocks.append((round(planar.time * rate_hz), planar.to_ndarray().astype(np.float32, copy=False)))
    except av.FFmpegError as error:
        raise NotAFilmError(f"{path}: {error}") from error
    length = max((start + block.shape[1] for start, block in blocks), default=0)
    channels = max((block.shape[0] for _, block in blocks), default=0)
    mono, power = np.zeros(length, np.float32), np.zeros(channels)
    for start, block in blocks:
        skipped = max(-start, 0)
        kept = block[:, skipped:]
        mono[start + skipped : start + skipped + kept.shape[1]] = kept.mean(axis=0)
        power[: kept.shape[0]] += (kept.astype(np.float64) ** 2).sum(axis=1)
    return Sound(rate_hz, mono, tuple(float(value) for value in np.sqrt(power / max(length, 1))))


def facts(path: Path, frame_times_s: NDArray[np.float64], heard: Sound) -> Facts:
    """The film's facts. ``frame_times_s`` are the decoded frames' times. Raises NotAFilmError."""
    try:
        with av.open(str(path)) as container:
            video = container.streams.video[0] if container.streams.video else None
            audio = container.streams.audio[0] if container.streams.audio else None
            count = len(frame_times_s)
            interval_s = float(np.median(np.diff(frame_times_s))) if count > 1 else 0.0
            spanned_s = float(frame_times_s[-1] - frame_times_s[0]) + interval_s if count else 0.0
            return Facts(
                container=container.format.name,
                size_bytes=path.stat().st_size,
                duration_s=(container.duration or 0) / av.time_base,
                video_codec=video.codec_context.codec.canonical_name if video else None,
                width_px=video.width if video else 0,
                height_px=video.height if video else 0,
                fps=count / spanned_s if spanned_s else 0.0,
                video_duration_s=spanned_s,
                frame_count=count,
                audio_codec=audio.codec_context.codec.canonical_name if audio else None,
                sample_rate_hz=audio.rate if audio else 0,
                channels=audio.channels if audio else 0,
                audio_duration_s=heard.duration_s,
            )
    except av.FFmpegError as error:
        raise NotAFilmError(f"{path}: {error}") from error


def _plane(plane: av.video.plane.VideoPlane) -> Plane:
    rows: Plane = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width].copy()
