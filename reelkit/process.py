"""Child processes that cannot be left behind."""

import asyncio
import ctypes
import os
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

log = structlog.get_logger(__name__)

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None, use_errno=True)
# A line longer than this from a child is a fault of the child, not a reason to grow without bound.
MAX_LINE_BYTES = 1 << 20

LineHandler = Callable[[str], None]


def die_with_parent() -> None:
    """Run in a child before exec: SIGKILL comes when the thread that forked it dies (prctl(2), PR_SET_PDEATHSIG)."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class ChildProcess:
    """An async context manager that owns a process and its whole process group.

    On exit the group gets SIGTERM, ``stop_timeout_s`` later SIGKILL; it also dies with its parent. Each line of stdout
    and stderr goes to ``on_stdout`` and ``on_stderr``; one of more than ``max_line_bytes`` is dropped. ``stdin`` is all
    that the process finds in its input: what must stand neither in its arguments nor in its environment.
    """

    def __init__(
        self,
        argv: Sequence[str | Path],
        *,
        name: str,
        env: Mapping[str, str] | None = None,
        cwd: Path | None = None,
        stop_timeout_s: float = 5.0,
        on_stdout: LineHandler | None = None,
        on_stderr: LineHandler | None = None,
        preexec: Callable[[], None] | None = None,
        max_line_bytes: int = MAX_LINE_BYTES,
        stdin: bytes | None = None,
    ) -> None:
        self.name = name
        self._argv = [str(part) for part in argv]
        self._env = dict(env) if env is not None else None
        self._cwd = cwd
        self._stop_timeout_s = stop_timeout_s
        self._handlers = (on_stdout, on_stderr)
        self._preexec = preexec
        self._max_line_bytes = max_line_bytes
        self._stdin = stdin
        self._process: asyncio.subprocess.Process | None = None
        self._readers: list[asyncio.Task[None]] = []

    @property
    def pid(self) -> int:
        """The process id, which is also the process group id. Raises RuntimeError before the start."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode if self._process else None

    async def start(self) -> None:
        """Starts the process. Raises OSError if it cannot be executed."""

        def prepare() -> None:
            die_with_parent()
            if self._preexec is not None:
                self._preexec()

        on_stdout, on_stderr = self._handlers
        self._process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.DEVNULL if self._stdin is None else asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE if on_stdout else asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE if on_stderr else asyncio.subprocess.DEVNULL,
            env=self._env,
            cwd=self._cwd,
            start_new_session=True,
            preexec_fn=prepare,
            limit=self._max_line_bytes,
        )
        for stream, handler in ((self._process.stdout, on_stdout), (self._process.stderr, on_stderr)):
            if stream is not None and handler is not None:
                self._readers.append(asyncio.create_task(self._read(stream, handler), name=f"{self.name}-output"))
        if self._process.stdin is not None and self._stdin is not None:
            # It waits in the pipe or in the loop; a process that ends without reading it is seen by its exit.
            self._process.stdin.write(self._stdin)
            self._process.stdin.close()

    async def _read(self, stream: asyncio.StreamReader, handler: LineHandler) -> None:
        while True:
            try:
                line = await stream.readline()
            except ValueError:
                log.warning("dropped an overlong line of a child process", child=self.name)
                continue
            if not line:
                return
            handler(line.decode("utf-8", "replace").rstrip("\n"))

    async def wait(self) -> int:
        """Waits for the exit and for the last line of output; returns the exit status (negative: the signal)."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was not started")
        status = await self._process.wait()
        await asyncio.gather(*self._readers)
        return status

    def send_signal(self, signum: signal.Signals) -> None:
        """Sends a signal to the process alone; nothing happens if it has ended."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(signum)

    async def stop(self) -> None:
        """Ends the process group: SIGTERM, then SIGKILL after the time limit. May be called more than once."""
        if self._process is None:
            return
        if self._process.returncode is None:
            self._signal_group(signal.SIGTERM)
            try:
                await asyncio.wait_for(self._process.wait(), self._stop_timeout_s)
            except TimeoutError:
                log.warning("child process did not end in time and is killed", child=self.name, pid=self.pid)
        self._signal_group(signal.SIGKILL)
        await self.wait()

    def _signal_group(self, signum: signal.Signals) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signum)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self.stop())


async def wait_until(condition: Callable[[], Awaitable[bool]], *, timeout_s: float, interval_s: float = 0.02) -> None:
    """Polls ``condition`` until it holds. Raises TimeoutError after ``timeout_s``."""
    async with asyncio.timeout(timeout_s):
        while not await condition():  # noqa: ASYNC110 - what is waited for happens outside this process
            await asyncio.sleep(interval_s)
