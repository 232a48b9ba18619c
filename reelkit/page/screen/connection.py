"""The browser's connection to its screen."""

import array
import asyncio
import os
import socket
from collections import deque
from collections.abc import Callable, Mapping

import structlog

from reelkit.page.errors import ScreenFailed
from reelkit.page.screen.memory import Pool
from reelkit.page.screen.resource import Callback, Handler, Resource
from reelkit.page.screen.wire import Arguments, Request, Requests, event

log = structlog.get_logger(__name__)

_READ_BYTES = 65_536
_MAX_DESCRIPTORS = 32
"""In one message of the socket (libwayland sends up to 28)."""
_MAX_OBJECTS = 10_000
_MAX_UNSENT_BYTES = 1 << 20
_FIRST_SERVER_ID = 0xFF00_0000
_INT_BYTES = 4

Make = Callable[["Connection", int, int], object]
"""Makes a global object for a client, under its id and in its version."""


class Connection:
    """Speaks with one client over ``sock``, in the running event loop, from :meth:`start` to :meth:`close`.

    ``globals_`` are the kinds of object that it may have, with their versions. ``on_end`` is called once when the
    client went, with the reason if it was thrown out.
    """

    def __init__(
        self,
        sock: socket.socket,
        globals_: Mapping[str, tuple[int, Make]],
        on_end: Callable[[ScreenFailed | None], None],
    ) -> None:
        sock.setblocking(False)
        self._socket = sock
        self._globals = list(globals_.items())
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._requests = Requests()
        self._descriptors: deque[int] = deque()
        self._objects: dict[int, Resource] = {}
        self._unsent = bytearray()
        self._open = False

    def start(self) -> None:
        """From now on the client is heard."""
        self._open = True
        _Display(self, 1)
        self._loop.add_reader(self._socket, self._readable)

    def close(self) -> None:
        """Lets the client go. May be called more than once."""
        if not self._open:
            return
        self._open = False
        self._loop.remove_reader(self._socket)
        self._loop.remove_writer(self._socket)
        for resource in list(self._objects.values()):
            if isinstance(resource, Pool):
                resource.destroy()
        self._objects.clear()
        while self._descriptors:
            os.close(self._descriptors.popleft())
        self._socket.close()

    def send(self, object_id: int, opcode: int, *arguments: int | str | bytes) -> None:
        """An event of an object."""
        if not self._open:
            return
        if not self._unsent:
            self._loop.call_soon(self._flush)
        self._unsent += event(object_id, opcode, *arguments)

    def add(self, object_id: int, resource: Resource) -> None:
        """Raises ScreenFailed."""
        if not 0 < object_id < _FIRST_SERVER_ID or object_id in self._objects or len(self._objects) >= _MAX_OBJECTS:
            raise ScreenFailed("the browser made an impossible object")
        self._objects[object_id] = resource

    def remove(self, object_id: int) -> None:
        """The id is free again."""
        if self._objects.pop(object_id, None) is not None:
            self.send(1, 1, object_id)

    def find(self, object_id: int) -> Resource | None:
        return self._objects.get(object_id)

    def announce(self, registry: Resource) -> None:
        """Tells a registry all kinds of global objects."""
        for name, (interface, (version, _)) in enumerate(self._globals):
            registry.send(0, name, interface, version)

    def bind(self, name: int, version: int, object_id: int) -> None:
        """Makes a global object for the client. Raises ScreenFailed."""
        if name >= len(self._globals):
            raise ScreenFailed("the browser asked for something that the screen has not")
        _, (_, make) = self._globals[name]
        make(self, object_id, version)

    def _readable(self) -> None:
        try:
            data, ancillary, _, _ = self._socket.recvmsg(_READ_BYTES, socket.CMSG_SPACE(_MAX_DESCRIPTORS * _INT_BYTES))
        except BlockingIOError:
            return
        except OSError:
            data, ancillary = b"", []
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                received = array.array("i")
                received.frombytes(content[: len(content) - len(content) % received.itemsize])
                self._descriptors.extend(received)
        if not data:
            self._end(None)
            return
        try:
            for request in self._requests.feed(data):
                self._dispatch(request)
        except ScreenFailed as failure:
            self._end(failure)

    def _dispatch(self, request: Request) -> None:
        # A client may still speak of an object whose end has just been told.
        resource = self._objects.get(request.object_id)
        if resource is not None:
            resource.handle(request.opcode, Arguments(request.body, self._descriptors))

    def _flush(self) -> None:
        if not self._open or not self._unsent:
            return
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError:
            self._end(None)
            return
        del self._unsent[:sent]
        if len(self._unsent) > _MAX_UNSENT_BYTES:
            self._end(ScreenFailed("the browser does not listen to its screen"))
        elif self._unsent:
            self._loop.add_writer(self._socket, self._flush)
        else:
            self._loop.remove_writer(self._socket)

    def _end(self, failure: ScreenFailed | None) -> None:
        if self._open:
            self.close()
            self._on_end(failure)


class _Display(Resource):
    """The first object of every client (wl_display)."""

    def __init__(self, connection: Connection, object_id: int) -> None:
        super().__init__(connection, object_id)
        self._connection = connection

    def requests(self) -> Mapping[int, Handler]:
        return {0: self._sync, 1: self._get_registry}

    def _sync(self, arguments: Arguments) -> None:
        Callback(self.client, arguments.unsigned()).done(0)

    def _get_registry(self, arguments: Arguments) -> None:
        self._connection.announce(_Registry(self._connection, arguments.unsigned()))


class _Registry(Resource):
    """Where clients ask for global objects (wl_registry)."""

    def __init__(self, connection: Connection, object_id: int) -> None:
        super().__init__(connection, object_id)
        self._connection = connection

    def requests(self) -> Mapping[int, Handler]:
        return {0: self._bind}

    def _bind(self, arguments: Arguments) -> None:
        name = arguments.unsigned()
        arguments.string()
        version = arguments.unsigned()
        self._connection.bind(name, version, arguments.unsigned())
