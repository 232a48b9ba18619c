"""Frames of PulseAudio's native protocol: packets of values, and blocks of sound (src/pulsecore/pstream.c)."""

import struct
from collections.abc import Iterator

from reelkit.page.errors import MalformedMessage
from reelkit.page.pulse_protocol import NO_INDEX

MAX_FRAME_BYTES = 1 << 20
"""libpulse sends sound in pieces of 64 KiB, and packets are much smaller."""
_HEADER = struct.Struct(">IIIII")
"""Length, channel, offset (64 bits) and flags."""
_MEMORY_FLAGS = 0xFF00_0000
"""The frame refers to memory that is shared with the client, which it was told not to do."""


class FrameSplitter:
    """Cuts what arrives into frames."""

    def __init__(self) -> None:
        self._waiting = bytearray()

    def feed(self, data: bytes | memoryview) -> Iterator[tuple[int, bytes]]:
        """Takes the next bytes; yields the channel, ``NO_INDEX`` for packets, and content of each frame that is whole.

        Seeking in a stream is not supported: the offset of a frame does not count. Raises MalformedMessage.
        """
        self._waiting += data
        begin = 0
        while len(self._waiting) - begin >= _HEADER.size:
            length, channel, _, _, flags = _HEADER.unpack_from(self._waiting, begin)
            if flags & _MEMORY_FLAGS or not 0 < length <= MAX_FRAME_BYTES:
                raise MalformedMessage("a frame has an absurd header", length=length, flags=flags)
            end = begin + _HEADER.size + length
            if len(self._waiting) < end:
                break
            with memoryview(self._waiting) as view:
                content = bytes(view[begin + _HEADER.size : end])
            begin = end
            yield channel, content
        del self._waiting[:begin]


def packet_frame(content: bytes) -> bytes:
    """The frame of a packet."""
    return _HEADER.pack(len(content), NO_INDEX, 0, 0, 0) + content
