"""What goes to the places where only WebRTC may connect."""

import asyncio
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

import pytest

from reelkit.egress.guard import system_resolver
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import Refusal
from reelkit.egress.proxy_route import ProxyRoute
from tests.egress.proxies import CLOSED, browsing, get_status, guard, proxy, resolve, tcp_host, tunnel_status
from tests.patience import PATIENCE_S

ONLY_MEDIA = "only WebRTC may connect there"
WELCOME = b"220 welcome\r\n"
PUBLIC = "192.0.2.7"
"""That of a machine behind a NAT: it leads nowhere here."""


class Listener:
    """A server that speaks first, and keeps what it hears."""

    def __init__(self) -> None:
        self.port = 0
        self.connections = 0
        self.heard = b""
        self.ended = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(WELCOME)
        try:
            while data := await reader.read(1 << 16):
                self.heard += data
        finally:
            self.ended.set()

    def route(self, host: str = CLOSED) -> ProxyRoute:
        return ProxyRoute(host, range(self.port, self.port + 1), (CLOSED, None), media=True)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    kept = Listener()
    async with tcp_host(kept.serve, CLOSED) as kept.port:
        yield kept


def stun(
    kind: int = 0x0001, attributes: bytes = b"\x00\x06\x00\x04ab:c", cookie: int = 0x2112A442, length: int | None = None
) -> bytes:
    attribute_bytes = len(attributes) if length is None else length
    return struct.pack("!HHI12s", kind, attribute_bytes, cookie, b"transaction!") + attributes


def framed(message: bytes) -> bytes:
    return struct.pack("!H", len(message)) + message


REQUEST = framed(stun())


async def test_webrtc_passes(listener: Listener) -> None:
    async with proxy([listener.route()]) as opened, browsing(opened) as browser:
        assert b" 200 " in await browser.connect(CLOSED, listener.port)
        # In as many pieces as it may come in.
        for index in range(len(REQUEST)):
            await browser.send(REQUEST[index : index + 1])
        await browser.send(b"dtls")
        async with asyncio.timeout(PATIENCE_S):
            assert await browser.reader.readexactly(len(WELCOME)) == WELCOME
        browser.writer.write_eof()
        assert await browser.rest() == b""
    assert listener.heard == REQUEST + b"dtls"
    assert opened.counters.refused == 0


async def test_also_when_it_comes_with_the_request(listener: Listener) -> None:
    async with proxy([listener.route()]) as opened, browsing(opened) as browser:
        await browser.send(f"CONNECT {CLOSED}:{listener.port} HTTP/1.1\r\n\r\n".encode() + REQUEST)
        browser.writer.write_eof()
        await browser.head()
        assert await browser.rest() == WELCOME
    assert listener.heard == REQUEST


@pytest.mark.parametrize(
    "sent",
    [
        b"\x16\x03\x01\x06\x4c\x01\x00\x06\x48\x03\x03" + bytes(1600),
        b"GET /socket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n",
        REQUEST[2:],
        stun(0x0003),
        framed(stun(0x0003)),
        framed(stun(0x0101)),
        framed(stun(cookie=0x2112A443)),
        framed(stun(length=4)),
        framed(stun(attributes=b"abc")),
        b"POST / HTTP/1.1\r\n\r\n" + REQUEST,
    ],
    ids=["TLS", "WebSocket", "no frame", "TURN", "allocation", "response", "cookie", "length", "padding", "behind"],
)
async def test_nothing_else_passes(listener: Listener, sent: bytes) -> None:
    refusals: list[Refusal] = []
    async with proxy([listener.route()], on_refused=refusals.append) as opened, browsing(opened) as browser:
        await browser.connect(CLOSED, listener.port)
        await browser.send(sent)
        with pytest.raises(ConnectionResetError):
            await browser.rest()
        await _ended(listener)
        assert opened.counters.refused == 1
    assert listener.heard == b""
    assert refusals == [Refusal(CLOSED, listener.port, ONLY_MEDIA)]


async def test_nor_what_breaks_off(listener: Listener) -> None:
    async with proxy([listener.route()]) as opened, browsing(opened) as browser:
        await browser.connect(CLOSED, listener.port)
        await browser.send(REQUEST[:9])
        browser.writer.write_eof()
        with pytest.raises(ConnectionResetError):
            await browser.rest()
        await _ended(listener)
        assert opened.counters.refused == 1
    assert listener.heard == b""


@pytest.mark.usefixtures("unhurried")
@pytest.mark.parametrize("sent", [b"", REQUEST[:9]])
async def test_who_says_too_little_hears_nothing_and_is_cut(listener: Listener, sent: bytes) -> None:
    async with proxy([listener.route()], head_timeout_s=0.2) as opened, browsing(opened) as browser:
        await browser.connect(CLOSED, listener.port)
        await browser.send(sent)
        with pytest.raises(ConnectionResetError):
            await browser.rest()
        await _ended(listener)
        assert opened.counters.failed == 1
    assert listener.heard == b""


async def test_an_end_without_a_byte_is_nobodys_fault(listener: Listener) -> None:
    async with proxy([listener.route()]) as opened, browsing(opened) as browser:
        await browser.connect(CLOSED, listener.port)
        browser.writer.write_eof()
        await browser.rest()
        await _ended(listener)
        assert opened.counters.refused == opened.counters.failed == 0
    assert listener.heard == b""


async def test_there_is_no_way_without_a_tunnel(listener: Listener) -> None:
    refusals: list[Refusal] = []
    # Not even where the guard would permit the address.
    async with EgressProxy(guard(allow_private=True), [listener.route()], on_refused=refusals.append) as opened:
        assert await get_status(opened, CLOSED, listener.port) == 403
    assert listener.connections == 0
    assert refusals == [Refusal(CLOSED, listener.port, ONLY_MEDIA)]


@pytest.mark.parametrize("status", [tunnel_status, get_status])
@pytest.mark.parametrize("name", ["internal.example", "mixed.example", "2130706434", "127.2", "[::ffff:127.0.0.2]"])
async def test_there_is_no_way_by_another_name(
    listener: Listener, name: str, status: Callable[[EgressProxy, str, int], Awaitable[int]]
) -> None:
    async def names(host: str, port: int) -> Sequence[str]:
        return await (resolve if host.endswith(".example") else system_resolver)(host, port)

    async with EgressProxy(guard(names, allow_private=True), [listener.route()]) as opened:
        assert await status(opened, name, listener.port) == 403
    assert listener.connections == 0


async def test_a_public_address_leads_in_past_the_nat(listener: Listener) -> None:
    async def means_it(_: str, __: int) -> Sequence[str]:
        return [PUBLIC]

    routes = [listener.route(PUBLIC)]
    async with EgressProxy(guard(means_it, allow_private=True), routes) as opened, browsing(opened) as browser:
        await browser.connect(PUBLIC, listener.port)
        await browser.send(REQUEST)
        async with asyncio.timeout(PATIENCE_S):
            assert await browser.reader.readexactly(len(WELCOME)) == WELCOME
        for name in ("another.example", f"[::ffff:{PUBLIC}]"):
            assert await tunnel_status(opened, name, listener.port) == 403
    assert listener.connections == 1


async def _ended(listener: Listener) -> None:
    async with asyncio.timeout(PATIENCE_S):
        await listener.ended.wait()
