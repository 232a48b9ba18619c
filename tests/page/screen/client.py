"""A client of a screen, as small as can be: it draws what it is told, when it is told."""

import asyncio
import os
import socket
import struct
from collections import defaultdict
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reelkit.page.screen.wire import HEADER, Request, Requests
from tests.patience import PATIENCE_S

DISPLAY, REGISTRY = 1, 2


class Client:
    """Connects to the screen at ``path``. Ids of objects are given out in order; events are kept by object."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self._requests = Requests()
        self._last_id = REGISTRY
        self.events: dict[int, list[tuple[int, bytes]]] = defaultdict(list)
        self.globals: dict[str, tuple[int, int]] = {}
        """Name and version by interface."""
        self.closed = False

    async def __aenter__(self) -> Self:
        self._socket.setblocking(False)
        await asyncio.get_running_loop().sock_connect(self._socket, str(self._path))
        asyncio.get_running_loop().add_reader(self._socket, self._readable)
        self.send(DISPLAY, 1, REGISTRY)
        await self.round_trip()
        for _, body in self.events[REGISTRY]:
            name, length = struct.unpack_from("=II", body)
            interface = body[8 : 8 + length - 1].decode()
            (version,) = struct.unpack_from("=I", body, len(body) - 4)
            self.globals[interface] = (name, version)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._socket)
        self._socket.close()

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def send(self, object_id: int, opcode: int, *arguments: int | str, descriptor: int | None = None) -> None:
        """One request; ``descriptor`` goes beside it."""
        body = b"".join(
            struct.pack("=i", each) if isinstance(each, int) and each < 0 else
            struct.pack("=I", each) if isinstance(each, int) else _string(each)
            for each in arguments
        )  # fmt: skip
        message = HEADER.pack(object_id, (HEADER.size + len(body)) << 16 | opcode) + body
        if descriptor is None:
            self._socket.send(message)
        else:
            socket.send_fds(self._socket, [message], [descriptor])

    def bind(self, interface: str) -> int:
        """A global object."""
        name, version = self.globals[interface]
        made = self.new_id()
        self.send(REGISTRY, 0, name, interface, version, made)
        return made

    async def round_trip(self) -> None:
        """Returns when the screen has dealt with everything before."""
        callback = self.new_id()
        self.send(DISPLAY, 0, callback)
        await self.until(callback)

    async def until(self, object_id: int, count: int = 1) -> list[tuple[int, bytes]]:
        """The events of an object, once there are so many."""
        async with asyncio.timeout(PATIENCE_S):
            while len(self.events[object_id]) < count:  # noqa: ASYNC110 - what comes by the socket is waited for
                await asyncio.sleep(0.001)
        return self.events[object_id]

    async def gone(self) -> None:
        """Returns when the screen has closed the connection."""
        async with asyncio.timeout(PATIENCE_S):
            while not self.closed:  # noqa: ASYNC110 - what comes by the socket is waited for
                await asyncio.sleep(0.001)

    def _readable(self) -> None:
        try:
            data = self._socket.recv(65_536)
        except ConnectionError:
            data = b""
        if not data:
            self.closed = True
            asyncio.get_running_loop().remove_reader(self._socket)
            return
        for request in self._requests.feed(data):
            self._hear(request)

    def _hear(self, request: Request) -> None:
        self.events[request.object_id].append((request.opcode, request.body))


class Window:
    """A window with one buffer in shared memory."""

    def __init__(self, client: Client, width_px: int, height_px: int) -> None:
        self._client = client
        self._shape = (height_px, width_px, 4)
        size = width_px * height_px * 4
        self._memory = os.memfd_create("window")
        os.ftruncate(self._memory, size)
        shm, compositor, shell = (client.bind(name) for name in ("wl_shm", "wl_compositor", "xdg_wm_base"))
        self.presentation = client.bind("wp_presentation")
        pool, self.buffer = client.new_id(), client.new_id()
        client.send(shm, 0, pool, size, descriptor=self._memory)
        client.send(pool, 0, self.buffer, 0, width_px, height_px, width_px * 4, 1)
        self.surface, self.shell_surface, self.toplevel = client.new_id(), client.new_id(), client.new_id()
        client.send(compositor, 0, self.surface)
        client.send(shell, 2, self.shell_surface, self.surface)
        client.send(self.shell_surface, 1, self.toplevel)

    def draw(self, blue: int, green: int, red: int) -> int:
        """Fills the window with a colour; returns the callback that tells when the next picture is wanted."""
        pixels: NDArray[np.uint8] = np.empty(self._shape, np.uint8)
        pixels[:] = (blue, green, red, 0)
        os.pwrite(self._memory, pixels.tobytes(), 0)
        return self.commit()

    def commit(self, feedback: int | None = None) -> int:
        """Shows what is in the buffer."""
        callback = self._client.new_id()
        self._client.send(self.surface, 1, self.buffer, 0, 0)
        self._client.send(self.surface, 3, callback)
        if feedback is not None:
            self._client.send(self.presentation, 1, self.surface, feedback)
        self._client.send(self.surface, 6)
        return callback

    def close(self) -> None:
        os.close(self._memory)


def _string(text: str) -> bytes:
    data = text.encode() + b"\0"
    return struct.pack("=I", len(data)) + data + bytes(-len(data) % 4)
