"""What a participant's devices produce: encoded frames with the instants at which they were captured."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from testbed.capture.lead_in import lead_in
from testbed.capture.spec import Device, Resolution
from testbed.clips import (
    OPUS_FRAME_S,
    SAMPLE_RATE_HZ,
    SCREEN_FRAME_STEP,
    Clip,
    ClipPacket,
    camera_clip,
    microphone_clip,
    screen_clip,
)
from testbed.timeline import FPS, LOOP_FRAMES, LOOP_S, Interval, Participant, Signal

DTX_INTERVAL_S = 0.4
"""Discontinuous Opus refreshes its comfort noise so often."""
SCREEN_WIDTH_PX, SCREEN_HEIGHT_PX = 1280, 720
_EPSILON_S = 1e-6


def camera_frames(
    participant: Participant, device: Device, on: Interval, keyframes_at_s: Sequence[float]
) -> Iterator[ClipPacket]:
    """The camera's frames while it is on: a keyframe first, at the first frame at or after each of ``keyframes_at_s``,
    and each 2 s. Times are on the timeline's clock."""
    sizes = (Resolution(0.0, device.width_px, device.height_px), *device.resolutions)
    for index, size in enumerate(sizes):
        stop_s = sizes[index + 1].at_s if index + 1 < len(sizes) else on.stop_s
        start_s = max(on.start_s, size.at_s)
        if start_s < min(stop_s, on.stop_s):
            clip = camera_clip(participant, device.video_codec, width_px=size.width_px, height_px=size.height_px)
            stretch = Interval(start_s, min(stop_s, on.stop_s))
            yield from _with_keyframes(clip, participant, stretch, keyframes_at_s, size, 1)


def screen_frames(
    participant: Participant, device: Device, on: Interval, keyframes_at_s: Sequence[float]
) -> Iterator[ClipPacket]:
    """The shared screen's frames; like :func:`camera_frames`."""
    clip = screen_clip(participant, device.video_codec, width_px=SCREEN_WIDTH_PX, height_px=SCREEN_HEIGHT_PX)
    picture = replace(participant, colour=participant.screen_colour, signal=Signal(()))
    size = Resolution(0.0, SCREEN_WIDTH_PX, SCREEN_HEIGHT_PX)
    yield from _with_keyframes(clip, picture, on, keyframes_at_s, size, SCREEN_FRAME_STEP)


def microphone_packets(
    participant: Participant, device: Device, opened: Interval, on: Sequence[Interval]
) -> Iterator[ClipPacket]:
    """Opus packets of 20 ms while the microphone's producer is open: sound while it is on, what the device sends when
    muted in between."""
    silence = silent_packet()
    next_dtx_s = 0.0
    for packet in microphone_clip(participant).between(opened.start_s, opened.stop_s):
        if any(stretch.holds(packet.time_s + _EPSILON_S) for stretch in on):
            next_dtx_s = 0.0
            yield packet
        elif device.muting == "silence":
            yield ClipPacket(packet.time_s, silence, keyframe=True)
        elif device.muting == "dtx" and packet.time_s >= next_dtx_s:
            next_dtx_s = packet.time_s + DTX_INTERVAL_S - _EPSILON_S
            yield ClipPacket(packet.time_s, silence[:1], keyframe=True)


@lru_cache(maxsize=1)
def silent_packet() -> bytes:
    """20 ms of encoded silence."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE_HZ, "mono", "flt"
    encoder.bit_rate = 32_000
    size = round(OPUS_FRAME_S * SAMPLE_RATE_HZ)
    packets: list[bytes] = []
    for index in range(10):
        frame = av.AudioFrame.from_ndarray(np.zeros((1, size), np.float32), format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, index * size
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    return packets[-1]


def _with_keyframes(
    clip: Clip,
    picture: Participant,
    on: Interval,
    keyframes_at_s: Sequence[float],
    size: Resolution,
    frame_step: int,
) -> Iterator[ClipPacket]:
    starts = [on.start_s, *sorted(at_s for at_s in keyframes_at_s if on.start_s < at_s < on.stop_s)]
    for start_s, stop_s in zip(starts, [*starts[1:], on.stop_s], strict=True):
        packets = list(clip.between(start_s, stop_s))
        head = next((index for index, packet in enumerate(packets) if packet.keyframe), len(packets))
        if head:
            yield from _lead_in(clip, picture, packets[:head], size, frame_step)
        yield from packets[head:]


def _lead_in(
    clip: Clip, picture: Participant, replaced: Sequence[ClipPacket], size: Resolution, frame_step: int
) -> Iterator[ClipPacket]:
    """Frames for the same instants as ``replaced``, but beginning with a keyframe."""
    assert clip.codec != "opus"
    loop = int((replaced[0].time_s + _EPSILON_S) // LOOP_S)
    first_frame = round((replaced[0].time_s - loop * LOOP_S) * FPS)
    made = lead_in(
        clip.codec,
        picture.colour,
        picture.signal,
        width_px=size.width_px,
        height_px=size.height_px,
        first_frame=first_frame,
        stop_frame=min(first_frame + len(replaced) * frame_step, LOOP_FRAMES),
        frame_step=frame_step,
    )
    for packet, old in zip(made, replaced, strict=True):
        yield ClipPacket(old.time_s, packet.data, packet.keyframe)
