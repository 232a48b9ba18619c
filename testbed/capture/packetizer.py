"""RTP payloads and packets as a browser makes them."""

from collections.abc import Iterator, Mapping
from struct import Struct

MAX_PAYLOAD_BYTES = 1_200
PAYLOAD_TYPES: Mapping[str, int] = {"vp8": 96, "vp9": 98, "h264": 102, "opus": 111}

_HEADER = Struct("!BBHII")
_EXTENSION = Struct("!HH")
_ONE_BYTE_PROFILE = 0xBEDE
_LENGTH = Struct("!H")
_STAP_A, _FU_A = 24, 28
_VP9_STRUCTURE = bytes([0x08, 1, 0x04, 1])
"""One spatial layer of no told size; a group of one picture that refers to the one before it."""
_START_CODE = b"\x00\x00\x01"


def payloads(codec: str, data: bytes, picture_id: int) -> list[bytes]:
    """Payloads of one frame or Opus packet; ``picture_id`` counts VP8 and VP9 frames."""
    if codec == "vp8":
        return _vp8(data, picture_id)
    if codec == "vp9":
        return _vp9(data, picture_id)
    return list(_h264(data)) if codec == "h264" else [data]


def rtp_packet(
    *,
    payload_type: int,
    marker: bool,
    sequence: int,
    timestamp: int,
    ssrc: int,
    payload: bytes,
    extensions: Mapping[int, bytes] | None = None,
    padding: int = 0,
) -> bytes:
    """One packet (RFC 3550) with one-byte header extensions (RFC 8285); counters are taken modulo their size."""
    first = 0x80 | (0x10 if extensions else 0) | (0x20 if padding else 0)
    second = payload_type | (0x80 if marker else 0)
    header = _HEADER.pack(first, second, sequence & 0xFFFF, timestamp & 0xFFFFFFFF, ssrc)
    if extensions:
        block = b"".join(bytes([key << 4 | (len(value) - 1)]) + value for key, value in extensions.items())
        block += bytes(-len(block) % 4)
        header += _EXTENSION.pack(_ONE_BYTE_PROFILE, len(block) // 4) + block
    return header + payload + (bytes(padding - 1) + bytes([padding]) if padding else b"")


def _vp8(data: bytes, picture_id: int) -> list[bytes]:
    """RFC 7741 with the 15-bit picture id that browsers send; only a frame's first packet has the S bit."""
    extended = bytes([0x80]) + _LENGTH.pack(0x8000 | picture_id & 0x7FFF)
    return [
        bytes([0x80 | (0x10 if position == 0 else 0)]) + extended + data[position : position + MAX_PAYLOAD_BYTES]
        for position in range(0, len(data), MAX_PAYLOAD_BYTES)
    ]


def _vp9(data: bytes, picture_id: int) -> list[bytes]:
    """RFC 9628, non-flexible mode, one layer, with the scalability structure that browsers send with each keyframe."""
    is_interframe = bool(data[0] & 0x04)
    found: list[bytes] = []
    for position in range(0, len(data), MAX_PAYLOAD_BYTES):
        begins, ends = position == 0, position + MAX_PAYLOAD_BYTES >= len(data)
        has_structure = begins and not is_interframe
        flags = 0x80 | (0x40 if is_interframe else 0) | (0x08 if begins else 0) | (0x04 if ends else 0)
        head = bytes([flags | (0x02 if has_structure else 0)]) + _LENGTH.pack(0x8000 | picture_id & 0x7FFF)
        structure = _VP9_STRUCTURE if has_structure else b""
        found.append(head + structure + data[position : position + MAX_PAYLOAD_BYTES])
    return found


def _h264(data: bytes) -> Iterator[bytes]:
    """RFC 6184, packetization mode 1: small NAL units that follow each other share a STAP-A; large ones are cut."""
    together: list[bytes] = []
    for unit in _nal_units(data):
        size = sum(len(each) + _LENGTH.size for each in (*together, unit)) + 1
        if together and size > MAX_PAYLOAD_BYTES:
            yield _aggregate(together)
            together = []
        if len(unit) <= MAX_PAYLOAD_BYTES:
            together.append(unit)
        else:
            yield from _fragments(unit)
    if together:
        yield _aggregate(together)


def _nal_units(data: bytes) -> Iterator[bytes]:
    for part in data.split(_START_CODE):
        if unit := part.rstrip(b"\x00"):
            yield unit


def _aggregate(units: list[bytes]) -> bytes:
    if len(units) == 1:
        return units[0]
    importance = max(unit[0] & 0x60 for unit in units)
    return bytes([importance | _STAP_A]) + b"".join(_LENGTH.pack(len(unit)) + unit for unit in units)


def _fragments(unit: bytes) -> Iterator[bytes]:
    body = unit[1:]
    size = MAX_PAYLOAD_BYTES - 2
    for position in range(0, len(body), size):
        edge = (0x80 if position == 0 else 0) | (0x40 if position + size >= len(body) else 0)
        yield bytes([unit[0] & 0xE0 | _FU_A, edge | unit[0] & 0x1F]) + body[position : position + size]
