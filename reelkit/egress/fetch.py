"""Fetches what a caller's URL points at, within limits, from nowhere that the guard forbids."""

import asyncio
import ssl
from http import HTTPStatus

import httpcore
import httpx

from reelkit.egress.backend import GuardedBackend
from reelkit.egress.errors import FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.egress.url import parsed_url, port_of

MAX_REDIRECTS = 3
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


class Fetcher:
    """An HTTP client without memory: no cookies, no credentials, no proxy of the environment.

    Certificates are checked against the system's or certifi's authorities (``SSL_CERT_FILE`` and ``SSL_CERT_DIR``
    count) unless ``tls`` says otherwise.
    """

    def __init__(self, guard: EgressGuard, tls: ssl.SSLContext | None = None) -> None:
        self._backend = GuardedBackend(guard)
        self._tls = tls

    async def fetch(self, url: str, *, max_bytes: int, timeout_s: float) -> bytes:
        """The body that a GET of ``url`` brings, after at most three redirects, all within ``timeout_s``.

        Raises EgressRefused for what the guard forbids, also behind a redirect, and FetchFailed for a host that fails,
        an answer other than 200, and a body over ``max_bytes``.
        """
        try:
            async with asyncio.timeout(timeout_s):
                target = parsed_url(url)
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
                port=port_of(url),
                target=url.raw_path,
            )
            headers = [(b"Host", url.netloc), (b"User-Agent", b"reelkit"), (b"Accept-Encoding", b"identity")]
            async with pool.stream("GET", target, headers=headers) as response:
                given = {name.lower(): value for name, value in response.headers}
                if response.status in _REDIRECTS and b"location" in given:
                    return parsed_url(given[b"location"].decode("latin-1"), url)
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
