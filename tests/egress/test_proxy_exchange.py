"""Requests without a tunnel, and their answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from reelkit.egress.proxy import EgressProxy
from tests.egress.hosts import Host, host_on
from tests.egress.proxies import OPEN, ask, browsing, proxy, reading, reset, tcp_host
from tests.patience import PATIENCE_S

BODY = bytes(range(256)) * 8_192
"""2 MiB."""
CHUNKED = b"5;name=value\r\nhello\r\n" + b"200000\r\n" + BODY + b"\r\n" + b"0\r\nExpires: never\r\nX: y\r\n\r\n"


@pytest.fixture
async def opened() -> AsyncIterator[EgressProxy]:
    async with proxy() as ready:
        yield ready


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on(OPEN) as ready:
        yield ready


def request(port: int, *fields: str, method: str = "GET") -> bytes:
    return "\r\n".join((f"{method} http://images.example:{port}/a?b HTTP/1.1", *fields, "", "")).encode()


async def test_a_page_comes_whole(opened: EgressProxy, host: Host) -> None:
    host.answer(
        "200 Fine", BODY, Set_Cookie="a=b", Keep_Alive="5", Proxy_Authenticate="Basic", Upgrade="h2c", Server="x  y"
    )
    head, _, body = (await ask(opened, request(host.port, "Accept: */*"))).partition(b"\r\n\r\n")
    assert head.decode().split("\r\n") == [
        "HTTP/1.1 200 Fine",
        f"content-length: {len(BODY)}",
        "Set-Cookie: a=b",
        "Server: x  y",
        "Connection: close",
    ]
    assert body == BODY
    assert host.requests == [
        f"GET /a?b HTTP/1.1\r\nHost: images.example:{host.port}\r\nAccept: */*\r\nConnection: close\r\n\r\n".encode()
    ]
    assert opened.counters.down_bytes > len(BODY) > opened.counters.up_bytes > 0


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.0 200 OK\r\n\r\nup to the end",
        b"HTTP/1.1 304 Not Modified\r\nETag: x\r\n\r\n",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 Gr\xfc\xdfe\r\nX: \xfc\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: folded\r\n  value\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_answers_are_passed_on_as_they_are(opened: EgressProxy, answer: bytes) -> None:
    async with _answering(answer) as port:
        head, _, body = answer.partition(b"\r\n\r\n")
        assert await ask(opened, request(port)) == head + b"\r\nConnection: close\r\n\r\n" + body


async def test_line_ends_of_old_servers_are_understood(opened: EgressProxy) -> None:
    async with _answering(b"HTTP/1.0 200 OK\nProxy-Authenticate: Basic\n realm=x\nX: y\n\nbody\n\nbody") as port:
        assert await ask(opened, request(port)) == (b"HTTP/1.0 200 OK\r\nX: y\r\nConnection: close\r\n\r\nbody\n\nbody")


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: y\r\n",
        b"HTTP/2 200 OK\r\n\r\n",
        b"HTTP/1.1 2000 OK\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
        b"HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"x" * 300_000 + b"\r\n\r\n",
    ],
)
async def test_what_is_no_answer_is_the_hosts_failure(opened: EgressProxy, answer: bytes) -> None:
    async with _answering(answer) as port:
        said = await ask(opened, request(port))
    assert said.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
    assert b"Proxy-Authenticate" not in said
    assert opened.counters.failed == 1


@pytest.mark.parametrize(
    ("field", "body", "told"),
    [
        (f"Content-Length: {len(BODY)}", BODY, f"Content-Length: {len(BODY)}"),
        ("Transfer-Encoding: chunked", CHUNKED, "Transfer-Encoding: chunked"),
        ("Content-Length: 0", b"", "Content-Length: 0"),
    ],
)
async def test_bodies_go_up_whole_and_nothing_behind_them(
    opened: EgressProxy, field: str, body: bytes, told: str
) -> None:
    heard: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        content = await reader.readexactly(len(body))
        heard.set_result(head)
        assert content == body
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        await writer.drain()
        writer.write_eof()
        assert await _up_to_the_end(reader) == b""

    async with tcp_host(serve) as port:
        said = await ask(opened, request(port, field, method="POST") + body + request(port))
        assert said.startswith(b"HTTP/1.1 204 ")
        assert said.count(b"HTTP/1.1") == 1
        assert f"\r\n{told}\r\n".encode() in await heard


async def test_interim_answers_pass(opened: EgressProxy) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert b"\r\nExpect: 100-continue\r\n" in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n")
        body = await reader.readexactly(4)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n" + body)

    async with tcp_host(serve) as port, browsing(opened) as browser:
        await browser.send(request(port, "Expect: 100-continue", "Content-Length: 4", method="POST"))
        assert await browser.head() == b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
        assert await browser.head() == b"HTTP/1.1 100 Continue\r\n\r\n"
        await browser.send(b"body")
        assert (await browser.rest()).endswith(b"\r\n\r\nbody")


async def test_a_host_may_answer_before_it_has_heard_everything(opened: EgressProxy) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 4\r\n\r\nmuch")
        await writer.drain()
        writer.write_eof()
        await _up_to_the_end(reader)

    async with tcp_host(serve) as port, browsing(opened) as browser:
        await browser.send(request(port, f"Content-Length: {len(BODY)}", method="POST") + BODY[:1_000])
        assert (await browser.head()).startswith(b"HTTP/1.1 413 ")
        await browser.send(BODY[1_000:])
        assert await browser.rest() == b"much"


@pytest.mark.parametrize(
    "body",
    [
        b"nonsense\r\n",
        b"-1\r\n",
        b"0x3\r\nabc\r\n",
        b"3\r\nabcd\r\n",
        b"3\nabc\n0\n\n",
        b"f" * 20 + b"\r\n",
        b"3;" + b"x" * 10_000,
        b"0\r\n" + b"X: y\r\n" * 200,
    ],
)
async def test_chunks_that_are_none(opened: EgressProxy, body: bytes) -> None:
    async def serve(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await _up_to_the_end(reader)

    async with tcp_host(serve) as port:
        said = await ask(opened, request(port, "Transfer-Encoding: chunked", method="POST") + body)
    assert said.startswith(b"HTTP/1.1 400 ")


async def test_a_body_that_breaks_off_after_the_answer_began(opened: EgressProxy) -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\nbeginning")
        await _up_to_the_end(reader)

    async with tcp_host(serve) as port, browsing(opened) as browser:
        await browser.send(request(port, "Transfer-Encoding: chunked", method="POST"))
        await browser.head()
        await browser.send(b"nonsense\r\n")
        with pytest.raises(ConnectionResetError):
            await browser.rest()


async def test_an_answer_that_is_cut_does_not_look_complete(opened: EgressProxy) -> None:
    async with _cutting(b"HTTP/1.1 200 OK\r\n\r\nbeginning") as port, browsing(opened) as browser:
        await browser.send(request(port, "Content-Length: 1", method="POST"))
        await browser.head()
        await browser.send(b"x")
        with pytest.raises(ConnectionResetError):
            await browser.rest()


async def test_an_answer_that_is_complete_survives_the_cut(opened: EgressProxy) -> None:
    async with _cutting(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nbeginning") as port, browsing(opened) as browser:
        await browser.send(request(port, "Content-Length: 1", method="POST"))
        await browser.head()
        await browser.send(b"x")
        assert await browser.rest() == b"beginning"


async def test_a_browser_that_leaves_is_followed(opened: EgressProxy) -> None:
    """Also by a host that would keep the connection."""
    left = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
        await _up_to_the_end(reader)
        left.set()

    async with tcp_host(serve) as port, browsing(opened) as browser:
        await browser.send(request(port))
        assert b"\r\nConnection: close\r\n" in await browser.head()
        assert await browser.reader.readexactly(2) == b"ok"
        browser.writer.close()
        async with asyncio.timeout(PATIENCE_S):
            await left.wait()


async def test_a_slow_browser_gets_the_last_byte(opened: EgressProxy) -> None:
    """The host has gone long before."""
    gone = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + BODY)
        writer.close()
        await writer.wait_closed()
        gone.set()

    async with tcp_host(serve) as port, browsing(opened) as browser:
        reading(browser.writer).pause_reading()
        await browser.send(request(port))
        async with asyncio.timeout(PATIENCE_S):
            await gone.wait()
        reading(browser.writer).resume_reading()
        await browser.head()
        assert await browser.rest() == BODY


@asynccontextmanager
async def _answering(answer: bytes) -> AsyncIterator[int]:
    """The port of a host that says this to everybody and then closes the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with tcp_host(serve) as port:
        yield port


@asynccontextmanager
async def _cutting(answer: bytes) -> AsyncIterator[int]:
    """The port of a host that says this, and cuts the connection when it has heard a body of one byte."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await reader.readexactly(1)
        reset(writer)

    async with tcp_host(serve) as port:
        yield port


async def _up_to_the_end(reader: asyncio.StreamReader) -> bytes:
    """What else comes before the connection ends, in whatever way."""
    heard = b""
    with suppress(ConnectionResetError):
        while data := await reader.read(1 << 16):
            heard += data
    return heard
