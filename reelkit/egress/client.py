"""An HTTP client for what callers name: their storage, their webhooks."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass

import httpcore
import httpx

from reelkit.egress.backend import GuardedBackend
from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.egress.url import parsed_url, port_of

DEFAULT_MAX_BYTES = 1 << 20
# What is handed to a connection at once, so that a stalled one is noticed within a request.
_WRITE_BYTES = 1 << 18
# Servers close idle connections after 5 s (Node.js) and more; a request must not meet that moment.
_KEEP_ALIVE_S = 4.0
_FAILURES = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)


@dataclass(frozen=True, slots=True)
class HttpResponse:
    """An answer of any status."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case; of a repeated one the last."""
    body: bytes
    cut: bool
    """The body was longer than what was asked for, and ``body`` is its beginning."""


class HttpClient:
    """Requests of any method over connections that are kept and used again, each judged by ``guard`` when it is made.

    ``trusted_origins`` (``http://minio.internal:9000``) are the operator's and bypass the guard. No redirect is
    followed; there are no cookies, no credentials, no proxy of the environment. Certificates are checked against the
    system's or certifi's authorities unless ``tls`` says otherwise.
    """

    def __init__(
        self,
        guard: EgressGuard,
        *,
        trusted_origins: Iterable[str] = (),
        max_connections: int = 16,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        urls = [parsed_url(origin) for origin in trusted_origins]
        self._backend = GuardedBackend(guard, {(url.raw_host.decode("ascii"), port_of(url)) for url in urls})
        self._max_connections = max_connections
        self._tls = tls
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}

    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        timeout_s: float,
        idle_timeout_s: float | None = None,
        max_bytes: int = DEFAULT_MAX_BYTES,
    ) -> HttpResponse:
        """One request and at most ``max_bytes`` of the answer's body, all within ``timeout_s``; a connection that
        stands still for ``idle_timeout_s`` is given up earlier.

        Raises EgressRefused for what the guard forbids, and FetchFailed for a host that fails.
        """
        target = parsed_url(url)
        idle_s = min(timeout_s, idle_timeout_s or timeout_s)
        try:
            async with (
                asyncio.timeout(timeout_s),
                self._pool(target.scheme).stream(
                    method,
                    httpcore.URL(
                        scheme=target.scheme.encode(),
                        host=target.raw_host,
                        port=port_of(target),
                        target=target.raw_path,
                    ),
                    headers=_headers(target, method, headers or {}, body),
                    content=_pieces(body) if body else None,
                    extensions={"timeout": {"connect": idle_s, "read": idle_s, "write": idle_s, "pool": timeout_s}},
                ) as response,
            ):
                content, cut = await _beginning(response, max_bytes)
        except TimeoutError as error:
            raise FetchFailed(f"the host did not answer within {timeout_s:g} s") from error
        except (httpcore.LocalProtocolError, UnicodeEncodeError):
            # Its text shows what was to be sent, hence no cause.
            raise EgressRefused("the request cannot be expressed in HTTP") from None
        except _FAILURES as error:
            raise FetchFailed("the host cannot be reached or its answer broke off") from error
        given = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
        return HttpResponse(response.status, given, content, cut)

    async def close(self) -> None:
        """Closes the connections."""
        pools, self._pools = self._pools, {}
        for pool in pools.values():
            await pool.aclose()

    def _pool(self, scheme: str) -> httpcore.AsyncConnectionPool:
        if scheme not in self._pools:
            if scheme == "https" and self._tls is None:
                # Reading the authorities takes tens of milliseconds: only if somebody needs them, and once.
                self._tls = httpx.create_ssl_context()
            self._pools[scheme] = httpcore.AsyncConnectionPool(
                ssl_context=self._tls if scheme == "https" else None,
                network_backend=self._backend,
                max_connections=self._max_connections,
                keepalive_expiry=_KEEP_ALIVE_S,
            )
        return self._pools[scheme]


def _headers(url: httpx.URL, method: str, given: Mapping[str, str], body: bytes) -> list[tuple[bytes, bytes]]:
    headers = {b"host": url.netloc, b"user-agent": b"reelkit", b"accept-encoding": b"identity"}
    if body or method in {"POST", "PUT", "PATCH"}:
        headers[b"content-length"] = str(len(body)).encode()
    headers |= {name.lower().encode("latin-1"): value.encode("latin-1") for name, value in given.items()}
    return list(headers.items())


async def _beginning(response: httpcore.Response, max_bytes: int) -> tuple[bytes, bool]:
    """At most ``max_bytes`` of the body, and whether there is more."""
    content = bytearray()
    async for piece in response.aiter_stream():
        content += piece
        if len(content) > max_bytes:
            return bytes(content[:max_bytes]), True
    return bytes(content), False


async def _pieces(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), _WRITE_BYTES):
        yield body[start : start + _WRITE_BYTES]
