"""What goes through a tunnel."""

import asyncio
import hashlib
import random
from collections.abc import AsyncIterator

import pytest
import uvloop

from reelkit.egress.proxy import EgressProxy
from reelkit.process import wait_until
from tests.egress.proxies import OPEN, browsing, echo, proxy, reading, reset, tcp_host
from tests.patience import PATIENCE_S

PIECE = random.Random(1).randbytes(1 << 20)
MUCH = 64
"""Of pieces: far more than sockets and buffers on the way hold."""


@pytest.fixture
async def opened() -> AsyncIterator[EgressProxy]:
    async with proxy() as ready:
        yield ready


async def test_bytes_go_both_ways_and_are_counted(opened: EgressProxy) -> None:
    async with tcp_host(echo) as port, browsing(opened) as browser:
        assert await browser.connect("images.example", port) == b"HTTP/1.1 200 OK\r\n\r\n"
        before = opened.counters.up_bytes
        for size_bytes in (1, 1_200, 100_000):
            await browser.send(PIECE[:size_bytes])
            async with asyncio.timeout(PATIENCE_S):
                assert await browser.reader.readexactly(size_bytes) == PIECE[:size_bytes]
        assert opened.counters.up_bytes - before == opened.counters.down_bytes == 101_201


async def test_what_comes_with_the_request_goes_through(opened: EgressProxy) -> None:
    """A browser need not wait for the answer."""
    async with tcp_host(echo) as port, browsing(opened) as browser:
        await browser.send(f"CONNECT images.example:{port} HTTP/1.1\r\n\r\n".encode() + PIECE)
        browser.writer.write_eof()
        await browser.head()
        assert await browser.rest() == PIECE


async def test_each_direction_ends_by_itself(opened: EgressProxy) -> None:
    await _half_closed(opened)


def test_the_servers_loop_does_the_same() -> None:
    async def scenario() -> None:
        async with proxy() as ready:
            await _half_closed(ready)
            await _much(ready)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(scenario())


async def test_a_slow_browser_slows_the_host_down_and_loses_nothing(opened: EgressProxy) -> None:
    await _much(opened)


async def test_a_slow_host_slows_the_browser_down(opened: EgressProxy) -> None:
    go_on = asyncio.Event()
    heard = hashlib.sha256()

    async def listen(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await go_on.wait()
        while data := await reader.read(1 << 18):
            heard.update(data)
        writer.write(b"heard")

    async with tcp_host(listen) as port, browsing(opened) as browser:
        await browser.connect("images.example", port)
        sent = await _send_until_it_stalls(browser.writer)
        go_on.set()
        for _ in range(MUCH - sent):
            await browser.send(PIECE)
        browser.writer.write_eof()
        assert await browser.rest() == b"heard"
    assert heard.digest() == hashlib.sha256(PIECE * MUCH).digest()


async def test_a_host_that_is_lost_ends_the_browsers_connection_when_all_is_read(opened: EgressProxy) -> None:
    all_has_come = asyncio.Event()

    async def say_and_cut(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(PIECE)
        await all_has_come.wait()
        reset(writer)

    async def came() -> bool:
        return opened.counters.down_bytes == len(PIECE)

    async with tcp_host(say_and_cut) as port, browsing(opened) as browser:
        transport = reading(browser.writer)
        transport.pause_reading()
        await browser.send(f"CONNECT {OPEN}:{port} HTTP/1.1\r\n\r\n".encode())
        await wait_until(came, timeout_s=PATIENCE_S)
        all_has_come.set()
        transport.resume_reading()
        await browser.head()
        assert await browser.rest() == PIECE


async def test_a_browser_that_is_lost_ends_the_hosts_connection(opened: EgressProxy) -> None:
    """Also of one that would talk for ever."""
    ended = asyncio.Event()

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(PIECE)
                await writer.drain()
        except ConnectionError:
            ended.set()

    async with tcp_host(pour) as port, browsing(opened) as browser:
        await browser.connect("images.example", port)
        reset(browser.writer)
        async with asyncio.timeout(PATIENCE_S):
            await ended.wait()


@pytest.mark.usefixtures("unhurried")
async def test_a_tunnel_without_traffic_is_cut_and_no_other() -> None:
    async with (
        tcp_host(echo) as port,
        proxy(idle_timeout_s=0.3) as opened,
        browsing(opened) as idle,
        browsing(opened) as busy,
    ):
        for browser in (idle, busy):
            await browser.connect("images.example", port)
        cut = asyncio.ensure_future(idle.rest())
        while not cut.done():
            await busy.send(b"ping\r\n\r\n")
            assert await busy.head() == b"ping\r\n\r\n"
        with pytest.raises(ConnectionResetError):
            cut.result()
        await busy.send(b"still\r\n\r\n")
        assert await busy.head() == b"still\r\n\r\n"


async def _half_closed(opened: EgressProxy) -> None:
    """The host answers when it has heard the end; and a browser still speaks when it has."""
    said: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def listen_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"heard " + await reader.read())

    async def speak_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"welcome")
        writer.write_eof()
        said.set_result(await reader.read())

    async with tcp_host(listen_first) as listening, tcp_host(speak_first) as speaking:
        async with browsing(opened) as browser:
            await browser.connect(OPEN, listening)
            await browser.send(b"everything")
            browser.writer.write_eof()
            assert await browser.rest() == b"heard everything"
        async with browsing(opened) as browser:
            await browser.connect(OPEN, speaking)
            assert await browser.rest() == b"welcome"
            await browser.send(b"thanks")
            browser.writer.write_eof()
            async with asyncio.timeout(PATIENCE_S):
                assert await said == b"thanks"


async def _much(opened: EgressProxy) -> None:
    stalled: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    async def pour(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        sent = await _send_until_it_stalls(writer)
        stalled.set_result(sent)
        for _number in range(sent, MUCH):
            writer.write(PIECE)
            await writer.drain()

    heard = hashlib.sha256()
    async with tcp_host(pour) as port, browsing(opened) as browser:
        await browser.connect(OPEN, port)
        transport = reading(browser.writer)
        transport.pause_reading()
        async with asyncio.timeout(PATIENCE_S):
            assert await stalled < MUCH
            transport.resume_reading()
            while data := await browser.reader.read(1 << 18):
                heard.update(data)
    assert heard.digest() == hashlib.sha256(PIECE * MUCH).digest()


async def _send_until_it_stalls(writer: asyncio.StreamWriter) -> int:
    """How many pieces were sent when no more could be for a while."""
    for count in range(1, MUCH):
        writer.write(PIECE)
        try:
            async with asyncio.timeout(0.2):
                await writer.drain()
        except TimeoutError:
            return count
    return MUCH
