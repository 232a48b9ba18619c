"""One connection to a server that takes a stream (Adobe's RTMP Specification 1.0, 7.2)."""

import asyncio
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, TypeVar

from reelkit.publish.rtmp import amf0, messages
from reelkit.publish.rtmp.chunks import ChunkReader, ChunkWriter, Message
from reelkit.publish.rtmp.errors import ConnectionEnded, ProtocolViolation, PublishRefused
from reelkit.publish.rtmp.flv import Tag
from reelkit.publish.rtmp.url import RtmpUrl

_T = TypeVar("_T")

_CHUNK_BYTES = 4_096
_WINDOW_BYTES = 2_500_000
"""How much the server is to get before it acknowledges; nothing waits for that."""
_READ_BYTES = 16_384
_SOCKET_BYTES = 1 << 18
_BUFFER_BYTES = 1 << 16
"""What waits in the process for the socket. More waits where it can still be dropped."""
_MOST_WAITING_BYTES = 16 << 20
"""Far more than a packet: only answers that nobody reads come to that."""
_CONNECT, _RELEASE, _ANNOUNCE, _CREATE, _PUBLISH, _WITHDRAW, _DELETE = range(1, 8)
"""The transactions of a connection, in order."""
_CODE = re.compile(r"[A-Za-z][A-Za-z0-9.]{0,79}")


class Session:
    """Publishes one stream over a connection on which hands were shaken. Call :meth:`open` first."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, url: RtmpUrl, stall_timeout_s: float
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._url = url
        self._stall_timeout_s = stall_timeout_s
        self._chunks = ChunkWriter()
        self._answers: dict[int, asyncio.Future[amf0.Value]] = {}
        self._published: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stream_id = 0
        self._received_bytes = 0
        self._acknowledged_bytes = 0
        self._window_bytes = 0
        self._headers: dict[str, bytes] = {}
        """The sequence header that was sent last, by kind of packet."""
        self.sent_bytes = 0
        writer.transport.set_write_buffer_limits(high=_BUFFER_BYTES)
        # Left to itself the system takes megabytes, which are many seconds of a stream.
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SOCKET_BYTES)
        self._ended = asyncio.create_task(self._listen(), name="rtmp-server")
        """Ends with an error when the connection is of no use any more."""

    async def open(self, metadata: amf0.EcmaArray) -> None:
        """Up to the server's consent. Raises RtmpError, OSError."""
        self._write(messages.set_chunk_size(_CHUNK_BYTES), messages.CONTROL_CHUNK_STREAM)
        self._chunks.chunk_bytes = _CHUNK_BYTES
        self._write(messages.window_acknowledgement_size(_WINDOW_BYTES), messages.CONTROL_CHUNK_STREAM)
        await self._ask(
            _CONNECT,
            "connect",
            {
                "app": self._url.app,
                "type": "nonprivate",
                "flashVer": "FMLE/3.0 (compatible; Reelkit)",
                "tcUrl": self._url.tc_url,
            },
        )
        # What services of old expect first; others do not know these commands, and their answers do not matter.
        self._command(messages.command("releaseStream", _RELEASE, None, self._url.key))
        self._command(messages.command("FCPublish", _ANNOUNCE, None, self._url.key))
        stream_id = await self._ask(_CREATE, "createStream", None)
        if not isinstance(stream_id, float) or not 0 < stream_id <= 0xFFFF_FFFF:
            raise ProtocolViolation("the server made no stream")
        self._stream_id = int(stream_id)
        self._command(messages.command("publish", _PUBLISH, None, self._url.key, "live", stream_id=self._stream_id))
        await self.unless_ended(self._published)
        self._write(messages.metadata(metadata, self._stream_id), messages.AUDIO_CHUNK_STREAM)
        await self._drain()

    async def send(self, tag: Tag) -> None:
        """Sends a packet, behind its sequence header if the server does not have that yet.

        Raises ConnectionEnded, also when the server takes no data for ``stall_timeout_s``, and OSError.
        """
        if tag.header and self._headers.get(tag.kind) != tag.header:
            self._headers[tag.kind] = tag.header
            self._media(tag, tag.header)
        self._media(tag, tag.body)
        await self._drain()

    async def close(self) -> None:
        """Ends the stream and waits until the server has closed the connection. Raises RtmpError, OSError."""
        self._command(messages.command("FCUnpublish", _WITHDRAW, None, self._url.key))
        self._command(messages.command("deleteStream", _DELETE, None, float(self._stream_id)))
        await self._drain()
        if self._writer.can_write_eof():
            # Closing both directions while the server still answers could cost what is on its way.
            self._writer.write_eof()
            await asyncio.wait({self._ended})
        self._writer.close()
        await self._writer.wait_closed()

    async def abandon(self) -> None:
        """Gives the connection up, whatever state it is in."""
        self._ended.cancel()
        await asyncio.wait({self._ended})
        if not self._ended.cancelled():
            self._ended.exception()
        self._published.cancel()
        self._writer.transport.abort()

    def _media(self, tag: Tag, body: bytes) -> None:
        kind, chunk_stream = (
            (messages.VIDEO, messages.VIDEO_CHUNK_STREAM)
            if tag.kind == "video"
            else (messages.AUDIO, messages.AUDIO_CHUNK_STREAM)
        )
        self._write(Message(kind, self._stream_id, tag.timestamp_ms, body), chunk_stream)

    def _command(self, message: Message) -> None:
        self._write(message, messages.COMMAND_CHUNK_STREAM)

    async def _ask(self, transaction: int, name: str, argument: amf0.Value) -> amf0.Value:
        """What the server answers."""
        answer: asyncio.Future[amf0.Value] = asyncio.get_running_loop().create_future()
        self._answers[transaction] = answer
        self._command(messages.command(name, transaction, argument))
        return await self.unless_ended(answer)

    async def unless_ended(self, awaited: "asyncio.Future[_T]") -> _T:
        """Waits for something, or raises what ended the connection."""
        both: set[asyncio.Future[Any]] = {awaited, self._ended}
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
            if self._ended.done():
                self._ended.result()
            return awaited.result()
        finally:
            awaited.cancel()

    def _write(self, message: Message, chunk_stream: int) -> None:
        data = self._chunks.write(message, chunk_stream)
        self.sent_bytes += len(data)
        self._writer.write(data)

    async def _drain(self) -> None:
        try:
            async with asyncio.timeout(self._stall_timeout_s):
                await self._writer.drain()
        except TimeoutError:
            raise ConnectionEnded(f"the server took no data for {self._stall_timeout_s:g} s") from None

    async def _listen(self) -> None:
        """Hears the server until the connection ends."""
        chunks = ChunkReader()
        while data := await self._reader.read(_READ_BYTES):
            self._received_bytes += len(data)
            for message in chunks.feed(data):
                self._hear(message)
            if self._writer.transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
                raise ConnectionEnded("the server asks on and on and takes no answers")
            if self._window_bytes and self._received_bytes - self._acknowledged_bytes >= self._window_bytes:
                self._acknowledged_bytes = self._received_bytes
                self._write(messages.acknowledgement(self._received_bytes), messages.CONTROL_CHUNK_STREAM)
        raise ConnectionEnded("the server closed the connection")

    def _hear(self, message: Message) -> None:
        match message.kind:
            case messages.COMMAND_AMF0:
                self._hear_command(amf0.decode(message.body))
            case messages.COMMAND_AMF3:
                # A byte that says nothing, and then AMF 0 after all.
                self._hear_command(amf0.decode(message.body[1:]))
            case messages.WINDOW_ACKNOWLEDGEMENT_SIZE:
                self._window_bytes = int.from_bytes(message.body[:4], "big")
            case messages.USER_CONTROL if message.body[:2] == struct.pack(">H", messages.PING_REQUEST):
                self._write(messages.ping_response(message.body[2:6]), messages.CONTROL_CHUNK_STREAM)
            case _:
                # Acknowledgements, bandwidths and the begin of streams change nothing for a publisher.
                pass

    def _hear_command(self, values: list[amf0.Value]) -> None:
        if not values:
            return
        name, rest = values[0], values[2:]
        transaction = values[1] if len(values) > 1 else None
        match name:
            case "_result" | "_error" if isinstance(transaction, float):
                self._answered(int(transaction), rest, refused=name == "_error")
            case "onStatus":
                self._told(_info(rest))
            case "close":
                raise ConnectionEnded("the server closed the connection")
            case _:
                pass

    def _answered(self, transaction: int, rest: list[amf0.Value], *, refused: bool) -> None:
        answer = self._answers.pop(transaction, None)
        if answer is None or answer.done():
            return
        if refused:
            raise PublishRefused(f"the server refused the stream: {self._code(_info(rest))}")
        answer.set_result(rest[1] if len(rest) > 1 else None)

    def _told(self, info: Mapping[str, amf0.Value]) -> None:
        code = self._code(info)
        if code == "NetStream.Publish.Start":
            if not self._published.done():
                self._published.set_result(None)
        elif info.get("level") == "error":
            raise PublishRefused(f"the server refused the stream: {code}")
        elif code.startswith("NetStream.Unpublish"):
            raise ConnectionEnded("the server ended the stream")

    def _code(self, info: Mapping[str, amf0.Value]) -> str:
        """The server's code for what happened. Its text is not repeated: it may name the stream."""
        code = info.get("code")
        if not isinstance(code, str) or self._url.key in code or not _CODE.fullmatch(code):
            return "without a reason"
        return code


def _info(rest: list[amf0.Value]) -> Mapping[str, amf0.Value]:
    """The information object of an answer: the last mapping in it."""
    return next((value for value in reversed(rest) if isinstance(value, Mapping)), {})
