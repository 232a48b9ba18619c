"""The RealtimeKit client protocol from the client's side: requests with replies, pushes, heartbeat."""

import asyncio
import contextlib
import itertools
import json
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar
from urllib.parse import urlencode

import httpx
from google.protobuf.message import Message
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from reelkit.rooms.envelope import decode, encode
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto import media_edge_pb2

REQUEST_TIMEOUT_S = 20.0
"""As in the SDK."""
PING, PONG = "2", "3"
CAPABILITY_PING = "2"

_M = TypeVar("_M", bound=Message)
PushHandler = Callable[[int, bytes], None]


class RefusedError(Exception):
    """The server answered a request with an error, or not at all."""


@dataclass(frozen=True)
class ServerAddress:
    """Where a server's SDK side is. ``base`` is what the SDK gets as ``baseURI``, without its port."""

    tls_port: int
    authority: Path
    """PEM of the certificate authority to trust."""
    base: str = "rtk.localhost"
    host: str = "127.0.0.1"

    def trust(self) -> ssl.SSLContext:
        """A TLS context that trusts that authority alone."""
        return ssl.create_default_context(cafile=str(self.authority))


async def participant_details(address: ServerAddress, token: str) -> dict[str, object]:
    """What the SDK asks first: who the token is for. Raises RefusedError and httpx.HTTPError."""
    async with httpx.AsyncClient(verify=address.trust(), timeout=REQUEST_TIMEOUT_S) as client:
        response = await client.get(
            f"https://{address.host}:{address.tls_port}/v2/internals/participant-details",
            headers={
                "host": f"api.{address.base}:{address.tls_port}",
                "authorization": f"Bearer {token}",
            },
        )
    if response.status_code != httpx.codes.OK:
        raise RefusedError(f"participant-details: {response.status_code} {response.text[:200]}")
    details: dict[str, object] = response.json()["data"]
    return details


class Signalling:
    """One websocket of one peer; an async context manager that says goodbye on exit."""

    def __init__(
        self, address: ServerAddress, *, meeting_id: str, peer_id: str, token: str, on_push: PushHandler
    ) -> None:
        self._address, self._meeting_id, self._peer_id, self._token = address, meeting_id, peer_id, token
        self._on_push = on_push
        self._numbers = itertools.count(1)
        self._waiting: dict[str, asyncio.Future[tuple[int, bytes]]] = {}
        self._socket: ClientConnection | None = None
        self._reader: asyncio.Task[None] | None = None
        self.close_code: int | None = None
        self.closed = asyncio.Event()

    async def __aenter__(self) -> Self:
        query = urlencode(
            {
                "roomID": self._meeting_id,
                "peerID": self._peer_id,
                "authToken": self._token,
                "useMediaV2": "true",
                "ping": "true",
                "capabilities": CAPABILITY_PING,
                "joinWithDetails": "true",
                "useCfWorker": "true",
                "useStartSession": "true",
            }
        )
        address = self._address
        self._socket = await connect(
            f"wss://socket-edge.{address.base}:{address.tls_port}/ws?{query}",
            host=address.host,
            port=address.tls_port,
            ssl=address.trust(),
            compression=None,
            ping_interval=None,
            proxy=None,
        )
        self._reader = asyncio.create_task(self._read(self._socket), name=f"signalling-{self._peer_id}")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._socket is None or self._reader is None:
            return
        await self._socket.close(1000)
        await self._reader

    async def request(self, event: int, message: Message, reply: type[_M]) -> _M:
        """Sends a request and waits for its reply. Raises RefusedError."""
        request_id = f"{self._peer_id}-{next(self._numbers)}"
        answer: asyncio.Future[tuple[int, bytes]] = asyncio.get_running_loop().create_future()
        self._waiting[request_id] = answer
        try:
            await self._send(encode(event, message, request_id))
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                answered, payload = await answer
        except TimeoutError as error:
            raise RefusedError(f"no reply to event {event:#x} within {REQUEST_TIMEOUT_S} s") from error
        finally:
            self._waiting.pop(request_id, None)
        if answered == MediaEvent.ERROR:
            refusal = media_edge_pb2.ErrorResponse.FromString(payload)
            raise RefusedError(f"event {event:#x} was refused: {refusal.error_message}")
        return reply.FromString(payload)

    async def tell(self, event: int, message: Message) -> None:
        """Sends what has no reply. Raises RefusedError if the websocket is closed."""
        await self._send(encode(event, message, f"{self._peer_id}-{next(self._numbers)}"))

    def drop(self) -> None:
        """Cuts the connection without a close frame, as a dead network does."""
        if self._socket is not None:
            self._socket.transport.abort()

    async def _send(self, frame: bytes) -> None:
        assert self._socket is not None
        try:
            await self._socket.send(frame)
        except ConnectionClosed as closed:
            raise RefusedError(f"the websocket is closed: {closed}") from closed

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for frame in socket:
                if isinstance(frame, str):
                    if frame == PING:
                        with contextlib.suppress(ConnectionClosed):
                            await socket.send(PONG)
                    continue
                envelope = decode(frame)
                waiting = self._waiting.get(envelope.request_id or "")
                if waiting is not None and not waiting.done():
                    waiting.set_result((envelope.event, envelope.payload))
                else:
                    self._on_push(envelope.event, envelope.payload)
        except ConnectionClosed:
            pass  # an abnormal end is told by close_code
        finally:
            self.close_code = socket.close_code
            self.closed.set()
            for waiting in self._waiting.values():
                if not waiting.done():
                    waiting.set_exception(RefusedError(f"the websocket closed with {self.close_code}"))


def app_data(**facts: object) -> str:
    """The JSON that a producer carries."""
    return json.dumps(facts)
