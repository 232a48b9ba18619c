"""The only way out for a browser that shows a caller's page."""

import asyncio
import socket
from collections.abc import Callable, Collection, Coroutine, Sequence
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

import structlog

from reelkit.egress.destinations import Destinations
from reelkit.egress.errors import EgressRefused, FetchFailed, RequestInvalid
from reelkit.egress.guard import EgressGuard
from reelkit.egress.idle import cut_when_idle
from reelkit.egress.media_beginning import ONLY_MEDIA, media_beginning
from reelkit.egress.proxy_answer import own_answer
from reelkit.egress.proxy_counters import ProxyCounters, Refusal
from reelkit.egress.proxy_exchange import exchange
from reelkit.egress.proxy_request import END_OF_HEAD, MAX_HEAD_BYTES, ProxyRequest
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.egress.wire import Wire

log = structlog.get_logger(__name__)

_LOOPBACK = "127.0.0.1"
_NO_ANSWER = "the host does not answer"
_CONNECTED = b"HTTP/1.1 200 OK\r\n\r\n"
# An answer to what was not read to its end is lost if the connection is closed at once: the unread bytes reset it.
_LINGER_S = 2.0
# Beyond the connections that are served so many more are told that there are too many; others are cut.
_TOLD_TOO_MANY = 64


class EgressProxy:
    """An HTTP/1.1 forward proxy; an async context manager.

    Takes CONNECT, and GET and the like of http:// URLs, of which each has a connection of its own. Where it connects to
    is the guard's decision, except for ``routes``, which come first, and ``closed_ports`` of this machine, which no
    policy opens; the proxy's own port is among them. On a route of media nothing passes but WebRTC. ``listener`` is a
    bound TCP socket that may have been made in another network namespace, and is the proxy's from the start on; without
    one it listens on loopback.

    Name resolution is the guard's: give that a resolver with threads of its own. Of what passes only counts are kept;
    ``on_refused`` is told of each refusal and ``on_failed`` of each host that cannot be reached or does not answer; a
    page can cause any number of either.
    """

    def __init__(
        self,
        guard: EgressGuard,
        routes: Sequence[ProxyRoute] = (),
        *,
        closed_ports: Collection[int] = (),
        listener: socket.socket | None = None,
        on_refused: Callable[[Refusal], None] | None = None,
        on_failed: Callable[[Refusal], None] | None = None,
        connect_timeout_s: float = 10.0,
        head_timeout_s: float = 30.0,
        idle_timeout_s: float = 600.0,
        max_connections: int = 256,
    ) -> None:
        self.counters = ProxyCounters()
        self._destinations = Destinations(guard, routes, closed_ports, connect_timeout_s)
        self._listener = listener
        self._on_refused = on_refused
        self._on_failed = on_failed
        self._head_timeout_s = head_timeout_s
        self._idle_timeout_s = idle_timeout_s
        self._max_connections = max_connections
        self._server: asyncio.Server | None = None
        self._port = 0
        self._closing = False
        self._served: dict[asyncio.Task[None], Wire] = {}
        self._turned_away: dict[asyncio.Task[None], Wire] = {}

    @property
    def port(self) -> int:
        """Where it listens; 0 before the start."""
        return self._port

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        listener = self._listener or socket.create_server((_LOOPBACK, 0))
        self._port = listener.getsockname()[1]
        self._destinations.close_port(self._port)
        try:
            self._server = await loop.create_server(
                lambda: Wire(self._count_up, self._accepted), sock=listener, backlog=self._max_connections
            )
        except BaseException:
            listener.close()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is None:
            return
        self._closing = True
        self._server.close()
        served = self._served | self._turned_away
        for task, browser in served.items():
            task.cancel()
            # A task that had not begun yet has nothing that it would clean up.
            browser.abort()
        await asyncio.gather(*served, *(browser.gone for browser in served.values()), return_exceptions=True)
        await self._server.wait_closed()

    def _accepted(self, browser: Wire) -> None:
        if self._closing or len(self._turned_away) >= _TOLD_TOO_MANY:
            browser.abort()
        elif len(self._served) < self._max_connections:
            self._start(self._serve(browser), browser, self._served)
        else:
            self._start(_turn_away(browser), browser, self._turned_away)

    def _start(
        self, conversation: Coroutine[Any, Any, None], browser: Wire, among: dict[asyncio.Task[None], Wire]
    ) -> None:
        def ended(task: asyncio.Task[None]) -> None:
            del among[task]
            if not task.cancelled() and (error := task.exception()) is not None:
                log.error("a connection of the egress proxy failed", exc_info=error)

        task = asyncio.create_task(conversation, name="proxy-connection")
        among[task] = browser
        task.add_done_callback(ended)

    async def _serve(self, browser: Wire) -> None:
        try:
            try:
                request = await self._request(browser)
            except RequestInvalid as error:
                self.counters.requests += 1
                await _say(browser, error.status, error.message)
                return
            if request is None:
                await _hang_up(browser)
                return
            self.counters.requests += 1
            await self._answer(browser, request)
        finally:
            browser.abort()
            await browser.gone

    async def _request(self, browser: Wire) -> ProxyRequest | None:
        """None if none comes: browsers connect on suspicion. Raises RequestInvalid."""
        try:
            async with asyncio.timeout(self._head_timeout_s):
                return ProxyRequest.parse(await browser.through(END_OF_HEAD, MAX_HEAD_BYTES))
        except TimeoutError:
            if browser.waiting_bytes:
                raise RequestInvalid("the request takes too long", HTTPStatus.REQUEST_TIMEOUT) from None
        except asyncio.LimitOverrunError:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
            raise RequestInvalid("the request's header is too large", status) from None
        except asyncio.IncompleteReadError:
            pass
        return None

    async def _answer(self, browser: Wire, request: ProxyRequest) -> None:
        try:
            await self._pass_on(browser, request)
        except EgressRefused as error:
            self.counters.refused += 1
            if self._on_refused is not None:
                self._on_refused(Refusal(request.host, request.port, error.message))
            await _say(browser, HTTPStatus.FORBIDDEN, error.message)
        except RequestInvalid as error:
            await _say(browser, error.status, error.message)
        except FetchFailed as error:
            self._failed(request, error.message)
            await _say(browser, HTTPStatus.BAD_GATEWAY, error.message)
        except TimeoutError:
            self._failed(request, _NO_ANSWER)
            await _say(browser, HTTPStatus.GATEWAY_TIMEOUT, _NO_ANSWER)

    async def _pass_on(self, browser: Wire, request: ProxyRequest) -> None:
        media = self._destinations.is_media(request.host, request.port)
        if media and not request.tunnel:
            raise EgressRefused(ONLY_MEDIA)
        host = await self._destinations.connect(request.host, request.port, lambda: Wire(self._count_down))
        try:
            with cut_when_idle((browser, host), self._idle_timeout_s):
                if not request.tunnel:
                    await exchange(browser, host, request)
                    return
                browser.write(_CONNECTED)
                if media:
                    async with asyncio.timeout(self._head_timeout_s):
                        host.write(await media_beginning(browser))
                browser.flow_to(host)
                host.flow_to(browser)
                await asyncio.wait({browser.gone, host.gone})
        finally:
            host.abort()
            await host.gone

    def _failed(self, request: ProxyRequest, reason: str) -> None:
        self.counters.failed += 1
        if self._on_failed is not None:
            self._on_failed(Refusal(request.host, request.port, reason))

    def _count_up(self, received_bytes: int) -> None:
        self.counters.up_bytes += received_bytes

    def _count_down(self, received_bytes: int) -> None:
        self.counters.down_bytes += received_bytes


async def _turn_away(browser: Wire) -> None:
    try:
        await _say(browser, HTTPStatus.SERVICE_UNAVAILABLE, "there are too many connections")
    finally:
        browser.abort()


async def _say(browser: Wire, status: HTTPStatus, text: str) -> None:
    """Answers in the proxy's own name, unless an answer has begun: then there is only cutting it off."""
    if browser.written:
        return
    browser.write(own_answer(status, text))
    await _hang_up(browser)


async def _hang_up(browser: Wire) -> None:
    browser.finish()
    try:
        async with asyncio.timeout(_LINGER_S):
            await browser.discard()
    except TimeoutError:
        # It keeps the connection open and has had the time to read.
        return
