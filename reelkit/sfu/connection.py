"""What publishers and subscribers have in common: a handle with one PeerConnection."""

import asyncio
from collections.abc import Callable
from typing import Self

import structlog

from reelkit.sfu.client import JanusClient
from reelkit.sfu.errors import SfuError
from reelkit.sfu.events import Connected, ConnectionEvent, ConnectionListener, HungUp, connection_event
from reelkit.sfu.handle import JanusHandle, PluginAnswer
from reelkit.sfu.wire import Jsep, JsonObject, Message

log = structlog.get_logger(__name__)


class Connection:
    """One PeerConnection between a client and Janus. Made by SfuRoom, ended by ``detach``."""

    def __init__(self, room_id: str, name: str) -> None:
        self.connected = asyncio.Event()
        """Set once ICE and DTLS are up, and for good: a hang-up is told by ``hung_up`` and an event."""
        self.hung_up: str | None = None
        """Why the PeerConnection ended; a new Connection is needed then."""
        self._room_id = room_id
        self._listeners: list[ConnectionListener] = []
        self._attached: JanusHandle | None = None
        self._forget: Callable[[Connection], None] | None = None
        self._log = log.bind(room_id=room_id, connection=name)

    async def attach(self, client: JanusClient, forget: "Callable[[Connection], None]") -> Self:
        """Called by the room: takes a handle of ``client``. ``forget`` is called when the connection is detached."""
        self._attached = await client.attach(self._receive)
        self._forget = forget
        return self

    def on_event(self, listener: ConnectionListener) -> None:
        """Calls ``listener`` for every event from now on, in order, on the event loop. It must not block."""
        self._listeners.append(listener)

    async def detach(self) -> None:
        """Ends the PeerConnection and leaves the room; more than once does no harm. Raises SfuTimeout."""
        await self._handle.detach()
        if self._forget is not None:
            self._forget(self)

    @property
    def _handle(self) -> JanusHandle:
        if self._attached is None:
            raise RuntimeError("the connection was not attached")
        return self._attached

    async def _ask(self, body: JsonObject, jsep: Jsep | None = None) -> PluginAnswer:
        return await self._handle.message(body, jsep)

    def _receive(self, message: Message) -> None:
        event = connection_event(message)
        if event is None:
            self._receive_plugin_event(message)
            return
        match event:
            case Connected():
                self.connected.set()
            case HungUp(reason):
                self.hung_up = reason
                self._log.info("PeerConnection ended", reason=reason)
        self._tell(event)

    def _tell(self, event: ConnectionEvent) -> None:
        for listener in tuple(self._listeners):
            listener(event)

    def _receive_plugin_event(self, message: Message) -> None:
        """Handles what is not about the PeerConnection itself; nothing by default."""


def sdp_of(answer: PluginAnswer) -> str:
    """The session description of an answer that must have one."""
    if answer.jsep is None:
        raise SfuError("Janus answered without a session description")
    return answer.jsep.sdp
