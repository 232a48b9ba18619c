"""Fetches what a caller's URL points at, within limits, from nowhere that the guard forbids."""

import asyncio
import ssl
from collections.abc import Iterable
from http import HTTPStatus

import httpcore
import httpx

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import SCHEMES, EgressGuard

MAX_REDIRECTS = 3
_MAX_PORT = 65_535
_DEFAULT_PORTS = {"http": 80, "https": 443}
_REDIRECTS = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
_SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]


class Fetcher:
    """An HTTP client without memory: no cookies, no credentials, no proxy of the environment.

    Certificates are checked against the system's or certifi's authorities (``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
    count) unless ``tls`` says otherwise.
    """

    def __init__(self, guard: EgressGuard, tls: ssl.SSLContext | None = None) -> None:
        self._backend = _GuardedBackend(guard)
        self._tls = tls

    async def fetch(self, url: str, *, max_bytes: int, timeout_s: float) -> bytes:
        """The body that a GET of ``url`` brings, after at most three redirects, all within ``timeout_s``.

        Raises EgressRefused for what the guard forbids, also behind a redirect, and FetchFailed for a host that fails,
        an answer other than 200, and a body over ``max_bytes``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                target = _parsed(url)
                for _ in range(MAX_REDIRECTS + 1):
                    answer = await self._get(target, max_bytes)
                    if isinstance(answer, bytes):
                        return answer
                    target = answer
        except TimeoutError as error:
            raise FetchFailed(f"the host did not deliver within {timeout_s:g} s") from error
        except _FAILURES as error:
            raise FetchFailed("the host cannot be reached or its answer broke off") from error
        raise FetchFailed(f"there are more than {MAX_REDIRECTS} redirects", retry=False)

    async def _get(self, url: httpx.URL, max_bytes: int) -> bytes | httpx.URL:
        """The body, or where else it is."""
        scheme = url.scheme
        # A pool for one request: every hop makes a connection of its own, and so is judged.
        async with httpcore.AsyncConnectionPool(
            ssl_context=self._tls_of(scheme), network_backend=self._backend, max_connections=1
        ) as pool:
            target = httpcore.URL(
                scheme=scheme.encode(),
                host=url.raw_host,
                port=url.port or _DEFAULT_PORTS[scheme],
                target=url.raw_path,
            )
            headers = [(b"Host", url.netloc), (b"User-Agent", b"reelkit"), (b"Accept-Encoding", b"identity")]
            async with pool.stream("GET", target, headers=headers) as response:
                given = {name.lower(): value for name, value in response.headers}
                if response.status in _REDIRECTS and b"location" in given:
                    return _parsed(given[b"location"].decode("latin-1"), url)
                if response.status != HTTPStatus.OK:
                    again = response.status >= HTTPStatus.INTERNAL_SERVER_ERROR
                    raise FetchFailed(f"the host answered {response.status}", retry=again)
                if given.get(b"content-encoding", b"identity").lower() != b"identity":
                    raise FetchFailed("the host answered with a content encoding nobody asked for", retry=False)
                return await _limited(response, given.get(b"content-length", b""), max_bytes)

    def _tls_of(self, scheme: str) -> ssl.SSLContext | None:
        if scheme == "https" and self._tls is None:
            # Reading the authorities takes tens of milliseconds: only if somebody needs them, and once.
            self._tls = httpx.create_ssl_context()
        return self._tls


class _GuardedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the guard has just permitted; TLS goes on to check the name."""

    def __init__(self, guard: EgressGuard) -> None:
        self._guard = guard
        self._connections = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[_SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failure: httpcore.ConnectError | None = None
        for address in await self._guard.addresses(host, port):
            try:
                return await self._connections.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
        raise failure or httpcore.ConnectError("there is no address")


def _parsed(url: str, base: httpx.URL | None = None) -> httpx.URL:
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
    except httpx.InvalidURL as error:
        raise EgressRefused("this is not a URL") from error
    if parsed.scheme not in SCHEMES:
        raise EgressRefused("only http and https URLs are fetched")
    if not parsed.raw_host:
        raise EgressRefused("the URL names no host")
    if parsed.port is not None and not 0 < parsed.port <= _MAX_PORT:
        raise EgressRefused("the URL's port does not exist")
    if parsed.userinfo:
        raise EgressRefused("a URL with a user name or a password is not fetched")
    return parsed


async def _limited(response: httpcore.Response, announced: bytes, max_bytes: int) -> bytes:
    too_large = FetchFailed(f"it is larger than {max_bytes} bytes", retry=False)
    if announced.isdigit() and int(announced) > max_bytes:
        raise too_large
    body = bytearray()
    async for part in response.aiter_stream():
        body += part
        if len(body) > max_bytes:
            raise too_large
    return bytes(body)
