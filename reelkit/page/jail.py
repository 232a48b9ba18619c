"""What a browser is locked into: a user, a network, bounds and a directory of its own, and a keeper that cleans up."""

import asyncio
import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from reelkit.page.browser_exit import BrowserExit
from reelkit.page.confinement import Confinement, Order
from reelkit.page.errors import JailFailed
from reelkit.page.keeper_process import Inmate, KeeperProcess
from reelkit.page.limits import Limits
from reelkit.page.slot import USER_IDS, Slot

log = structlog.get_logger(__name__)

BINARY = Path("/usr/bin/chromium")
START_TIMEOUT_S = 10.0
"""A jail is ready in 0.1 s unless the machine is very busy."""


class Jail:
    """An async context manager. Chromium is started in it by :meth:`start`; when it is left, nothing of it is.

    ``directory`` is one for all workers of a machine, on a file system whose space matters; everybody must be able to
    enter those above it. Parts that the kernel or the worker's rights do not allow are missing; :attr:`confinement`
    tells. Raises NoSlot and JailFailed when it is entered; the properties raise RuntimeError before.
    """

    def __init__(
        self,
        directory: Path,
        *,
        binary: Path = BINARY,
        limits: Limits | None = None,
        numbers: Sequence[int] = USER_IDS,
        cgroup_parent: Path | None = None,
        start_timeout_s: float = START_TIMEOUT_S,
    ) -> None:
        self.binary = binary
        self.limits = limits or Limits()
        self._directory = directory
        self._numbers = numbers
        self._cgroup_parent = cgroup_parent
        self._start_timeout_s = start_timeout_s
        self._slot: Slot | None = None
        self._keeper = KeeperProcess()
        self._inmate: Inmate | None = None
        self._stopping = asyncio.Lock()
        self._stopped = False

    async def __aenter__(self) -> Self:
        try:
            self._slot = await self._taken_slot()
            order = Order(
                self._slot.number,
                self._slot.profile,
                self._slot.lock_path,
                self.binary,
                self.limits,
                self._cgroup_parent,
            )
            await self._keeper.start(order, self._slot.lock_fd)
            self._inmate = await self._keeper.inmate(self._start_timeout_s)
        except BaseException:
            await asyncio.shield(self.stop())
            raise
        log.info("a browser's jail is ready", **self.confinement.described())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.stop())

    @property
    def confinement(self) -> Confinement:
        """Which parts are in force."""
        return self._entered().confinement

    @property
    def listener(self) -> socket.socket:
        """Listens on loopback in the browser's network, for the proxy. The jail closes it."""
        return self._entered().listener

    @property
    def pid(self) -> int:
        """The browser's process id, which is its group's and session's too."""
        return self._entered().pid

    @property
    def keeper_pid(self) -> int:
        """All processes of the browser descend from this one."""
        return self._keeper.pid

    @property
    def profile(self) -> Path:
        """The browser's own directory."""
        if self._slot is None:
            raise RuntimeError("the jail was not entered")
        return self._slot.profile

    @property
    def exited(self) -> asyncio.Future[BrowserExit]:
        """Done when the browser has ended."""
        return self._keeper.exited

    @property
    def stderr_tail(self) -> list[str]:
        """The last lines that the browser wrote, for a diagnosis."""
        return list(self._keeper.stderr_tail)

    def own(self, path: Path) -> None:
        """Gives a file, a directory or a socket to the browser. Raises OSError."""
        if self.confinement.own_user:
            os.chown(path, self.confinement.user_id, self.confinement.user_id, follow_symlinks=False)

    async def _taken_slot(self) -> Slot:
        """A slot, which whoever is cancelled meanwhile does not leave behind. Raises NoSlot, JailFailed."""
        taking = asyncio.ensure_future(asyncio.to_thread(Slot.take, self._directory, self._numbers))
        try:
            return await asyncio.shield(taking)
        except asyncio.CancelledError:
            with suppress(JailFailed):
                (await taking).release()
            raise

    def start(self, arguments: Sequence[str], env: Mapping[str, str], read_fd: int, write_fd: int) -> None:
        """Executes the binary with these descriptors as its pipe; the caller closes its own copies.

        :attr:`exited` tells if that fails. Raises BrowserNotStarted.
        """
        self._keeper.execute([str(self.binary), *arguments], env, read_fd, write_fd)

    async def stop(self, patience_s: float = 0.0) -> None:
        """Ends everything: SIGTERM to the browser, ``patience_s`` later SIGKILL to all; a second call waits for it."""
        async with self._stopping:
            if self._stopped:
                return
            self._stopped = True
            await self._keeper.end(patience_s)
            if self._inmate is not None:
                self._inmate.listener.close()
            if self._slot is not None:
                # Nobody but a keeper has run in it.
                if not self._keeper.pid:
                    self._slot.release()
                self._slot.close()

    def _entered(self) -> Inmate:
        if self._inmate is None:
            raise RuntimeError("the jail was not entered")
        return self._inmate
