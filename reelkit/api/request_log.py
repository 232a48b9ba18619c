"""The outermost layer: an id for each request, one log line, its metrics, and an answer even to our own faults."""

import time
from http import HTTPStatus

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelkit.api.failures import failure
from reelkit.api.metrics import Metrics
from reelkit.api.request_id import REQUEST_ID_HEADER, named_request

log = structlog.get_logger(__name__)

_UNROUTED = "(none)"
# Probes come every few seconds and say nothing while all is well.
_QUIET_PATHS = frozenset({"/healthz", "/readyz", "/metrics"})


class RequestLog:
    """ASGI middleware. The query string is never logged: it carries tokens and signatures."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # A room's tasks outlive the client that happened to start them: an id of that client would mislead.
            await self._app(scope, receive, send)
            return
        with named_request() as request_id:
            await self._http(scope, receive, send, request_id)

    async def _http(self, scope: Scope, receive: Receive, send: Send, request_id: str) -> None:
        method, path = scope["method"], scope["path"]
        started_s = time.perf_counter()
        status = 0

        async def tracked(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message = {
                    **message,
                    "headers": [*message["headers"], (REQUEST_ID_HEADER.encode(), request_id.encode())],
                }
            await send(message)

        try:
            await self._app(scope, receive, tracked)
        except Exception:
            log.exception("request failed for a reason that is not the caller's", method=method, path=path)
            if status:
                raise
            message = f"internal error; the server's log tells more under request_id={request_id}"
            await failure(HTTPStatus.INTERNAL_SERVER_ERROR, message)(scope, receive, tracked)
        finally:
            elapsed_s = time.perf_counter() - started_s
            route = getattr(scope.get("route"), "path", _UNROUTED)
            self._metrics.requests.labels(method, route, str(status)).inc()
            self._metrics.latency_s.labels(method, route).observe(elapsed_s)
            write = log.debug if path in _QUIET_PATHS and status < HTTPStatus.BAD_REQUEST else log.info
            write("request", method=method, path=path, status=status, duration_ms=round(elapsed_s * 1000, 1))
