"""The worker's side of the keeper: its start, what it tells, its end."""

import asyncio
import json
import os
import socket
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from reelkit.page.browser_exit import BrowserExit
from reelkit.page.confinement import Confinement, Order
from reelkit.page.errors import BrowserNotStarted, JailFailed
from reelkit.page.inmate import MESSAGE_BYTES

log = structlog.get_logger(__name__)

_SPAWNING = threading.Lock()
"""uvloop refuses to start a process while a loop of another thread does."""
_SPAWN_WAIT_S = 0.005

_END_TIMEOUT_S = 15.0
"""More than the keeper gives itself for ending everything."""
_OUTPUT_TIMEOUT_S = 1.0
_TAIL_LINES = 50
_TAIL_CHARACTERS = 400
_MOST_LINE_BYTES = 1 << 16
_NOISE = "ERROR:dbus/"
"""Chromium complains dozens of times that the machine's services are out of its reach, as they are meant to be."""


@dataclass(frozen=True, slots=True)
class Inmate:
    """A process that is locked in and waits to become the browser."""

    pid: int
    confinement: Confinement
    listener: socket.socket
    """Listens on loopback in its network."""


class KeeperProcess:
    """One keeper. Call :meth:`start`, :meth:`inmate`, :meth:`execute` and, whatever happens, :meth:`end`."""

    def __init__(self) -> None:
        self.exited: asyncio.Future[BrowserExit] = asyncio.get_running_loop().create_future()
        """Done when the browser has ended."""
        self.stderr_tail: deque[str] = deque(maxlen=_TAIL_LINES)
        self._process: asyncio.subprocess.Process | None = None
        self._order: Order | None = None
        self._output: asyncio.Task[None] | None = None
        self._control, self._keepers_control = _pair()
        self._channel, self._inmates_channel = _pair()

    @property
    def pid(self) -> int:
        """Zero before the start."""
        return self._process.pid if self._process is not None else 0

    async def start(self, order: Order, lock_fd: int) -> None:
        """Starts it; from now on it holds the lock too. Raises JailFailed."""
        fds = (self._keepers_control.fileno(), self._inmates_channel.fileno(), lock_fd)
        # Not asyncio's own pipe: with that, waiting for the keeper would be waiting for all that holds its other end.
        output_fd, errors_fd = os.pipe()
        self._output = asyncio.create_task(self._read(output_fd), name="page-browser-output")
        try:
            self._process = await self._spawned(order, fds, errors_fd)
        except OSError as error:
            raise JailFailed(f"the keeper of a browser cannot be started: {error}") from error
        finally:
            os.close(errors_fd)
        self._order = order
        self._keepers_control.close()
        self._inmates_channel.close()
        asyncio.get_running_loop().add_reader(self._control, self._hear)

    async def _spawned(self, order: Order, fds: tuple[int, ...], errors_fd: int) -> asyncio.subprocess.Process:
        while not _SPAWNING.acquire(blocking=False):  # noqa: ASYNC110 - another thread has it for a moment
            await asyncio.sleep(_SPAWN_WAIT_S)
        try:
            return await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "reelkit.page.keeper", order.to_json(), *map(str, fds)),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
                stderr=errors_fd,
                # Whoever ends the worker's group leaves the keeper to its work.
                start_new_session=True,
                pass_fds=fds,
            )
        finally:
            _SPAWNING.release()

    async def inmate(self, timeout_s: float) -> Inmate:
        """Waits until the process that will be the browser has locked itself in. Raises JailFailed."""
        loop = asyncio.get_running_loop()
        readable = asyncio.Event()
        loop.add_reader(self._channel, readable.set)
        try:
            async with asyncio.timeout(timeout_s):
                await readable.wait()
        except TimeoutError:
            raise JailFailed(f"a browser's jail was not ready within {timeout_s:g} s", retry=True) from None
        finally:
            loop.remove_reader(self._channel)
        message, fds, _, _ = socket.recv_fds(self._channel, MESSAGE_BYTES, 1)
        told: dict[str, Any] = json.loads(message) if message else {"error": "its process ended"}
        if "error" in told:
            raise JailFailed(f"a browser's jail cannot be made: {told['error']}")
        listener = socket.socket(fileno=fds[0])
        listener.setblocking(False)
        return Inmate(told["pid"], Confinement.from_json(told["confinement"]), listener)

    def execute(self, argv: Sequence[str], env: Mapping[str, str], read_fd: int, write_fd: int) -> None:
        """Lets the inmate become the browser. Raises BrowserNotStarted if it has ended."""
        command = {"argv": list(argv), "env": dict(env)}
        try:
            socket.send_fds(self._channel, [json.dumps(command).encode()], [read_fd, write_fd])
        except OSError as error:
            raise BrowserNotStarted("the browser's process has ended before its start") from error

    async def end(self, patience_s: float) -> None:
        """Ends everything: SIGTERM to the browser, ``patience_s`` later SIGKILL to all. To be called once."""
        if self._process is not None:
            with suppress(OSError):
                self._control.send(json.dumps({"stop_s": patience_s}).encode())
            await self._wait(self._process, patience_s + _END_TIMEOUT_S)
        if self._output is not None:
            # It ends by itself unless something escaped that writes to it.
            await asyncio.wait({self._output}, timeout=_OUTPUT_TIMEOUT_S)
            self._output.cancel()
            await asyncio.wait({self._output})
        # What it told last.
        self._hear()
        asyncio.get_running_loop().remove_reader(self._control)
        for each in (self._control, self._keepers_control, self._channel, self._inmates_channel):
            each.close()
        self._ended(BrowserExit(None))

    async def _wait(self, process: asyncio.subprocess.Process, timeout_s: float) -> None:
        try:
            await asyncio.wait_for(process.wait(), timeout_s)
        except TimeoutError:
            log.warning("the keeper of a browser did not end and is killed", pid=process.pid)
            process.kill()
            await process.wait()
        if process.returncode != 0:
            await self._clean_up(process.returncode)

    async def _clean_up(self, status: int | None) -> None:
        """Does what the keeper could not."""
        log.warning("the keeper of a browser failed; its leftovers are removed", status=status)
        cleaner = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "reelkit.page.leftovers", self._order.to_json() if self._order else "{}"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
        )
        if await cleaner.wait() != 0:
            log.error("something of a browser is left", order=self._order)

    def _hear(self) -> None:
        """What the keeper tells: that the browser has ended, or by closing the socket that it has ended itself."""
        try:
            message = self._control.recv(MESSAGE_BYTES)
        except BlockingIOError:
            return
        except OSError:
            message = b""
        if not message:
            asyncio.get_running_loop().remove_reader(self._control)
        self._ended(BrowserExit(**json.loads(message)) if message else BrowserExit(None))

    def _ended(self, how: BrowserExit) -> None:
        if not self.exited.done():
            self.exited.set_result(how)

    async def _read(self, fd: int) -> None:
        stream = asyncio.StreamReader(limit=_MOST_LINE_BYTES)
        transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(stream), os.fdopen(fd, "rb")
        )
        with closing(transport):
            while True:
                try:
                    line = await stream.readline()
                except ValueError:
                    continue
                if not line:
                    return
                text = line.decode("utf-8", "replace").rstrip("\n")
                if _NOISE not in text:
                    self.stderr_tail.append(text[:_TAIL_CHARACTERS])


def _pair() -> tuple[socket.socket, socket.socket]:
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setblocking(False)
    return ours, theirs
