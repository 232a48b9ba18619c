"""A bound on request bodies: no request holds more memory or waits longer than is allowed."""

import asyncio

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelkit.api.errors import ApiError, BodyTooLarge, BodyTooSlow
from reelkit.api.failures import failure

# A JSON body of the greatest length takes a second even on a poor line.
BODY_TIMEOUT_S = 30.0
# A client that sends a little too much is let finish, so that it reads the answer instead of a reset connection.
_DISCARDED_BYTES_MAX = 16 << 20


class BodyLimit:
    """ASGI middleware that takes in a body of at most ``max_bytes`` before the application sees the request.

    A longer one is answered with 413 as soon as its length is known or the limit is passed; the rest is not read here.
    """

    def __init__(self, app: ASGIApp, max_bytes: int, timeout_s: float = BODY_TIMEOUT_S) -> None:
        self._app = app
        self._max_bytes = max_bytes
        self._timeout_s = timeout_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope) if scope["type"] == "http" else Headers()
        declared = headers.get("content-length", "")
        if not declared and "transfer-encoding" not in headers:
            await self._app(scope, receive, send)
            return
        try:
            if declared.isdecimal() and int(declared) > self._max_bytes:
                raise BodyTooLarge(f"the body is larger than {self._max_bytes} bytes")
            body = await self._read(receive)
        except ApiError as error:
            close = not declared.isdecimal() or int(declared) > _DISCARDED_BYTES_MAX
            await failure(error.status, error.message, headers={"connection": "close"} if close else None)(
                scope, receive, send
            )
            return
        if body is not None:
            await self._app(scope, replayed(body, receive), send)

    async def _read(self, receive: Receive) -> bytes | None:
        """The whole body, or None when the client went away. Raises BodyTooLarge or BodyTooSlow."""
        body = bytearray()
        try:
            async with asyncio.timeout(self._timeout_s):
                while True:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    body += message.get("body", b"")
                    if len(body) > self._max_bytes:
                        raise BodyTooLarge(f"the body is larger than {self._max_bytes} bytes")
                    if not message.get("more_body", False):
                        return bytes(body)
        except TimeoutError as error:
            raise BodyTooSlow(f"the body did not arrive within {self._timeout_s:g} s") from error


def replayed(body: bytes, receive: Receive) -> Receive:
    """What stands in for ``receive`` after ``body`` was taken from it."""
    pending: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> Message:
        return pending.pop() if pending else await receive()

    return again
