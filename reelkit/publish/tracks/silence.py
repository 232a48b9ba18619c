"""Opus packets that are put where the sender's are missing.

Many players and tools count samples and do not look at time stamps, so a hole would move all that follows. RFC 7845,
section 4.1, tells what to put there: short holes get packets that ask the decoder to conceal them. In longer ones
nothing is to be made up: they get encoded silence.
"""

from collections.abc import Iterator

from reelkit.capture.depacketize.opus import packet_samples

STEP_SAMPLES = 120
"""The shortest Opus packet, 2.5 ms at 48 kHz: what silence is counted in."""
_LONGEST_SAMPLES = 5_760
# A CELT frame whose first bit says that it is silent (RFC 6716, 4.3): whatever its length, two bytes are enough.
_SILENT_FRAME = b"\xff\xfe"
_FULLBAND = {120: 0xE0, 240: 0xE8, 480: 0xF0, 960: 0xF8}
"""First bytes of packets with one frame of so many samples, in mono (RFC 6716, 3.1)."""
_SEVERAL = 3
_FRAME_SAMPLES = 960


def silent_packets(samples: int) -> Iterator[tuple[int, bytes]]:
    """Packets of silence, with the samples in each, for as much of ``samples`` as whole packets fill."""
    while samples >= _LONGEST_SAMPLES:
        frames = _LONGEST_SAMPLES // _FRAME_SAMPLES
        yield _LONGEST_SAMPLES, bytes([_FULLBAND[_FRAME_SAMPLES] | _SEVERAL, frames]) + _SILENT_FRAME * frames
        samples -= _LONGEST_SAMPLES
    for length in sorted(_FULLBAND, reverse=True):
        while samples >= length:
            yield length, bytes([_FULLBAND[length]]) + _SILENT_FRAME
            samples -= length


def concealing_packets(samples: int, toc: int) -> Iterator[tuple[int, bytes]]:
    """Packets without a frame, in the manner of the one whose first byte was ``toc``, for as much of ``samples`` as
    they fill."""
    packet = bytes([toc & 0xFC])
    length = packet_samples(packet)
    while samples >= length:
        yield length, packet
        samples -= length
