"""Servers that tests start for themselves: a process on a port of its own, with all that it keeps in one directory."""

from abc import ABC, abstractmethod
from pathlib import Path
from types import TracebackType
from typing import Self

from reelkit.process import ChildProcess
from testbed.free_port import free_port, wait_for_port


class LocalServer(ABC):
    """An async context manager that owns the server's process.

    It keeps everything in ``root``, so that it may be stopped and started again. ``port`` stays the same.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.port = free_port()
        self.lines: list[str] = []
        """What the server said."""
        self._process: ChildProcess | None = None

    @abstractmethod
    def _command(self) -> ChildProcess:
        """The process to be started, with what it needs on the disk."""

    async def start(self) -> None:
        """Starts the server and waits until it accepts connections."""
        self._process = self._command()
        await self._process.start()
        await wait_for_port(self.port, self._process)

    async def stop(self) -> None:
        """Ends the server at once, with all its connections; what it has stays."""
        if self._process is not None:
            await self._process.stop()

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            await self.stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()
