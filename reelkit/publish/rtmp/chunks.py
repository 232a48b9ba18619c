"""The chunk stream: messages cut into pieces (Adobe's RTMP Specification 1.0, 5.3)."""

import struct
from contextlib import suppress
from dataclasses import dataclass
from typing import NamedTuple

from reelkit.publish.rtmp.errors import ProtocolViolation

DEFAULT_CHUNK_BYTES = 128
SET_CHUNK_SIZE = 1
ABORT = 2
_MAX_CHUNK_BYTES = 0xFFFFFF
_EXTENDED = 0xFFFFFF
"""A time stamp from here on stands behind the header, in 32 bits."""
_MAX_MESSAGE_BYTES = 1 << 20
"""A server has no reason to send a publisher more."""
_MAX_STREAMS = 64
_HEADER_BYTES = (11, 7, 3, 0)
"""By format of the chunk: a full header first, then ever less that is new."""
_CONTINUES = 3
_STAMP_MASK = 0xFFFF_FFFF


@dataclass(frozen=True, slots=True)
class Message:
    """One message. ``timestamp_ms`` counts modulo 2^32."""

    kind: int
    """Message type id."""
    stream_id: int
    timestamp_ms: int
    body: bytes


class ChunkWriter:
    """Makes chunks of messages. Each message has a full header, so that none depends on another."""

    def __init__(self) -> None:
        self.chunk_bytes = DEFAULT_CHUNK_BYTES
        """Change it behind the message that announces it."""

    def write(self, message: Message, chunk_stream: int) -> bytes:
        """The chunks of ``message`` on ``chunk_stream``, 3 … 63, or 2 for what steers the connection."""
        stamp = message.timestamp_ms & _STAMP_MASK
        size = len(message.body)
        extended = struct.pack(">I", stamp) if stamp >= _EXTENDED else b""
        short = min(stamp, _EXTENDED)
        parts = [
            bytes((chunk_stream,)),
            short.to_bytes(3, "big"),
            size.to_bytes(3, "big"),
            bytes((message.kind,)),
            # The only little-endian number of the protocol.
            struct.pack("<I", message.stream_id),
            extended,
            message.body[: self.chunk_bytes],
        ]
        continued = bytes((0xC0 | chunk_stream,)) + extended
        for start in range(self.chunk_bytes, size, self.chunk_bytes):
            parts += (continued, message.body[start : start + self.chunk_bytes])
        return b"".join(parts)


@dataclass(slots=True)
class _Stream:
    """What the next chunk of a chunk stream may leave out."""

    timestamp_ms: int = 0
    delta_ms: int = 0
    size: int = 0
    kind: int = 0
    stream_id: int = 0
    extended: bool = False
    body: bytearray | None = None
    """Of a message that has begun."""

    def take(self, header: "_Header") -> None:
        """Goes on to the chunk with this header."""
        fields = header.fields
        if header.form == _CONTINUES:
            if self.body is None:
                self.timestamp_ms = (self.timestamp_ms + self.delta_ms) & _STAMP_MASK
            return
        self.body = None
        self.extended = header.extended
        if len(fields) >= _HEADER_BYTES[1]:
            self.size = int.from_bytes(fields[3:6], "big")
            self.kind = fields[6]
        if header.form == 0:
            self.stream_id = int.from_bytes(fields[7:11], "little")
            self.timestamp_ms, self.delta_ms = header.stamp, 0
        else:
            self.delta_ms = header.stamp
            self.timestamp_ms = (self.timestamp_ms + header.stamp) & _STAMP_MASK


class _Incomplete(Exception):
    """The rest of a chunk has not come yet."""


class _Header(NamedTuple):
    """Of one chunk."""

    form: int
    number: int
    """Of the chunk stream."""
    fields: bytes
    stamp: int
    extended: bool
    length: int
    """In bytes."""


class ChunkReader:
    """Puts messages together again. Takes chunk sizes and aborts by itself."""

    def __init__(self) -> None:
        self._chunk_bytes = DEFAULT_CHUNK_BYTES
        self._data = bytearray()
        self._streams: dict[int, _Stream] = {}

    def feed(self, data: bytes) -> list[Message]:
        """The messages that are complete now. Raises ProtocolViolation."""
        self._data += data
        messages: list[Message] = []
        with suppress(_Incomplete):
            while self._data:
                message = self._chunk()
                if message is not None and not self._is_for_itself(message):
                    messages.append(message)
        return messages

    def _chunk(self) -> Message | None:
        """Takes the first chunk; the message that it completes. Raises _Incomplete, having taken nothing."""
        header = self._header()
        stream = self._streams.get(header.number)
        if stream is None:
            if header.form == _CONTINUES or len(self._streams) >= _MAX_STREAMS:
                raise ProtocolViolation("the server's chunks do not follow each other")
            stream = _Stream()
        size = int.from_bytes(header.fields[3:6], "big") if len(header.fields) >= 6 else stream.size
        if size > _MAX_MESSAGE_BYTES:
            raise ProtocolViolation("a message of the server is too long", bytes=size)
        begun = len(stream.body) if stream.body is not None and header.form == _CONTINUES else 0
        stop = header.length + min(self._chunk_bytes, size - begun)
        if len(self._data) < stop:
            raise _Incomplete
        self._streams[header.number] = stream
        stream.take(header)
        if stream.body is None:
            stream.body = bytearray()
        stream.body += self._data[header.length : stop]
        del self._data[:stop]
        if len(stream.body) < stream.size:
            return None
        message = Message(stream.kind, stream.stream_id, stream.timestamp_ms, bytes(stream.body))
        stream.body = None
        return message

    def _header(self) -> _Header:
        form, number, at = self._data[0] >> 6, self._data[0] & 0x3F, 1
        if number <= 1:  # the number is in the next byte, or in the next two
            more = self._bytes(at, 1 + number)
            at += len(more)
            number = 64 + int.from_bytes(more, "little")
        fields = self._bytes(at, _HEADER_BYTES[form])
        at += len(fields)
        known = self._streams.get(number)
        extended = fields[:3] == b"\xff\xff\xff" if form != _CONTINUES else known is not None and known.extended
        stamp = int.from_bytes(fields[:3], "big")
        if extended:
            stamp = int.from_bytes(self._bytes(at, 4), "big")
            at += 4
        return _Header(form, number, fields, stamp, extended, at)

    def _bytes(self, at: int, count: int) -> bytes:
        if len(self._data) < at + count:
            raise _Incomplete
        return bytes(self._data[at : at + count])

    def _is_for_itself(self, message: Message) -> bool:
        if message.kind == SET_CHUNK_SIZE:
            size = int.from_bytes(message.body[:4], "big")
            if not 0 < size <= 0x7FFF_FFFF:
                raise ProtocolViolation("the server announces chunks of an impossible size", bytes=size)
            self._chunk_bytes = min(size, _MAX_CHUNK_BYTES)
            return True
        if message.kind == ABORT:
            aborted = self._streams.get(int.from_bytes(message.body[:4], "big"))
            if aborted is not None:
                aborted.body = None
            return True
        return False
