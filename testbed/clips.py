"""Pre-encoded media of a timeline's participants: one loop each, made once and kept on disk.

Sending them costs no encoding. Times are exact: a flash begins with the first frame at its instant, and the Opus
encoder's look-ahead is taken out, so that a decoder plays a beep at its instant.
"""

import hashlib
import io
import json
import os
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.video.codeccontext import VideoCodecContext

from testbed.picture import Painter
from testbed.timeline import FPS, LOOP_FRAMES, LOOP_S, Colour, Participant, Signal

VideoCodec = Literal["vp8", "vp9", "h264"]

SAMPLE_RATE_HZ = 48_000
OPUS_FRAME_S = 0.02
SCREEN_FRAME_STEP = 3
"""A shared screen moves at a third of the rate of a camera: 10 frames per second."""
BEEP_AMPLITUDE = 0.3
"""Nine at once would clip; three do not."""
BEEP_EDGE_S = 0.002
"""Rise and fall of a beep: short enough to be timed within 1 ms, long enough not to click."""
CACHE = Path(__file__).resolve().parent.parent / "build" / "clips"
_FORMAT = 1
"""Raised when the code that makes clips changes what it makes."""
# A negative cpu-used is a fixed speed; a positive one spends whatever time the frame rate leaves.
_VIDEO_ENCODERS: dict[VideoCodec, tuple[str, dict[str, str]]] = {
    "vp8": ("libvpx", {"deadline": "realtime", "cpu-used": "-10", "lag-in-frames": "0", "error-resilient": "1"}),
    # Without a constant rate it would take flashes for cuts and begin anew with a keyframe.
    "vp9": (
        "libvpx-vp9",
        {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "minrate": "600000", "maxrate": "600000"},
    ),
    "h264": (
        "libx264",
        {"preset": "veryfast", "tune": "zerolatency", "profile": "baseline", "x264-params": "scenecut=0"},
    ),
}


@dataclass(frozen=True)
class ClipPacket:
    """One encoded frame: a VP8 or VP9 frame, an H264 access unit in Annex B form, or an Opus packet."""

    time_s: float
    data: bytes
    keyframe: bool


@dataclass(frozen=True)
class Clip:
    """One loop of encoded media of ``LOOP_S`` seconds, packets ascending from time zero."""

    codec: Literal["vp8", "vp9", "h264", "opus"]
    packets: tuple[ClipPacket, ...]

    def between(self, start_s: float, stop_s: float) -> Iterator[ClipPacket]:
        """The packets with start_s <= time < stop_s of the clip repeated without end, on the timeline's clock."""
        loop = int(start_s // LOOP_S)
        while loop * LOOP_S < stop_s:
            for packet in self.packets:
                time_s = loop * LOOP_S + packet.time_s
                if start_s - 1e-9 <= time_s < stop_s - 1e-9:
                    yield ClipPacket(time_s, packet.data, packet.keyframe)
            loop += 1


def camera_clip(
    participant: Participant,
    codec: VideoCodec = "vp8",
    *,
    width_px: int = 640,
    height_px: int = 360,
    keyframe_interval_s: float = 2.0,
    cache: Path = CACHE,
) -> Clip:
    """The participant's camera: 30 frames per second with flashes at its signal's instants."""
    shape = _Shape(codec, participant.colour, width_px, height_px, keyframe_interval_s, 1, participant.signal)
    return _cached(cache, codec, asdict(shape), lambda: _encode_video(shape))


def screen_clip(
    participant: Participant,
    codec: VideoCodec = "vp8",
    *,
    width_px: int = 1280,
    height_px: int = 720,
    keyframe_interval_s: float = 2.0,
    cache: Path = CACHE,
) -> Clip:
    """The participant's shared screen: 10 frames per second in the screen's colour, without flashes."""
    step = SCREEN_FRAME_STEP
    shape = _Shape(codec, participant.screen_colour, width_px, height_px, keyframe_interval_s, step, Signal(()))
    return _cached(cache, codec, asdict(shape), lambda: _encode_video(shape))


def microphone_clip(participant: Participant, *, cache: Path = CACHE) -> Clip:
    """The participant's microphone: mono Opus of 20 ms packets with beeps at its signal's instants, else silence."""
    parameters = {"tone_hz": participant.tone_hz, "signal": asdict(participant.signal), "amplitude": BEEP_AMPLITUDE}
    return _cached(cache, "opus", parameters, lambda: _encode_audio(participant.tone_hz, participant.signal))


def beeps(
    tone_hz: float, signal: Signal, start_s: float, stop_s: float
) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """The sound of a participant from ``start_s`` to ``stop_s``, mono samples at 48 kHz in -1 … 1."""
    samples = np.zeros(round((stop_s - start_s) * SAMPLE_RATE_HZ), np.float32)
    length = round(signal.length_s * SAMPLE_RATE_HZ)
    time_s = np.arange(length) / SAMPLE_RATE_HZ
    edge = np.clip(np.minimum(time_s, time_s[::-1]) / BEEP_EDGE_S, 0, 1)
    beep = (BEEP_AMPLITUDE * edge * np.sin(2 * np.pi * tone_hz * time_s)).astype(np.float32)
    for instant_s in signal.between(max(start_s - signal.length_s, 0.0), stop_s):
        first = round((instant_s - start_s) * SAMPLE_RATE_HZ)
        begin, end = max(first, 0), min(first + length, len(samples))
        samples[begin:end] += beep[begin - first : end - first]
    return samples


def flashes(signal: Signal, frame: int) -> bool:
    """Whether frame number ``frame`` of a camera with this signal is a flash."""
    time_s = (frame % LOOP_FRAMES) / FPS
    return any(instant_s - 1e-6 <= time_s < instant_s + signal.length_s - 1e-6 for instant_s in signal.instants_s)


@dataclass(frozen=True)
class _Shape:
    codec: VideoCodec
    colour: Colour
    width_px: int
    height_px: int
    keyframe_interval_s: float
    frame_step: int
    signal: Signal


def _encode_video(shape: _Shape) -> list[ClipPacket]:
    name, options = _VIDEO_ENCODERS[shape.codec]
    rate = FPS // shape.frame_step
    encoder = av.CodecContext.create(name, "w")
    assert isinstance(encoder, VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = shape.width_px, shape.height_px, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, rate), Fraction(rate)
    encoder.gop_size = round(shape.keyframe_interval_s * rate)
    encoder.bit_rate = 600_000
    encoder.options = options
    painter = Painter(shape.colour, shape.width_px, shape.height_px)
    packets: list[ClipPacket] = []

    def collect(encoded: "list[av.Packet[Any]]") -> None:
        for packet in encoded:
            assert packet.pts is not None
            packets.append(ClipPacket(packet.pts / rate, bytes(packet), packet.is_keyframe))

    for index, number in enumerate(range(0, LOOP_FRAMES, shape.frame_step)):
        image = painter.paint(number, flash=flashes(shape.signal, number))
        frame = av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p")
        frame.pts, frame.time_base = index, encoder.time_base
        collect(encoder.encode(frame))
    collect(encoder.encode(None))
    return packets


def _encode_audio(tone_hz: float, signal: Signal) -> list[ClipPacket]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE_HZ, "mono", "flt"
    encoder.bit_rate = 32_000
    encoder.options = {"application": "audio", "frame_duration": "20"}
    encoder.open()
    size = round(OPUS_FRAME_S * SAMPLE_RATE_HZ)
    look_ahead_s = -_first_pts(encoder, size) / SAMPLE_RATE_HZ
    sound = np.concatenate(
        [beeps(tone_hz, signal, look_ahead_s, LOOP_S), np.zeros(round(look_ahead_s * SAMPLE_RATE_HZ), np.float32)]
    )
    packets: list[ClipPacket] = []
    for index in range(round(LOOP_S / OPUS_FRAME_S)):
        encoded = encoder.encode(_audio_frame(sound[index * size : (index + 1) * size], (index + 1) * size))
        packets.extend(
            ClipPacket(round((len(packets) + offset) * OPUS_FRAME_S, 6), bytes(packet), keyframe=True)
            for offset, packet in enumerate(encoded)
        )
    return packets


def _first_pts(encoder: AudioCodecContext, size: int) -> int:
    """Primes the encoder with a silent frame; its first packet's time stamp is minus the look-ahead in samples."""
    primed = encoder.encode(_audio_frame(np.zeros(size, np.float32), 0))
    assert len(primed) == 1
    assert primed[0].pts is not None
    return primed[0].pts


def _audio_frame(samples: np.ndarray[tuple[int], np.dtype[np.float32]], pts: int) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples)[np.newaxis], format="flt", layout="mono")
    frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, pts, Fraction(1, SAMPLE_RATE_HZ)
    return frame


def _cached(
    cache: Path, codec: Literal["vp8", "vp9", "h264", "opus"], parameters: object, make: Callable[[], list[ClipPacket]]
) -> Clip:
    encoder = "libopus" if codec == "opus" else _VIDEO_ENCODERS[codec]
    named = json.dumps([_FORMAT, av.__version__, codec, encoder, parameters], sort_keys=True)
    path = cache / f"{codec}-{hashlib.sha256(named.encode()).hexdigest()[:24]}.npz"
    if not path.exists():
        packets = make()
        cache.mkdir(parents=True, exist_ok=True)
        buffer = io.BytesIO()
        np.savez(
            buffer,
            times_s=np.array([packet.time_s for packet in packets]),
            sizes=np.array([len(packet.data) for packet in packets]),
            keyframes=np.array([packet.keyframe for packet in packets]),
            data=np.frombuffer(b"".join(packet.data for packet in packets), np.uint8),
        )
        part = path.with_suffix(f".{os.getpid()}.part")
        part.write_bytes(buffer.getvalue())
        part.rename(path)
    return Clip(codec, tuple(_load(path)))


def _load(path: Path) -> Iterator[ClipPacket]:
    with np.load(path) as stored:
        data = stored["data"].tobytes()
        ends = np.cumsum(stored["sizes"])
        for time_s, size, end, keyframe in zip(
            stored["times_s"], stored["sizes"], ends, stored["keyframes"], strict=True
        ):
            yield ClipPacket(float(time_s), data[int(end - size) : int(end)], bool(keyframe))
