"""Microphones that are as hard to decode and to encode as real ones: noise with the spectrum and the rhythm of speech.

Silence, which most of a drawn beep clip is, costs both codecs next to nothing.
"""

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from numpy.typing import NDArray

from bench.clip_store import stored

SAMPLE_RATE_HZ = 48_000
PACKET_S = 0.02
CLIP_S = 16
_BIT_RATE_BPS = 32_000
_LOUDNESS = 0.05
"""RMS of a spoken stretch, of full scale."""
_SYLLABLES_HZ = 4.0
_PAUSE_S = 6.0
"""Everyone speaks for so long and is silent for so long, by turns."""
_FORMAT = 1
"""Raised when the code that makes clips changes what it makes."""


def voice_clip(seed: int) -> list[bytes]:
    """Opus packets of 20 ms, mono, CLIP_S long."""
    return stored(f"voice-{_FORMAT}-{av.__version__}-{seed}", lambda: _encoded(_speech(seed)))


def _speech(seed: int) -> NDArray[np.float32]:
    random = np.random.default_rng(1_000 + seed)
    count = CLIP_S * SAMPLE_RATE_HZ
    frequency = np.fft.rfftfreq(count, 1 / SAMPLE_RATE_HZ)
    # Little below 120 Hz, and a fall of some 6 dB each octave above 500 Hz.
    shape = np.clip(frequency / 120, 0, 1) ** 2 / np.maximum(1, frequency / 500)
    sound = np.fft.irfft(np.fft.rfft(random.normal(size=count)) * shape, count)
    time_s = np.arange(count) / SAMPLE_RATE_HZ
    phase = random.uniform(0, 2 * np.pi)
    syllables = np.clip(np.sin(2 * np.pi * _SYLLABLES_HZ * time_s + phase) + 0.4, 0, 1)
    turn = (time_s + random.uniform(0, 2 * _PAUSE_S)) % (2 * _PAUSE_S) < _PAUSE_S
    spoken = sound / sound.std() * _LOUDNESS * syllables * turn + random.normal(0, 3e-4, count)
    return np.asarray(spoken.clip(-1, 1), np.float32)


def _encoded(sound: NDArray[np.float32]) -> list[bytes]:
    encoder = av.CodecContext.create("libopus", "w")
    assert isinstance(encoder, AudioCodecContext)
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE_HZ, "mono", "flt"
    encoder.bit_rate = _BIT_RATE_BPS
    encoder.options = {"application": "voip", "frame_duration": "20"}
    size = round(PACKET_S * SAMPLE_RATE_HZ)
    packets: list[bytes] = []
    for start in range(0, len(sound), size):
        frame = av.AudioFrame.from_ndarray(sound[np.newaxis, start : start + size], format="flt", layout="mono")
        frame.sample_rate, frame.pts = SAMPLE_RATE_HZ, start
        packets.extend(bytes(packet) for packet in encoder.encode(frame))
    return packets
