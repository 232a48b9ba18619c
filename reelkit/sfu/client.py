"""A client of the Janus API over its websocket transport (https://janus.conf.meetecho.com/docs/rest.html)."""

import asyncio
import json
import secrets
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog
from pydantic import ValidationError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake
from websockets.typing import Subprotocol

from reelkit.sfu.errors import SfuError, SfuLost, SfuTimeout, refusal
from reelkit.sfu.handle import JanusHandle
from reelkit.sfu.wire import JsonObject, Message

log = structlog.get_logger(__name__)

SUBPROTOCOL = Subprotocol("janus-protocol")
# Janus on the same machine answers at once or not at all.
_CLOSE_TIMEOUT_S = 1.0

EventHandler = Callable[[Message], None]


class JanusClient:
    """One websocket and one Janus session with its handles; an async context manager.

    When the websocket closes or ``lose`` is called, every pending and every later request fails with SfuLost and
    ``wait_lost`` returns the reason. Janus drops the session, its handles and their PeerConnections then.
    """

    def __init__(self, url: str, api_secret: str, *, request_timeout_s: float) -> None:
        self._url = url
        self._api_secret = api_secret
        self._request_timeout_s = request_timeout_s
        self._websocket: ClientConnection | None = None
        self._session_id: int | None = None
        self._reader: asyncio.Task[None] | None = None
        self._pending: dict[str, _Pending] = {}
        self._handlers: dict[int, EventHandler] = {}
        self._leftovers: set[asyncio.Task[None]] = set()
        self._lost = asyncio.Event()
        self._lost_reason: str | None = None

    @property
    def lost(self) -> bool:
        return self._lost_reason is not None

    async def open(self) -> None:
        """Connects and creates the session. Raises SfuLost if nobody listens, Unauthorised for a wrong secret."""
        try:
            self._websocket = await connect(
                self._url,
                subprotocols=[SUBPROTOCOL],
                compression=None,
                proxy=None,
                ping_interval=None,  # HealthProbe asks more than a pong could tell
                max_size=None,
                open_timeout=self._request_timeout_s,
                close_timeout=_CLOSE_TIMEOUT_S,
            )
        except (OSError, InvalidHandshake, TimeoutError) as error:
            self.lose(f"no connection to Janus: {error}")
            raise SfuLost("no connection to Janus") from error
        self._reader = asyncio.create_task(self._read(self._websocket), name="janus-reader")
        try:
            answer = await self.request({"janus": "create"})
        except BaseException:
            await self.close()
            raise
        self._session_id = _created_id(answer)

    async def close(self) -> None:
        """Drops the websocket and with it the session. May be called more than once."""
        self.lose("the client was closed")
        if self._websocket is not None:
            await self._websocket.close()
        if self._reader is not None:
            await self._reader

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def attach(self, on_event: EventHandler) -> JanusHandle:
        """A new handle of the videoroom plugin. ``on_event`` gets its events, but not the answers to its requests.

        If the caller is cancelled meanwhile the handle is given up. Raises SfuTimeout and SfuLost.
        """
        attaching = asyncio.create_task(self._attach(on_event), name="janus-attach")
        try:
            return await asyncio.shield(attaching)
        except asyncio.CancelledError:
            self._leftovers.add(leftover := asyncio.create_task(_give_up(attaching), name="janus-detach"))
            leftover.add_done_callback(self._leftovers.discard)
            raise

    async def _attach(self, on_event: EventHandler) -> JanusHandle:
        answer = await self.request({"janus": "attach", "plugin": "janus.plugin.videoroom"})
        handle_id = _created_id(answer)
        self._handlers[handle_id] = on_event
        return JanusHandle(self, handle_id)

    async def detach(self, handle_id: int) -> None:
        """Gives a handle and its PeerConnection up."""
        self._handlers.pop(handle_id, None)
        await self.request({"janus": "detach", "handle_id": handle_id})

    async def keepalive(self) -> None:
        """Raises SfuLost or SfuTimeout if Janus does not answer."""
        await self.request({"janus": "keepalive"}, until_ack=True)

    async def request(self, body: JsonObject, *, until_ack: bool = False) -> Message:
        """Sends one request and waits for its answer, which is the ``ack`` itself only with ``until_ack``.

        Raises RequestRefused (or what derives from it) for an error answer, SfuTimeout and SfuLost.
        """
        if self._websocket is None or self._lost_reason is not None:
            raise SfuLost(self._lost_reason or "the client is not connected")
        transaction = secrets.token_hex(8)
        pending = _Pending(asyncio.get_running_loop().create_future(), until_ack)
        self._pending[transaction] = pending
        envelope = {**body, "transaction": transaction, "apisecret": self._api_secret}
        if self._session_id is not None:
            envelope["session_id"] = self._session_id
        try:
            async with asyncio.timeout(self._request_timeout_s):
                await self._websocket.send(json.dumps(envelope))
                answer = await pending.answer
        except TimeoutError as error:
            raise SfuTimeout("Janus did not answer in time", request=_name_of(body)) from error
        except ConnectionClosed as error:
            raise SfuLost("the connection to Janus closed") from error
        finally:
            del self._pending[transaction]
            if pending.answer.done() and not pending.answer.cancelled():
                pending.answer.exception()  # taken, so that one nobody waits for any more is not reported
        if answer.janus == "error" and answer.error is not None:
            raise refusal(answer.error.code, answer.error.reason, request=_name_of(body))
        return answer

    def lose(self, reason: str) -> None:
        """Declares Janus lost: fails what is pending and what comes. Only the first reason counts."""
        if self._lost_reason is not None:
            return
        self._lost_reason = reason
        self._lost.set()
        for pending in self._pending.values():
            if not pending.answer.done():
                pending.answer.set_exception(SfuLost(reason))

    async def wait_lost(self) -> str:
        """Waits until Janus is lost; returns the reason."""
        await self._lost.wait()
        return self._lost_reason or ""

    async def _read(self, websocket: ClientConnection) -> None:
        try:
            async for text in websocket:
                try:
                    message = Message.model_validate_json(text)
                except ValidationError as error:
                    log.error("Janus sent a message that cannot be read", error=str(error))  # noqa: TRY400
                    continue
                self._dispatch(message)
        except ConnectionClosed as error:
            log.debug("the connection to Janus closed", error=str(error))
        self.lose("the connection to Janus closed")

    def _dispatch(self, message: Message) -> None:
        pending = self._pending.get(message.transaction) if message.transaction else None
        if pending is not None:
            # The event that answers a request may overtake its ack, which then finds the future done.
            if (message.janus != "ack" or pending.until_ack) and not pending.answer.done():
                pending.answer.set_result(message)
            return
        if message.janus == "timeout":
            self.lose("Janus dropped the session")
            return
        handler = self._handlers.get(message.sender) if message.sender is not None else None
        if handler is None:
            log.debug("message of Janus without a receiver", kind=message.janus, sender=message.sender)
            return
        # A fault in a handler belongs to the handler: it reaches the loop's exception handler, not this reader.
        asyncio.get_running_loop().call_soon(handler, message)


class _Pending:
    """A request that awaits its answer."""

    __slots__ = ("answer", "until_ack")

    def __init__(self, answer: asyncio.Future[Message], until_ack: bool) -> None:
        self.answer = answer
        self.until_ack = until_ack


async def _give_up(attaching: asyncio.Task[JanusHandle]) -> None:
    """Detaches a handle whose owner went away before it was there."""
    try:
        handle = await attaching
        await handle.detach()
    except SfuError as error:
        log.debug("could not give up a handle", error=str(error))


def _created_id(answer: Message) -> int:
    if answer.data is None:
        raise SfuLost("Janus answered without an id")
    return answer.data.id


def _name_of(body: JsonObject) -> str:
    inner = body.get("body")
    return str(inner["request"] if isinstance(inner, dict) else body["janus"])
