import asyncio
from collections.abc import AsyncIterator

import pytest

from reelkit.process import wait_until
from testbed.faulty_link import FaultyLink
from testbed.free_port import LOOPBACK
from tests.patience import PATIENCE_S


class Sink:
    """Keeps what it is sent, and answers the first byte."""

    def __init__(self) -> None:
        self.received = bytearray()
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(1 << 16):
                self.received += data
                writer.write(b"!")
        except ConnectionError:
            pass
        finally:
            writer.close()


@pytest.fixture
async def sink() -> AsyncIterator[Sink]:
    kept = Sink()
    server = await asyncio.start_server(kept.serve, LOOPBACK, 0)
    kept.port = server.sockets[0].getsockname()[1]
    yield kept
    server.close()
    await server.wait_closed()


@pytest.fixture
async def link(sink: Sink) -> AsyncIterator[FaultyLink]:
    async with FaultyLink(sink.port) as opened:
        yield opened


async def send(link: FaultyLink, data: bytes) -> None:
    """Sends until all is sent and answered. Raises ConnectionError if it was cut."""
    reader, writer = await asyncio.open_connection(LOOPBACK, link.port)
    try:
        writer.write(data)
        await writer.drain()
        writer.write_eof()
        if not await reader.read():
            raise ConnectionResetError
    finally:
        writer.transport.abort()


async def test_a_good_link_passes_everything_on(link: FaultyLink, sink: Sink) -> None:
    await send(link, b"a" * 1_000_000)
    assert bytes(sink.received) == b"a" * 1_000_000
    assert (link.sent_bytes, link.cuts, link.connections) == (1_000_000, 0, 1)


async def test_a_cut_comes_after_so_many_bytes(link: FaultyLink, sink: Sink) -> None:
    link.cut_after(100_000)
    with pytest.raises(ConnectionError):
        await send(link, b"a" * 1_000_000)
    assert len(sink.received) <= link.sent_bytes == 100_000
    assert link.cuts == 1
    await send(link, b"b" * 10)


async def test_damage_is_one_byte(link: FaultyLink, sink: Sink) -> None:
    link.damage_after(70_000)
    await send(link, b"a" * 100_000)
    assert [at for at, byte in enumerate(sink.received) if byte != ord("a")] == [70_000]


async def test_a_stopped_link_refuses_until_it_is_started_again(link: FaultyLink) -> None:
    port = link.port
    await link.stop()
    with pytest.raises(ConnectionError):
        await send(link, b"a")
    await link.start()
    assert link.port == port
    await send(link, b"a")


async def test_a_stalled_link_holds_what_it_has(link: FaultyLink, sink: Sink) -> None:
    link.stalled = True
    sending = asyncio.create_task(send(link, b"a"))

    async def connected() -> bool:
        return link.connections == 1

    await wait_until(connected, timeout_s=PATIENCE_S)
    assert not sink.received
    link.stalled = False
    await sending
    assert sink.received == b"a"


async def test_random_cuts_are_the_same_for_the_same_seed(link: FaultyLink) -> None:
    async def places() -> list[int]:
        link.cut_randomly(200_000, seed=1)
        found = []
        for _ in range(3):
            before = link.sent_bytes
            with pytest.raises(ConnectionError):
                await send(link, b"a" * 10_000_000)
            found.append(link.sent_bytes - before)
        link.cut_randomly(None)
        return found

    first = await places()
    assert len(set(first)) == 3
    assert await places() == first
