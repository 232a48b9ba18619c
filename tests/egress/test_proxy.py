"""Where the proxy goes for a browser and where not, and what it bears."""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, ExitStack

import pytest
import structlog

from reelkit.egress.guard import EgressGuard, system_resolver
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import Refusal
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.process import wait_until
from reelkit.settings import EgressSettings
from testbed.free_port import free_port
from tests.egress.hosts import Host, host_on
from tests.egress.proxies import (
    CLOSED,
    OPEN,
    ask,
    browsing,
    echo,
    get_status,
    guard,
    proxy,
    resolve,
    tcp_host,
    tunnel_status,
)
from tests.patience import PATIENCE_S

HOW = [tunnel_status, get_status]
Ask = Callable[[EgressProxy, str, int], Awaitable[int]]
REFUSED = "the host is not on the public internet"


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on(OPEN) as opened:
        opened.answer("200 OK", b"outside")
        yield opened


@pytest.fixture
async def inside() -> AsyncIterator[Host]:
    async with host_on(CLOSED) as opened:
        opened.answer("200 OK", b"inside")
        yield opened


@pytest.mark.parametrize("status", HOW)
async def test_the_public_internet_is_reached(host: Host, status: Ask) -> None:
    async with proxy() as opened:
        for name in ("images.example", "IMAGES.example", "images.example.", OPEN):
            assert await status(opened, name, host.port) == 200
        assert opened.counters.requests == 4
        assert opened.counters.refused == opened.counters.failed == 0


@pytest.mark.parametrize("status", HOW)
@pytest.mark.parametrize("name", ["internal.example", "Internal.Example.", "mixed.example", CLOSED])
async def test_what_the_guard_forbids_is_never_connected_to(inside: Host, name: str, status: Ask) -> None:
    refusals: list[Refusal] = []
    async with proxy(on_refused=refusals.append) as opened:
        assert await status(opened, name, inside.port) == 403
        assert opened.counters.refused == opened.counters.requests == 1
    assert inside.requests == []
    assert refusals == [Refusal(name.lower(), inside.port, REFUSED)]


@pytest.mark.parametrize("status", HOW)
async def test_hosts_that_fail_are_told_with_the_reason(status: Ask) -> None:
    failures: list[Refusal] = []
    port = free_port()
    async with proxy(on_failed=failures.append) as opened:
        assert await status(opened, "images.example", port) == 502
        assert await status(opened, "nobody.example", 80) == 502
    assert [(each.host, each.port) for each in failures] == [("images.example", port), ("nobody.example", 80)]
    assert [each.reason for each in failures] == ["the host cannot be reached", "the host's name cannot be resolved"]


async def test_a_refusal_does_not_tell_what_a_name_means() -> None:
    async with proxy() as opened:
        for request in (
            b"CONNECT internal.example:80 HTTP/1.1\r\n\r\n",
            b"GET http://internal.example/ HTTP/1.1\r\n\r\n",
        ):
            head, _, body = (await ask(opened, request)).partition(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 403 Forbidden\r\n")
            assert b"connection: close" in head.lower()
            assert body.decode() == f"{REFUSED}\n"
            assert CLOSED.encode() not in head


@pytest.mark.parametrize("status", HOW)
@pytest.mark.parametrize(
    "spelling",
    [
        "127.0.0.1",
        "127.1",
        "2130706433",
        "0x7f.1",
        "0x7f000001",
        "0177.0.0.1",
        "localhost",
        "LocalHost",
        "[::1]",
        "[0:0:0:0:0:0:0:1]",
        "[::ffff:127.0.0.1]",
        "[::ffff:7f00:1]",
        "[fe80::1]",
        "169.254.169.254",
    ],
)
async def test_no_spelling_leads_to_this_machine(host: Host, spelling: str, status: Ask) -> None:
    async with EgressProxy(EgressGuard(EgressSettings(), system_resolver)) as opened:
        assert await status(opened, spelling, host.port) == 403
    assert host.requests == []


@pytest.mark.parametrize("spelling", ["localhost.", "127.0.0.1.", "localhost.localdomain"])
async def test_odd_spellings_are_refused_or_mean_nothing(host: Host, spelling: str) -> None:
    async with EgressProxy(EgressGuard(EgressSettings(), system_resolver)) as opened:
        assert await tunnel_status(opened, spelling, host.port) in {403, 502}
    assert host.requests == []


@pytest.mark.parametrize("status", HOW)
async def test_a_name_that_changes_its_meaning_is_judged_again(host: Host, status: Ask) -> None:
    """DNS rebinding: the first answer is good and every later one is not."""
    answers = [[OPEN]]

    async def rebinding(_: str, __: int) -> Sequence[str]:
        return answers.pop() if answers else [CLOSED]

    async with host_on(CLOSED) as closed, EgressProxy(guard(rebinding)) as opened:
        assert await status(opened, "rebinding.example", host.port) == 200
        assert await status(opened, "rebinding.example", closed.port) == 403
        assert closed.requests == []


async def test_the_next_address_is_tried_when_one_refuses(host: Host) -> None:
    async def two(_: str, __: int) -> Sequence[str]:
        return ["127.0.0.3", OPEN]

    async with EgressProxy(guard(two, allowed=[OPEN, "127.0.0.3"])) as opened:
        assert await tunnel_status(opened, "two.example", host.port) == 200


@pytest.fixture
def silent_port() -> Iterator[int]:
    """A port of 127.0.0.3 on which connections are not answered: as many as may wait are waiting."""
    with socket.create_server(("127.0.0.3", 0), backlog=0) as listener, ExitStack() as waiting:
        for _ in range(3):
            one = waiting.enter_context(socket.socket())
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        yield listener.getsockname()[1]


@pytest.mark.usefixtures("unhurried")
async def test_a_host_that_does_not_answer_is_given_up_in_time(silent_port: int) -> None:
    async def addresses(host: str, _: int) -> Sequence[str]:
        return ["127.0.0.3", OPEN] if host == "two.example" else ["127.0.0.3"]

    both = guard(addresses, allowed=[OPEN, "127.0.0.3"])
    async with EgressProxy(both, connect_timeout_s=0.4) as opened, tcp_host(echo, OPEN, silent_port):
        assert await tunnel_status(opened, "one.example", silent_port) == 504
        assert opened.counters.failed == 1
        assert await tunnel_status(opened, "two.example", silent_port) == 200


async def test_a_name_server_that_does_not_answer_is_given_up_in_time() -> None:
    async def never(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async with EgressProxy(guard(never), connect_timeout_s=0.1) as opened:
        assert await tunnel_status(opened, "slow.example", 80) == 504


@pytest.mark.parametrize("status", HOW)
async def test_hosts_that_are_not_there_are_failures(status: Ask) -> None:
    async with host_on(OPEN) as closed:
        port = closed.port
    async with proxy() as opened:
        assert await status(opened, "nowhere.example", port) == 502
        assert await status(opened, "images.example", port) == 502
        assert opened.counters.failed == 2
        assert opened.counters.refused == 0


@pytest.mark.parametrize("status", HOW)
async def test_a_route_leads_past_the_guard(inside: Host, status: Ask) -> None:
    routes = [
        ProxyRoute("localhost", range(8080, 8081), (CLOSED, inside.port)),
        ProxyRoute("*.rtk.localhost", range(8080, 8081), (CLOSED, inside.port)),
        ProxyRoute(CLOSED, range(inside.port, inside.port + 1), None),
    ]
    async with proxy(routes, closed_ports={inside.port}) as opened:
        for name, port in (("LOCALHOST.", 8080), ("api.rtk.localhost", 8080), (CLOSED, inside.port)):
            assert await status(opened, name, port) == 200
        for name, port in (("localhost", 8081), ("rtk.localhost", 8080), ("internal.example", inside.port)):
            assert await status(opened, name, port) in {403, 502}
    assert opened.counters.requests == 6


@pytest.mark.parametrize("status", HOW)
async def test_the_servers_own_ports_stay_closed_where_everything_is_open(
    host: Host, inside: Host, status: Ask
) -> None:
    async with EgressProxy(guard(allow_private=True), closed_ports={inside.port}) as opened:
        assert await status(opened, "images.example", host.port) == 200
        assert await status(opened, "internal.example", inside.port) == 403
        assert await status(opened, CLOSED, inside.port) == 403
        assert await status(opened, "[::ffff:127.0.0.2]", inside.port) == 403
        assert await status(opened, "localhost", inside.port) == 403
        assert await status(opened, OPEN, opened.port) == 403, "it does not lead to itself"
    assert inside.requests == []


@pytest.mark.parametrize(
    ("request_head", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: images.example\r\n\r\n", 400),
        (b"GET ftp://images.example/ HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\n\n", 400),
        (b"CONNECT images.example:443 HTTP/2.0\r\n\r\n", 505),
        (b"GET http://images.example/ HTTP/1.1\r\nX: " + b"x" * 70_000, 431),
    ],
)
async def test_what_is_no_request_for_a_proxy_is_answered(request_head: bytes, status: int) -> None:
    async with proxy() as opened:
        assert (await ask(opened, request_head)).split(b" ")[1] == str(status).encode()


@pytest.mark.usefixtures("unhurried")
async def test_a_slow_head_is_given_up() -> None:
    async with proxy(head_timeout_s=0.1) as opened:
        assert (await ask(opened, b"GET http://images.ex")).startswith(b"HTTP/1.1 408 ")
        assert await ask(opened, b"") == b"", "nobody asked, so nobody is answered"


async def test_too_many_connections_are_turned_away() -> None:
    async with (
        tcp_host(echo) as port,
        proxy(max_connections=2) as opened,
        browsing(opened) as first,
        browsing(opened) as second,
    ):
        for browser in (first, second):
            assert b" 200 " in await browser.connect("images.example", port)
        assert (await ask(opened, b"CONNECT images.example:80 HTTP/1.1\r\n\r\n")).startswith(b"HTTP/1.1 503 ")
        await second.send(b"ping\r\n\r\n")
        assert await second.head() == b"ping\r\n\r\n"
        first.writer.close()
        async with asyncio.timeout(PATIENCE_S):
            while await tunnel_status(opened, "images.example", port) != 200:
                pass


@pytest.mark.usefixtures("unhurried")
async def test_a_flood_of_connections_is_cut() -> None:
    async with proxy(max_connections=1) as opened, AsyncExitStack() as browsers:
        flood = [await browsers.enter_async_context(browsing(opened)) for _ in range(100)]
        with pytest.raises(ConnectionResetError):
            await flood[-1].rest()


@pytest.mark.alone
async def test_closing_ends_everything_at_once() -> None:
    cut = asyncio.Event()

    async def hold(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        try:
            while await reader.read(1 << 16):
                pass
        except ConnectionResetError:
            cut.set()

    async with tcp_host(hold) as port, AsyncExitStack() as browsers:
        async with proxy() as opened:
            silent, tunnel, page = [await browsers.enter_async_context(browsing(opened)) for _ in range(3)]
            await tunnel.connect("images.example", port)
            await page.send(f"GET http://images.example:{port}/ HTTP/1.1\r\n\r\n".encode())
            await wait_until(_holds(lambda: opened.counters.requests == 2), timeout_s=PATIENCE_S)
            late = await browsers.enter_async_context(browsing(opened))
            began_s = time.monotonic()
        assert time.monotonic() - began_s < 1
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("proxy-")]
        for browser in (silent, tunnel, page, late):
            with pytest.raises(ConnectionResetError):
                await browser.rest()
        async with asyncio.timeout(PATIENCE_S):
            await cut.wait()
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection(OPEN, opened.port)


async def test_it_serves_on_a_listener_that_is_given_to_it(host: Host) -> None:
    listener = socket.create_server((CLOSED, 0))
    async with proxy(listener=listener) as opened:
        assert opened.port == listener.getsockname()[1]
        reader, writer = await asyncio.open_connection(CLOSED, opened.port)
        writer.write(f"CONNECT images.example:{host.port} HTTP/1.1\r\n\r\n".encode())
        assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 200 ")
        writer.transport.abort()
    assert listener.fileno() == -1


async def test_nothing_secret_is_logged(inside: Host) -> None:
    secret = "s3cret"
    with structlog.testing.capture_logs() as logs:
        async with proxy() as opened:
            for name, port in (("internal.example", inside.port), ("nowhere.example", 80)):
                url = f"http://{name}:{port}/{secret}?token={secret}"
                await ask(opened, f"GET {url} HTTP/1.1\r\nAuthorization: {secret}\r\n\r\n".encode())
    assert logs
    assert secret not in repr(logs)


async def test_a_fault_of_its_own_is_logged_and_ends_the_connection_only(host: Host) -> None:
    async def broken(name: str, port: int) -> Sequence[str]:
        if name == "broken.example":
            raise ZeroDivisionError
        return await resolve(name, port)

    with structlog.testing.capture_logs() as logs:
        async with EgressProxy(guard(broken)) as opened:
            with pytest.raises(ConnectionResetError):
                await ask(opened, b"CONNECT broken.example:80 HTTP/1.1\r\n\r\n")
            assert await tunnel_status(opened, "images.example", host.port) == 200
    assert [log["log_level"] for log in logs] == ["error"]


def _holds(condition: Callable[[], bool]) -> Callable[[], Awaitable[bool]]:
    async def holds() -> bool:
        return condition()

    return holds
