"""A websocket of Starlette as the gateway wants it."""

from collections.abc import Mapping

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from reelkit.api.failures import failure
from reelkit.api.request_id import REQUEST_ID_HEADER, named_request
from reelkit.rooms.websocket import SocketClosed

log = structlog.get_logger(__name__)

# RFC 6455, section 7.4.1: closed without a close frame.
_ABNORMAL_CLOSURE = 1006


async def refuse(websocket: WebSocket, status: int, message: str, headers: Mapping[str, str] | None = None) -> None:
    """Answers with an HTTP error instead of the upgrade."""
    with named_request() as request_id:
        log.info("websocket refused", path=websocket.url.path, status=int(status), reason=message)
        named = {**(headers or {}), REQUEST_ID_HEADER: request_id}
        await websocket.send_denial_response(failure(status, message, headers=named))


class StarletteSocket:
    """Implements :class:`reelkit.rooms.websocket.Socket` over an accepted websocket."""

    def __init__(self, websocket: WebSocket) -> None:
        self._websocket = websocket
        self.closed_with: int | None = None
        """The close code, once it is closed."""

    async def send_bytes(self, data: bytes) -> None:
        """Sends a binary frame. Raises SocketClosed."""
        self._require_open()
        try:
            await self._websocket.send_bytes(data)
        except WebSocketDisconnect as error:
            raise self._closed(error.code) from error

    async def send_text(self, data: str) -> None:
        """Sends a text frame. Raises SocketClosed."""
        self._require_open()
        try:
            await self._websocket.send_text(data)
        except WebSocketDisconnect as error:
            raise self._closed(error.code) from error

    async def receive(self) -> bytes | str:
        """Waits for the next frame. Raises SocketClosed, also in a task that waited while another one closed."""
        if self._websocket.client_state is not WebSocketState.CONNECTED:
            raise self._closed(_ABNORMAL_CLOSURE)
        message = await self._websocket.receive()
        if message["type"] == "websocket.disconnect":
            raise self._closed(message.get("code", _ABNORMAL_CLOSURE))
        data = message.get("bytes")
        return data if data is not None else str(message["text"])

    async def close(self, code: int) -> None:
        """Closes the websocket; does nothing if it is closed."""
        if self.closed_with is not None:
            return
        self.closed_with = code
        if self._websocket.client_state is WebSocketState.CONNECTED:
            try:
                await self._websocket.close(code)
            except WebSocketDisconnect as error:
                self.closed_with = error.code

    def _require_open(self) -> None:
        if self.closed_with is not None:
            raise SocketClosed(self.closed_with)

    def _closed(self, code: int) -> SocketClosed:
        if self.closed_with is None:
            self.closed_with = code
        return SocketClosed(self.closed_with)
