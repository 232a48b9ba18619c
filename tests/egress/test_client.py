import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from reelkit.egress.client import HttpClient
from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.settings import EgressSettings
from tests.egress.hosts import Host, host_on

# One address of the loopback network stands for the public internet, another for what must not be reached.
OPEN, CLOSED = "127.0.0.1", "127.0.0.2"
NAMES = {"hooks.example": [OPEN], "internal.example": [CLOSED], "mixed.example": [OPEN, CLOSED]}


async def resolve(host: str, _: int) -> Sequence[str]:
    return NAMES.get(host, [host])


GUARD = EgressGuard(EgressSettings(allowed_networks=[OPEN]), resolve)


@pytest.fixture
async def host() -> AsyncIterator[Host]:
    async with host_on(OPEN) as opened:
        yield opened


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    opened = HttpClient(GUARD)
    yield opened
    await opened.close()


class Server:
    """Answers any number of requests on each connection, and keeps what it got."""

    def __init__(self) -> None:
        self.connections = 0
        self.requests: list[tuple[bytes, bytes]] = []
        self.port = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                length = next(
                    (int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0
                )
                self.requests.append((head, await reader.readexactly(length)))
                writer.write(b"HTTP/1.1 200 OK\r\nX-Answer: yes\r\ncontent-length: 2\r\n\r\nok")
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    kept = Server()
    listening = await asyncio.start_server(kept.serve, OPEN, 0)
    kept.port = listening.sockets[0].getsockname()[1]
    yield kept
    listening.close()
    await listening.wait_closed()


async def test_methods_headers_and_bodies_arrive_over_one_connection(server: Server, client: HttpClient) -> None:
    body = bytes(range(256)) * 4_000
    for method, sent in (("POST", body), ("PUT", b""), ("GET", b""), ("DELETE", b"x")):
        answer = await client.request(
            method,
            f"http://hooks.example:{server.port}/a%2Fb?c=%20",
            headers={"X-Mark": "1", "Content-Type": "application/json"},
            body=sent,
            timeout_s=10,
        )
        assert (answer.status, answer.headers["x-answer"], answer.body, answer.cut) == (200, "yes", b"ok", False)
    heads = [head.lower() for head, _ in server.requests]
    assert [head.split(b"\r\n")[0] for head in heads] == [
        b"post /a%2fb?c=%20 http/1.1",
        b"put /a%2fb?c=%20 http/1.1",
        b"get /a%2fb?c=%20 http/1.1",
        b"delete /a%2fb?c=%20 http/1.1",
    ]
    assert [sent for _, sent in server.requests] == [body, b"", b"", b"x"]
    assert all(b"\r\nx-mark: 1\r\n" in head and b"\r\nhost: hooks.example:" in head for head in heads)
    assert [b"content-length" in head for head in heads] == [True, True, False, True]
    assert server.connections == 1


async def test_requests_at_once_have_connections_of_their_own(server: Server, client: HttpClient) -> None:
    url = f"http://{OPEN}:{server.port}/"
    await asyncio.gather(*(client.request("POST", url, body=bytes(1 << 20), timeout_s=10) for _ in range(4)))
    assert len(server.requests) == 4


@pytest.mark.parametrize("name", ["internal.example", "mixed.example", CLOSED, "[::ffff:127.0.0.2]", "169.254.169.254"])
async def test_what_the_guard_forbids_is_never_connected_to(client: HttpClient, name: str) -> None:
    async with host_on(CLOSED) as closed:
        closed.answer("200 OK", b"inside")
        with pytest.raises(EgressRefused):
            await client.request("POST", f"http://{name}:{closed.port}/", body=b"x", timeout_s=10)
        assert closed.requests == []


async def test_only_the_operators_own_origin_bypasses_the_guard() -> None:
    async with host_on(CLOSED) as ours, host_on(CLOSED) as other:
        ours.answer("200 OK", b"inside")
        other.answer("200 OK", b"inside")
        client = HttpClient(GUARD, trusted_origins=[f"http://{CLOSED}:{ours.port}"])
        assert (await client.request("GET", f"http://{CLOSED}:{ours.port}/x", timeout_s=10)).body == b"inside"
        with pytest.raises(EgressRefused):
            await client.request("GET", f"http://{CLOSED}:{other.port}/x", timeout_s=10)
        await client.close()
        assert other.requests == []


@pytest.mark.parametrize("url", ["ftp://hooks.example/", "hooks.example", "http://a:hidden@hooks.example/", "http:///"])
async def test_urls_of_a_wrong_form_are_refused(client: HttpClient, url: str) -> None:
    with pytest.raises(EgressRefused) as raised:
        await client.request("GET", url, timeout_s=10)
    assert "hidden" not in str(raised.value)


async def test_redirects_are_answers(host: Host, client: HttpClient) -> None:
    host.answer("307 Temporary Redirect", location=f"http://{CLOSED}/")
    answer = await client.request("POST", f"http://hooks.example:{host.port}/", body=b"x", timeout_s=10)
    assert (answer.status, answer.headers["location"]) == (307, f"http://{CLOSED}/")
    assert len(host.requests) == 1


async def test_long_bodies_are_cut(host: Host, client: HttpClient) -> None:
    host.answer("500 Oh", b"x" * 100_000)
    url = f"http://hooks.example:{host.port}/"
    answer = await client.request("GET", url, timeout_s=10, max_bytes=1_000)
    assert (answer.status, answer.body, answer.cut) == (500, b"x" * 1_000, True)
    answer = await client.request("GET", url, timeout_s=10, max_bytes=100_000)
    assert (len(answer.body), answer.cut) == (100_000, False)


@pytest.mark.parametrize("idle_timeout_s", [None, 0.2])
async def test_silence_is_given_up(host: Host, client: HttpClient, idle_timeout_s: float | None) -> None:
    released = asyncio.Event()

    async def respond(_: bytes, __: asyncio.StreamWriter) -> None:
        await released.wait()

    host.answer_with(respond)
    with pytest.raises(FetchFailed) as raised:
        await client.request(
            "GET",
            f"http://hooks.example:{host.port}/",
            timeout_s=0.3 if idle_timeout_s is None else 60,
            idle_timeout_s=idle_timeout_s,
        )
    released.set()
    assert raised.value.retry


async def test_a_host_that_is_not_there(client: HttpClient) -> None:
    async with host_on(OPEN) as gone:
        port = gone.port
    with pytest.raises(FetchFailed):
        await client.request("GET", f"http://{OPEN}:{port}/", timeout_s=10)


async def test_an_answer_before_the_body_was_read_is_an_answer(host: Host, client: HttpClient) -> None:
    host.answer("413 Too Large", b"no")
    answer = await client.request("PUT", f"http://hooks.example:{host.port}/", body=bytes(1 << 16), timeout_s=10)
    assert answer.status == 413


@pytest.mark.parametrize("value", ["hidden\r\nhost: other", "hidden 語"])
async def test_headers_cannot_smuggle(host: Host, client: HttpClient, value: str) -> None:
    host.answer("200 OK")
    url = f"http://hooks.example:{host.port}/"
    with pytest.raises(EgressRefused) as raised:
        await client.request("GET", url, headers={"x-mark": value}, timeout_s=10)
    assert "hidden" not in str(raised.value)
    assert raised.value.__cause__ is None
    assert all(b"other" not in request for request in host.requests)


async def test_the_environments_proxy_is_not_asked(
    server: Server, client: HttpClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://{CLOSED}:9")
    answer = await client.request("GET", f"http://{OPEN}:{server.port}/", timeout_s=10)
    assert answer.status == 200
