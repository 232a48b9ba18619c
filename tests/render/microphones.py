"""Packet files of microphones, made packet by packet."""

from collections.abc import Callable, Iterable
from pathlib import Path

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from reelkit.capture.events import MediaKind
from reelkit.render.audio_source import AudioSource
from reelkit.render.gate import Gate
from testbed.capture.mjr_file import MjrFile
from testbed.capture.packetizer import PAYLOAD_TYPES, rtp_packet

RATE_HZ = 48_000
ZERO_S = 1_760_000_000.0
ZERO = round(ZERO_S * RATE_HZ)
"""The first packet's first sample was captured then."""
PACKET_S = 0.02
NETWORK_S = 0.010
LATE = round(NETWORK_S * RATE_HZ)
"""Without abs-capture-time the network's least delay cannot be known: sound is so much late."""

Mono = NDArray[np.float32]


def opus(sound: Mono, bit_rate: int = 32_000, application: str = "audio") -> list[bytes]:
    """20 ms packets of mono sound, the encoder's look-ahead taken out."""
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = RATE_HZ, "mono", "flt"
    encoder.bit_rate = bit_rate
    encoder.options = {"application": application, "frame_duration": "20"}
    look_ahead = 312
    shifted = np.concatenate([sound[look_ahead:], np.zeros(look_ahead, np.float32)])
    packets: list[bytes] = []
    for at in range(0, len(shifted) // 960 * 960, 960):
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(shifted[np.newaxis, at : at + 960]), "flt", "mono")
        frame.sample_rate, frame.pts = RATE_HZ, at
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    return packets


def write_microphone(
    path: Path,
    packets: Iterable[bytes],
    *,
    lost: Callable[[int], bool] = lambda _: False,
    captured_s: Callable[[int], float] = lambda index: index * PACKET_S,
    timestamp: Callable[[int], int] = lambda index: index * 960,
    sequence: Callable[[int], int] = lambda index: index,
) -> Path:
    """A packet file. ``captured_s`` tells when the first sample of packet ``index`` was captured, in seconds since
    ``ZERO_S``."""
    with MjrFile(path, MediaKind.AUDIO, "opus", ZERO_S) as file:
        for index, payload in enumerate(packets):
            if lost(index):
                continue
            data = rtp_packet(
                payload_type=PAYLOAD_TYPES["opus"],
                marker=False,
                sequence=sequence(index),
                timestamp=timestamp(index),
                ssrc=1,
                payload=payload,
                extensions={},
            )
            file.write(ZERO_S + captured_s(index) + PACKET_S + NETWORK_S, data)
    return path


def source_of(path: Path, gate: Gate | None = None, state: dict[str, object] | None = None) -> AudioSource:
    """A source of a complete file, open all the time unless ``gate`` says otherwise."""
    source = AudioSource(path, {}, ZERO_S, gate or always(), state)
    source.poll(float("inf"))
    return source


def always() -> Gate:
    gate = Gate()
    gate.open(0)
    return gate


def heard(source: AudioSource, seconds: float, block: int = 5_120, start: int = 0) -> NDArray[np.float32]:
    """What a source gives in the first ``seconds`` (from sample ``start`` on), in blocks; shape (n, 2)."""
    count = round(seconds * RATE_HZ)
    pieces = []
    for at in range(start, start + count, block):
        length = min(block, start + count - at)
        sound = source.read(ZERO + at, length)
        pieces.append(np.zeros((length, 2), np.float32) if sound is None else sound)
    return np.concatenate(pieces)
