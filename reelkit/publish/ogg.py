"""Pages of Ogg (RFC 3533)."""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from reelkit.publish.errors import FilmError

_CAPTURE = b"OggS"
_HEADER = struct.Struct("<4sBBqIIIB")
_CHECKSUM_AT = 22
_FULL_SEGMENT = 255
"""A segment of so many bytes goes on in the next one."""
_CONTINUED = 0x1
_END_OF_STREAM = 0x4
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


@dataclass(frozen=True, slots=True)
class Page:
    """A page as it lies in a file."""

    data: bytes
    granule: int
    """The sample behind the last packet that ends on it; -1 if none does."""
    is_last: bool


class PageReader:
    """Takes the bytes of one logical stream as they come; gives its pages, and the packets in them."""

    def __init__(self) -> None:
        self._bytes = bytearray()
        self._packet = bytearray()
        """What there is of the packet that goes on on the next page."""

    def feed(self, data: bytes) -> Iterator[tuple[Page, list[bytes]]]:
        """The pages that are whole now, each with the packets that end on it. Raises FilmError."""
        self._bytes += data
        while len(self._bytes) >= _HEADER.size:
            capture, _, flags, granule, _, _, _, count = _HEADER.unpack_from(self._bytes)
            if capture != _CAPTURE:
                raise FilmError("an Ogg page does not begin where it should")
            lacing = bytes(self._bytes[_HEADER.size : _HEADER.size + count])
            end = _HEADER.size + count + sum(lacing)
            if len(lacing) < count or len(self._bytes) < end:
                return
            data = bytes(self._bytes[:end])
            del self._bytes[:end]
            yield Page(data, granule, bool(flags & _END_OF_STREAM)), self._packets(data, lacing, flags)

    def _packets(self, data: bytes, lacing: bytes, flags: int) -> list[bytes]:
        if bool(self._packet) != bool(flags & _CONTINUED):
            raise FilmError("an Ogg page does not go on where the one before ends")
        packets = []
        at = _HEADER.size + len(lacing)
        for length in lacing:
            self._packet += data[at : at + length]
            at += length
            if length < _FULL_SEGMENT:
                packets.append(bytes(self._packet))
                self._packet.clear()
        return packets


def renumbered(page: Page, serial: int) -> bytes:
    """The page as one of the logical stream ``serial``."""
    data = bytearray(page.data)
    struct.pack_into("<I", data, 14, serial)
    struct.pack_into("<I", data, _CHECKSUM_AT, 0)
    struct.pack_into("<I", data, _CHECKSUM_AT, checksum(bytes(data)))
    return bytes(data)


def checksum(data: bytes) -> int:
    """Ogg's CRC-32, which is zlib's with the bits in the other order, from 0 and not inverted."""
    mirrored = zlib.crc32(data.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
