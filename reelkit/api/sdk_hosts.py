"""What the browser SDK expects of hosts, paths and origins.

The SDK builds its URLs as ``https://api.<base>/…`` and ``wss://socket-edge.<base>/ws`` and sends telemetry to more
hosts of the same base. ``<base>`` may end in a path (``rtk.example.com/prefix``), which then comes before each path.
The page is of another origin; no cookies are used, so any origin may ask.
"""

import re
from http import HTTPStatus

from starlette.datastructures import Headers
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TELEMETRY_LABELS = frozenset({"api-silos", "da-collector", "location", "location-legacy", "flags"})
# Enough for any reader of these: SDK 1.1 and 1.2 read feature flags, all others only the status.
_TELEMETRY_ANSWER = {"success": True, "flags": [], "traits": []}
_SDK_PATH = re.compile(r"(?P<prefix>/.*?)??(?P<path>/v2/.+|/iceservers|/ws)")
_SHARED_PATH = re.compile(r"/(v2/.+|iceservers|bucket/.+)")
_OPERATOR_ROOTS = ("/client/v4/", "/bucket/", "/docs", "/openapi.json")
_METHODS = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
_EXPOSED_HEADERS = "cf-ray, content-range, accept-ranges, content-length, etag, idempotent-replayed, retry-after"
_PREFLIGHT_MAX_AGE_S = 600


def host_name(base: str) -> str:
    """The host of an SDK base such as ``rtk.example.com:8443/prefix``."""
    return base.partition("/")[0].partition(":")[0].lower()


class SdkHosts:
    """ASGI middleware: telemetry hosts, the path prefix, and cross-origin requests of the SDK and of downloads."""

    def __init__(self, app: ASGIApp, base_domain: str) -> None:
        self._app = app
        base = host_name(base_domain)
        self._telemetry_hosts = {f"{label}.{base}" for label in TELEMETRY_LABELS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        telemetry = host_name(headers.get("host", "")) in self._telemetry_hosts
        if not telemetry:
            _strip_prefix(scope)
        if scope["type"] == "http" and (telemetry or _SHARED_PATH.fullmatch(scope["path"])):
            allowed = _allowed_headers(headers)
            if scope["method"] == "OPTIONS":
                await _preflight(allowed)(scope, receive, send)
                return
            send = _sharing(send, allowed)
        if telemetry and scope["type"] == "http":
            # The body is left unread: uvicorn throws it away piece by piece as it comes.
            await JSONResponse(_TELEMETRY_ANSWER)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _strip_prefix(scope: Scope) -> None:
    path = scope["path"]
    match = None if path.startswith(_OPERATOR_ROOTS) else _SDK_PATH.fullmatch(path)
    if match and match["prefix"]:
        scope["path"] = match["path"]
        scope["raw_path"] = match["path"].encode()


def _allowed_headers(headers: Headers) -> str:
    return headers.get("access-control-request-headers", "*")


def _preflight(allowed: str) -> Response:
    return Response(
        status_code=HTTPStatus.NO_CONTENT,
        headers={
            "access-control-allow-origin": "*",
            "access-control-allow-methods": _METHODS,
            "access-control-allow-headers": allowed,
            "access-control-max-age": str(_PREFLIGHT_MAX_AGE_S),
            "vary": "access-control-request-headers",
        },
    )


def _sharing(send: Send, allowed: str) -> Send:
    async def shared(message: Message) -> None:
        if message["type"] == "http.response.start":
            added = (
                (b"access-control-allow-origin", b"*"),
                (b"access-control-allow-headers", allowed.encode("latin-1")),
                (b"access-control-expose-headers", _EXPOSED_HEADERS.encode()),
            )
            message = {**message, "headers": [*message["headers"], *added]}
        await send(message)

    return shared
