"""Small films with planted faults."""

from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

FPS = 30
SECONDS = 4
RATE_HZ = 48_000
AAC_SAMPLES = 1_024


def tone(level: float = 0.2, seconds: float = SECONDS) -> NDArray[np.float32]:
    """A sine in both channels."""
    time_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    wave = level * np.sin(2 * np.pi * 440 * time_s)
    return np.asarray(np.stack((wave, wave)), np.float32)


def write_film(
    path: Path,
    *,
    sound: NDArray[np.float32] | None = None,
    left_out: Iterable[int] = (),
    shifted: dict[int, int] | None = None,
    black: bool = False,
    seconds: float = SECONDS,
) -> Path:
    """A film of moving bars with a keyframe each second. Pictures ``left_out`` are encoded, but are not in the file;
    ``shifted`` have another number's time stamp."""
    heard = tone(seconds=seconds) if sound is None else sound
    shifted = shifted or {}
    with av.open(path, "w") as container:
        is_webm = path.suffix == ".webm"
        video = container.add_stream("libvpx" if is_webm else "libx264", rate=FPS)
        video.width, video.height, video.pix_fmt = 160, 96, "yuv420p"
        video.time_base = video.codec_context.time_base = Fraction(1, FPS)
        video.codec_context.gop_size = FPS
        video.options = {"deadline": "realtime", "cpu-used": "8"} if is_webm else {"tune": "zerolatency", "bf": "0"}
        audio = container.add_stream("libopus" if is_webm else "aac", rate=RATE_HZ, layout="stereo")
        packets: list[tuple[float, av.Packet]] = []  # type: ignore[type-arg]
        for number in [*range(round(seconds * FPS)), None]:
            frame = None if number is None else _picture(number, black=black)
            for packet in video.encode(frame):
                assert packet.pts is not None
                index = packet.pts
                if index in set(left_out):
                    continue
                packet.pts = packet.dts = shifted.get(index, index)
                packets.append((index / FPS, packet))
        size = audio.codec_context.frame_size or 960
        for start in [*range(0, heard.shape[1], size), None]:
            block = None if start is None else _block(heard[:, start : start + size], start)
            packets.extend((float((packet.pts or 0) / RATE_HZ), packet) for packet in audio.encode(block))
        for _, packet in sorted(packets, key=lambda entry: entry[0]):
            container.mux(packet)
    return path


def _picture(number: int, *, black: bool) -> av.VideoFrame:
    luma = np.full((144, 160), 16 if black else 100, np.uint8)
    luma[96:] = 128
    if not black:
        luma[10:80, (number * 3) % 150 : (number * 3) % 150 + 10] = 220
    frame = av.VideoFrame.from_ndarray(luma, "yuv420p")
    frame.pts, frame.time_base = number, Fraction(1, FPS)
    return frame


def _block(sound: NDArray[np.float32], start: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound), "fltp", "stereo")
    frame.sample_rate, frame.pts, frame.time_base = RATE_HZ, start, Fraction(1, RATE_HZ)
    return frame
