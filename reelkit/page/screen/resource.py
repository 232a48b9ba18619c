"""Objects of a client of the screen."""

from collections.abc import Callable, Mapping
from typing import Protocol

import structlog

from reelkit.page.screen.wire import Arguments

log = structlog.get_logger(__name__)

Handler = Callable[[Arguments], None]


class Client(Protocol):
    """The connection that objects belong to: :class:`reelkit.page.screen.connection.Connection`."""

    def send(self, object_id: int, opcode: int, *arguments: int | str | bytes) -> None:
        """An event of an object."""

    def add(self, object_id: int, resource: "Resource") -> None:
        """A new object under the id that the client chose. Raises ScreenFailed."""

    def remove(self, object_id: int) -> None:
        """The object is gone, and its id free."""

    def find(self, object_id: int) -> "Resource | None":
        """An object by its id; None for 0 and unknown ones."""


class Resource:
    """An object: its requests by opcode. One that is not named here and that is not understood is let pass, because
    what clients ask beyond what they need changes nothing of what they show."""

    def __init__(self, client: Client, object_id: int) -> None:
        self.client = client
        self.id = object_id
        client.add(object_id, self)

    def requests(self) -> Mapping[int, Handler]:
        """What it understands."""
        return {}

    def handle(self, opcode: int, arguments: Arguments) -> None:
        """A request came. Raises ScreenFailed."""
        handler = self.requests().get(opcode)
        if handler is not None:
            handler(arguments)

    def send(self, opcode: int, *arguments: int | str | bytes) -> None:
        """Sends an event."""
        self.client.send(self.id, opcode, *arguments)

    def destroy(self, _: Arguments | None = None) -> None:
        """The client is done with it."""
        self.client.remove(self.id)


class Passive(Resource):
    """An object whose requests change nothing here, but for its end, which is opcode 0: regions, viewports,
    subsurfaces, positioners, pop-ups."""

    def requests(self) -> Mapping[int, Handler]:
        return {0: self.destroy}


class Callback(Resource):
    """Answers once that something has happened, and ends (wl_callback)."""

    def done(self, value: int) -> None:
        self.send(0, value)
        self.destroy()
