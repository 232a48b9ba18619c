"""Films that pages of the benches play, as WebM files."""

import itertools
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.stream import Stream
from av.video.stream import VideoStream

from bench.voices import PACKET_S, SAMPLE_RATE_HZ, voice_clip
from bench.webcams import CLIP_FRAMES, HEIGHT_PX, KEYFRAME_FRAMES, WIDTH_PX, webcam_clip
from testbed.clips import beeps, camera_clip
from testbed.timeline import FPS, Signal, people

FLASHING = replace(people(1)[0], signal=Signal.regular(period_s=1.0, phase_s=0.5, length_s=0.1), tone_hz=1_000.0)
"""Who is seen and heard in the film of flashes; the pages that draw theirs use the same tone."""
_MS = Fraction(1, 1000)


def write_person(path: Path, index: int) -> None:
    """Somebody who speaks: the camera of bench/webcams.py and the microphone of bench/voices.py, 16 s long."""
    with av.open(str(path), "w", format="webm") as container:
        video = _video(container, WIDTH_PX, HEIGHT_PX)
        audio = _audio(container)
        pictures = ((number / FPS, video, packet) for number, packet in enumerate(webcam_clip(index)))
        sounds = ((number * PACKET_S, audio, packet) for number, packet in enumerate(voice_clip(index)))
        for time_s, stream, data in sorted(itertools.chain(pictures, sounds), key=lambda each: each[0]):
            if time_s < CLIP_FRAMES / FPS:
                keyframe = stream is audio or round(time_s * FPS) % KEYFRAME_FRAMES == 0
                container.mux(_packet(stream, time_s, data, keyframe=keyframe))


def write_flashes(path: Path, seconds: int) -> None:
    """Somebody who turns white for a tenth of a second once a second while a tone is heard."""
    clip = camera_clip(FLASHING, width_px=WIDTH_PX, height_px=HEIGHT_PX)
    with av.open(str(path), "w", format="webm") as container:
        video, audio = _video(container, WIDTH_PX, HEIGHT_PX), _audio(container)
        for second in range(seconds):
            for picture in clip.between(second, second + 1):
                container.mux(_packet(video, picture.time_s, picture.data, keyframe=picture.keyframe))
            sound = beeps(FLASHING.tone_hz, FLASHING.signal, second, second + 1)
            frame = av.AudioFrame.from_ndarray(sound[np.newaxis], format="flt", layout="mono")
            frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, second * SAMPLE_RATE_HZ
            container.mux(audio.encode(frame))
        container.mux(audio.encode(None))


def _packet(stream: Stream, time_s: float, data: bytes, *, keyframe: bool) -> "av.Packet[Any]":
    packet: av.Packet[Any] = av.Packet(data)
    packet.stream, packet.time_base, packet.is_keyframe = stream, _MS, keyframe
    packet.pts = packet.dts = round(time_s * 1000)
    return packet


def _video(container: OutputContainer, width_px: int, height_px: int) -> VideoStream:
    stream = container.add_stream("libvpx", FPS)
    assert isinstance(stream, VideoStream)
    stream.width, stream.height, stream.pix_fmt = width_px, height_px, "yuv420p"
    return stream


def _audio(container: OutputContainer) -> AudioStream:
    stream = container.add_stream("libopus", SAMPLE_RATE_HZ)
    assert isinstance(stream, AudioStream)
    stream.layout = "mono"
    return stream
