"""One connection, with a server that says what a test wants."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from unittest.mock import patch

import pytest

from reelkit.publish.rtmp import amf0, messages
from reelkit.publish.rtmp.chunks import ChunkReader, ChunkWriter, Message
from reelkit.publish.rtmp.errors import ConnectionEnded, ProtocolViolation, PublishRefused
from reelkit.publish.rtmp.flv import Tag
from reelkit.publish.rtmp.handshake import shake_hands
from reelkit.publish.rtmp.session import Session
from reelkit.publish.rtmp.url import RtmpUrl
from tests.patience import PATIENCE_S

KEY = "key-of-the-stream"
BLOCK = 1_536


class Peer:
    """The server's side of a connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer
        self._chunks, self._out = ChunkReader(), ChunkWriter()
        self._pending: list[Message] = []

    async def shake_hands(self) -> None:
        hello = await self.reader.readexactly(1 + BLOCK)
        assert hello[0] == 3
        mine = bytes(8) + b"s" * (BLOCK - 8)
        self.writer.write(b"\x03" + mine + hello[1:])
        assert await self.reader.readexactly(BLOCK) == mine, "C2 repeats S1"

    async def next(self) -> Message:
        while not self._pending:
            data = await self.reader.read(65_536)
            if not data:
                raise EOFError
            self._pending += self._chunks.feed(data)
        return self._pending.pop(0)

    async def command(self) -> list[amf0.Value]:
        while (message := await self.next()).kind != messages.COMMAND_AMF0:
            pass
        return amf0.decode(message.body)

    def send(self, message: Message) -> None:
        self.writer.write(self._out.write(message, 3))

    def answer(self, transaction: amf0.Value, *values: amf0.Value, name: str = "_result") -> None:
        assert isinstance(transaction, float)
        self.send(messages.command(name, int(transaction), *values))

    def status(self, level: str, code: str, description: str = "") -> None:
        info: amf0.Value = {"level": level, "code": code, "description": description}
        self.send(messages.command("onStatus", 0, None, info, stream_id=1))

    async def accept(self) -> list[list[amf0.Value]]:
        """Everything up to the consent; the commands that came."""
        await self.shake_hands()
        commands = []
        while True:
            command = await self.command()
            commands.append(command)
            match command[0]:
                case "connect":
                    self.answer(command[1], {"fmsVer": "FMS/3"}, {"code": "NetConnection.Connect.Success"})
                case "releaseStream":
                    self.answer(command[1], None, {"code": "nobody knows"}, name="_error")
                case "createStream":
                    self.answer(command[1], None, 1.0)
                case "publish":
                    self.status("status", "NetStream.Publish.Start")
                    return commands


@asynccontextmanager
async def connected(serve: Callable[[Peer], Awaitable[None]]) -> AsyncIterator[Session]:
    failures: list[BaseException] = []

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(Peer(reader, writer))
        except (AssertionError, EOFError) as error:
            failures.append(error)
        finally:
            writer.close()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    async with server, asyncio.timeout(PATIENCE_S):
        try:
            await shake_hands(reader, writer)
            session = Session(reader, writer, RtmpUrl.parse(f"rtmp://127.0.0.1:{port}/app/{KEY}"), 0.5)
            try:
                yield session
            finally:
                await session.abandon()
        finally:
            writer.transport.abort()
    assert not failures


async def opened_and_ended(session: Session) -> None:
    """Until the server ends it."""
    await session.open(amf0.EcmaArray())
    await session.unless_ended(asyncio.get_running_loop().create_future())


async def sent_for_ever(session: Session) -> None:
    while True:
        await session.send(tag("video", bytes(1 << 20)))


def tag(kind: str, body: bytes, header: bytes = b"") -> Tag:
    return Tag("video" if kind == "video" else "audio", 40, kind == "video", body, header)


async def test_from_the_handshake_to_the_end() -> None:
    seen: list[tuple[int, int, bytes]] = []
    commands: list[list[amf0.Value]] = []

    async def serve(peer: Peer) -> None:
        commands.extend(await peer.accept())
        while True:
            message = await peer.next()
            if message.kind == messages.COMMAND_AMF0:
                commands.append(amf0.decode(message.body))
                if commands[-1][0] == "deleteStream":
                    return
            else:
                seen.append((message.kind, message.timestamp_ms, message.body))

    async with connected(serve) as session:
        await session.open(amf0.EcmaArray(width=64.0))
        for one in (
            tag("video", b"picture", b"sets"),
            tag("audio", b"sound", b"config"),
            tag("video", b"p" * 9_000, b"sets"),
        ):
            await session.send(one)
        await session.send(tag("video", b"other", b"new sets"))
        await session.close()
        assert session.sent_bytes > 9_000
    assert [command[0] for command in commands] == [
        "connect", "releaseStream", "FCPublish", "createStream", "publish", "FCUnpublish", "deleteStream",
    ]  # fmt: skip
    connect, publish = commands[0], commands[4]
    assert isinstance(connect[2], dict)
    assert (connect[2]["app"], KEY in str(connect)) == ("app", False)
    assert publish[2:] == [None, KEY, "live"]
    assert amf0.decode(seen[0][2]) == ["@setDataFrame", "onMetaData", {"width": 64.0}]
    assert seen[1:] == [
        (9, 40, b"sets"), (9, 40, b"picture"), (8, 40, b"config"), (8, 40, b"sound"), (9, 40, b"p" * 9_000),
        (9, 40, b"new sets"), (9, 40, b"other"),
    ]  # fmt: skip


async def test_pings_are_answered_and_what_was_received_is_acknowledged() -> None:
    got: list[Message] = []

    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.send(Message(messages.WINDOW_ACKNOWLEDGEMENT_SIZE, 0, 0, (100).to_bytes(4, "big")))
        peer.send(Message(messages.USER_CONTROL, 0, 0, bytes.fromhex("0006 0000 03e8")))
        while len(got) < 2:
            message = await peer.next()
            if message.kind in {messages.USER_CONTROL, messages.ACKNOWLEDGEMENT}:
                got.append(message)

    async with connected(serve) as session:
        await session.open(amf0.EcmaArray())
        with pytest.raises((ConnectionEnded, ConnectionResetError)):
            await session.unless_ended(asyncio.get_running_loop().create_future())
    pong, acknowledged = sorted(got, key=lambda message: -message.kind)
    assert pong.body == bytes.fromhex("0007 0000 03e8")
    assert int.from_bytes(acknowledged.body, "big") > 100


async def test_answers_that_nobody_reads_do_not_pile_up() -> None:
    asking = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await asking.wait()
        peer.send(Message(messages.USER_CONTROL, 0, 0, bytes.fromhex("0006 0000 03e8")))
        with suppress(EOFError, ConnectionError):
            while True:
                await peer.next()

    async with connected(serve) as session:
        await session.open(amf0.EcmaArray())
        with patch.object(session._writer.transport, "get_write_buffer_size", return_value=1 << 30):
            asking.set()
            with pytest.raises(ConnectionEnded, match="takes no answers"):
                await session.unless_ended(asyncio.get_running_loop().create_future())


@pytest.mark.parametrize("when", ["connect", "publish"])
async def test_a_refusal_does_not_repeat_the_key(when: str) -> None:
    async def serve(peer: Peer) -> None:
        await peer.shake_hands()
        while (command := await peer.command())[0] != when:
            if command[0] in {"connect", "createStream"}:
                peer.answer(command[1], None, 1.0)
        code, text = "NetStream.Publish.BadName", f"{KEY} is being published"
        if when == "connect":
            peer.answer(command[1], None, {"code": code, "description": text}, name="_error")
        else:
            peer.status("error", code, text)
        await peer.next()

    async with connected(serve) as session:
        with pytest.raises(PublishRefused, match=r"NetStream\.Publish\.BadName") as refused:
            await session.open(amf0.EcmaArray())
    assert KEY not in str(refused.value)


@pytest.mark.parametrize("code", [KEY, "with blanks " * 9, None])
async def test_a_code_that_is_none_is_not_repeated(code: str | None) -> None:
    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.send(messages.command("onStatus", 0, None, {"level": "error", "code": code}))
        await peer.next()

    async with connected(serve) as session:
        with pytest.raises(PublishRefused, match="without a reason"):
            await opened_and_ended(session)


async def test_a_server_that_takes_nothing_is_given_up() -> None:
    over = asyncio.Event()

    async def serve(peer: Peer) -> None:
        await peer.accept()
        await over.wait()

    async with connected(serve) as session:
        await session.open(amf0.EcmaArray())
        with pytest.raises(ConnectionEnded, match="took no data"):
            await sent_for_ever(session)
        over.set()


async def test_something_else_than_an_rtmp_server() -> None:
    async def serve(peer: Peer) -> None:
        peer.writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with pytest.raises(ProtocolViolation, match="does not speak RTMP"):
        async with connected(serve):
            pass


async def test_nonsense_ends_the_connection() -> None:
    async def serve(peer: Peer) -> None:
        await peer.accept()
        peer.writer.write(b"\xff" * 4_000)
        await peer.reader.read()

    async with connected(serve) as session:
        with pytest.raises(ProtocolViolation):
            await opened_and_ended(session)
