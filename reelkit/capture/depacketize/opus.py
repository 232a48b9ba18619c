"""Opus in RTP (RFC 7587): a payload is one Opus packet (RFC 6716)."""

from reelkit.capture.errors import MalformedPayload

CLOCK_RATE_HZ = 48_000
MAX_PACKET_SAMPLES = 5_760  # 120 ms (RFC 6716 3.2.5)
# Samples of one frame at 48 kHz by the upper five bits of the TOC byte (RFC 6716 3.1, table 2).
_SILK = (480, 960, 1_920, 2_880)
_HYBRID = (480, 960)
_CELT = (120, 240, 480, 960)
_FRAME_SAMPLES = _SILK * 3 + _HYBRID * 2 + _CELT * 4


def packet_samples(payload: bytes) -> int:
    """How many samples at 48 kHz an Opus packet decodes to. Raises MalformedPayload."""
    if not payload:
        raise MalformedPayload("an Opus packet is empty")
    frame = _FRAME_SAMPLES[payload[0] >> 3]
    code = payload[0] & 3
    if code < 3:
        count = 1 if code == 0 else 2
    elif len(payload) < 2:
        raise MalformedPayload("an Opus packet lacks its frame count")
    else:
        count = payload[1] & 0x3F
    samples = frame * count
    if not 0 < samples <= MAX_PACKET_SAMPLES:
        raise MalformedPayload("an Opus packet has an impossible length", samples=samples)
    return samples
