"""RTP packets: RFC 3550 headers with the header extensions of RFC 8285."""

from collections.abc import Mapping
from dataclasses import dataclass
from struct import Struct
from typing import NamedTuple

from reelkit.capture.errors import MalformedPacket

RTP_HEADER_BYTES = 12
RTP_VERSION_BITS = 0x80  # version 2 in the upper two bits of the first byte
ABS_CAPTURE_TIME_URI = "http://www.webrtc.org/experiments/rtp-hdrext/abs-capture-time"
VIDEO_ORIENTATION_URI = "urn:3gpp:video-orientation"

_HEADER = Struct("!BBHI")
_EXTENSION = Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE
_TWO_BYTE_PROFILE = 0x1000
_TWO_BYTE_PROFILE_MASK = 0xFFF0  # the last four bits are application bits
_ONE_BYTE_END = 15  # RFC 8285 4.2: nothing behind an element with this id may be read
_NO_EXTENSIONS: Mapping[int, bytes] = {}


class ParsedRtp(NamedTuple):
    """One packet as it was on the wire; ``sequence`` has 16 bits, ``timestamp`` 32."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    extensions: Mapping[int, bytes]
    payload: bytes


@dataclass(frozen=True, slots=True)
class RtpPacket:
    """One packet of an ordered stream. ``sequence`` and ``timestamp`` are unwrapped, ``arrival_s`` is the wall-clock
    time at which the SFU got it, ``payload`` is without padding and never empty, ``extensions`` maps the ids of header
    extensions to their data."""

    sequence: int
    timestamp: int
    arrival_s: float
    marker: bool
    payload_type: int
    payload: bytes
    extensions: Mapping[int, bytes]


def parse_rtp(data: bytes) -> ParsedRtp:
    """Takes one RTP packet apart. The payload of a packet of padding alone is empty. Raises MalformedPacket."""
    size = len(data)
    if size < RTP_HEADER_BYTES:
        raise MalformedPacket("an RTP packet is shorter than its header", bytes=size)
    first, second, sequence, timestamp = _HEADER.unpack_from(data)
    if first & 0xC0 != RTP_VERSION_BITS:
        raise MalformedPacket("not an RTP packet: its version is not 2", version=first >> 6)
    start = RTP_HEADER_BYTES + 4 * (first & 0x0F)
    extensions = _NO_EXTENSIONS
    if first & 0x10:
        if start + 4 > size:
            raise MalformedPacket("an RTP packet ends inside its extension header", bytes=size)
        profile, words = _EXTENSION.unpack_from(data, start)
        begin = start + 4
        start = begin + 4 * words
        if start > size:
            raise MalformedPacket("an RTP packet ends inside its extensions", bytes=size)
        if profile == _ONE_BYTE_PROFILE:
            extensions = _one_byte_extensions(data, begin, start)
        elif profile & _TWO_BYTE_PROFILE_MASK == _TWO_BYTE_PROFILE:
            extensions = _two_byte_extensions(data, begin, start)
    stop = size
    if first & 0x20:
        padding = data[-1]
        stop -= padding
        if padding == 0 or stop < start:
            raise MalformedPacket("an RTP packet has more padding than payload", padding=padding)
    elif start > size:
        raise MalformedPacket("an RTP packet ends inside its contributing sources", bytes=size)
    return ParsedRtp(second & 0x7F, second > 0x7F, sequence, timestamp, extensions, data[start:stop])


def _one_byte_extensions(data: bytes, start: int, stop: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while start < stop:
        head = data[start]
        start += 1
        if head == 0:
            continue
        extension_id = head >> 4
        if extension_id == _ONE_BYTE_END:
            break
        end = start + (head & 0x0F) + 1
        if end > stop:
            raise MalformedPacket("an RTP header extension is longer than its block", extension_id=extension_id)
        if extension_id:
            found[extension_id] = data[start:end]
        start = end
    return found


def _two_byte_extensions(data: bytes, start: int, stop: int) -> dict[int, bytes]:
    found: dict[int, bytes] = {}
    while start < stop:
        extension_id = data[start]
        start += 1
        if extension_id == 0:
            continue
        if start >= stop:
            raise MalformedPacket("an RTP header extension lacks its length", extension_id=extension_id)
        end = start + 1 + data[start]
        if end > stop:
            raise MalformedPacket("an RTP header extension is longer than its block", extension_id=extension_id)
        found[extension_id] = data[start + 1 : end]
        start = end
    return found
