"""The two listeners: plain HTTP and TLS, both on uvicorn and the same application."""

import asyncio
import contextlib
import ipaddress
import logging
import socket
import ssl
from collections.abc import Iterator

import structlog
import uvicorn
from starlette.types import ASGIApp

from reelkit.api.errors import CannotListen
from reelkit.process import wait_until

log = structlog.get_logger(__name__)

# What is still being answered when the server ends gets so long.
_GRACE_S = 5
# An idle connection is kept for longer than clients and proxies keep theirs (httpx 5 s, Node 4 s, many proxies 60 s):
# who asks in the very moment in which the server closes it gets no answer.
_KEEP_ALIVE_S = 75
# Who listens on all addresses listens on these.
_LOOPBACK = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound
_START_TIMEOUT_S = 10.0


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leaves signals alone: the whole server has an order in which to stop."""
        yield


class Listener:
    """One bound address. The port is known after construction; nothing is accepted before :meth:`start`.

    Raises CannotListen when the address cannot be bound.
    """

    def __init__(self, host: str, port: int, *, tls: ssl.SSLContext | None = None) -> None:
        self._tls = tls
        self._socket = _bound(host, port)
        self.host = host
        address, self.port = self._socket.getsockname()[:2]
        self.reached_at = _LOOPBACK.get(address, address)
        """The numeric address by which this machine reaches it."""
        self._server: _Server | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL by which this machine reaches the listener."""
        with contextlib.suppress(ValueError):
            address = ipaddress.ip_address(self.host)
            if address.is_unspecified:
                return f"{self._scheme}://localhost:{self.port}"
            if address.version == 6:
                return f"{self._scheme}://[{self.host}]:{self.port}"
        return f"{self._scheme}://{self.host}:{self.port}"

    @property
    def _scheme(self) -> str:
        return "https" if self._tls else "http"

    async def start(self, app: ASGIApp, *, max_message_bytes: int) -> asyncio.Task[None]:
        """Accepts requests from here on; the task ends with the listener."""
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="websockets-sansio",
            ws_max_size=max_message_bytes,
            # The gateway's own heartbeat tells dead peers; signalling is small and not worth a compressor per peer.
            ws_ping_interval=None,
            ws_per_message_deflate=False,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_keep_alive=_KEEP_ALIVE_S,
            timeout_graceful_shutdown=_GRACE_S,
        )
        # Its messages hold whole URLs, with the tokens in their queries.
        logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
        config.load()
        config.ssl = self._tls
        self._server = server = _Server(config)
        self._task = asyncio.create_task(server.serve(sockets=[self._socket]), name=f"listener-{self._scheme}")

        async def started() -> bool:
            return server.started or self._task is None or self._task.done()

        await wait_until(started, timeout_s=_START_TIMEOUT_S)
        return self._task

    def stop_accepting(self) -> None:
        """Refuses new connections; those that are open go on."""
        if self._server is not None and self._server.started:
            for server in self._server.servers:
                server.close()

    async def close(self) -> None:
        """Ends the open connections after what they are answering, and the listener. May be called more than once."""
        if self._server is None or self._task is None:
            self._socket.close()
            return
        self._server.should_exit = True
        (ended,) = await asyncio.gather(self._task, return_exceptions=True)
        if isinstance(ended, Exception):
            log.error("a listener failed", url=self.url, exc_info=ended)


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, kind, protocol)
    except OSError as error:
        raise CannotListen(f"cannot listen on {host}: {error.strerror or error}") from error
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
    except OSError as error:
        bound.close()
        raise CannotListen(f"cannot listen on {host} port {port}: {error.strerror or error}") from error
    return bound
