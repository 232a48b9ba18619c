"""Messages of the Wayland protocol as bytes.

A message is the id of an object, its length and an opcode, and arguments of 32 bits each; strings and arrays have their
length before them and fill whole words. File descriptors travel beside the bytes, in order (SCM_RIGHTS). All words are
in the machine's byte order.
"""

import struct
from collections import deque
from dataclasses import dataclass

from reelkit.page.errors import ScreenFailed

_WORD = struct.Struct("=I")
_INT = struct.Struct("=i")
HEADER = struct.Struct("=II")
_MAX_MESSAGE_BYTES = 4_096
"""libwayland's limit."""


class Arguments:
    """Reads the arguments of one request in order. Raises ScreenFailed for what is not there."""

    def __init__(self, body: bytes, descriptors: deque[int]) -> None:
        self._body = body
        self._at = 0
        self._descriptors = descriptors

    def unsigned(self) -> int:
        """Also of an object, and of a new object's id."""
        return int(_WORD.unpack(self._take(4))[0])

    def signed(self) -> int:
        return int(_INT.unpack(self._take(4))[0])

    def string(self) -> str:
        length = self.unsigned()
        taken = self._take(length + -length % 4)
        return taken[: max(0, length - 1)].decode("utf-8", "replace")

    def descriptor(self) -> int:
        """The next file descriptor, which is the caller's to close."""
        if not self._descriptors:
            raise ScreenFailed("the browser sent a request without its file descriptor")
        return self._descriptors.popleft()

    def _take(self, count: int) -> bytes:
        taken = self._body[self._at : self._at + count]
        if len(taken) < count:
            raise ScreenFailed("the browser sent a request that is too short")
        self._at += count
        return taken


@dataclass(frozen=True, slots=True)
class Request:
    """One message of the client."""

    object_id: int
    opcode: int
    body: bytes


class Requests:
    """Cuts a stream of bytes into messages."""

    def __init__(self) -> None:
        self._pending = bytearray()

    def feed(self, data: bytes) -> list[Request]:
        """The messages that are complete. Raises ScreenFailed."""
        self._pending += data
        found = []
        at = 0
        while len(self._pending) - at >= HEADER.size:
            object_id, word = HEADER.unpack_from(self._pending, at)
            length = word >> 16
            if not HEADER.size <= length <= _MAX_MESSAGE_BYTES:
                raise ScreenFailed("the browser sent a request of an impossible length")
            if len(self._pending) - at < length:
                break
            found.append(Request(object_id, word & 0xFFFF, bytes(self._pending[at + HEADER.size : at + length])))
            at += length
        del self._pending[:at]
        return found


def event(object_id: int, opcode: int, *arguments: int | str | bytes) -> bytes:
    """A message of the server: numbers are words, negative ones signed; text and bytes have their length before."""
    body = b"".join(_argument(each) for each in arguments)
    return HEADER.pack(object_id, (HEADER.size + len(body)) << 16 | opcode) + body


def _argument(value: int | str | bytes) -> bytes:
    if isinstance(value, int):
        return _INT.pack(value) if value < 0 else _WORD.pack(value)
    data = value.encode() + b"\0" if isinstance(value, str) else value
    return _WORD.pack(len(data)) + data + bytes(-len(data) % 4)
