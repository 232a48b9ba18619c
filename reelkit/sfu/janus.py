"""Janus as a child process."""

import asyncio
import os
import re
import resource
import signal
from collections import deque
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from reelkit.process import ChildProcess, wait_until
from reelkit.settings import SfuSettings
from reelkit.sfu.config import JanusConfig, generate_config
from reelkit.sfu.errors import JanusNotStarted

log = structlog.get_logger(__name__)

# Each PeerConnection and each recorded m-line takes a few descriptors. libwebsockets allocates a table of the limit's
# size, so the hard limit itself, which may be a milliard, is not asked for.
_OPEN_FILES_MAX = 65_536
# Captures are nobody's business but the server's.
_UMASK = 0o077
_STOP_TIMEOUT_S = 3.0
# How much of Janus' complaints is repeated when it does not start.
_COMPLAINTS_KEPT = 5
_BUILT_FLUSH_LIBRARY = Path(__file__).resolve().parents[2] / "build" / "libreelkit-flush.so"
_FLUSH_LINK = "flush.so"
# Complaints of what this configuration means to do, and of a fingerprint that is as good as the one it likes best. When
# a client over TCP is gone, each packet for it is complained of until ICE has given it up, 15 s later.
_EXPECTED = re.compile(
    "Session timeouts have been disabled|mDNS resolution disabled|Hashing algorithm not the"
    r"|only sent -1 bytes\?|still waiting for some info"
)
_LEVEL = re.compile(r"^\[(FATAL|ERR|WARN)\]\s*(.*)$")


class JanusProcess:
    """One run of Janus: an async context manager that leaves no process. Use each instance once."""

    def __init__(self, settings: SfuSettings, directory: Path) -> None:
        self._settings = settings
        self._directory = directory
        self._flush_library = flush_library(settings)
        self._flushes = False
        self._config: JanusConfig | None = None
        self._child: ChildProcess | None = None
        self._complaints: deque[str] = deque(maxlen=_COMPLAINTS_KEPT)

    @property
    def config(self) -> JanusConfig:
        """Where it listens. Raises RuntimeError before the start."""
        if self._config is None:
            raise RuntimeError("Janus was not started")
        return self._config

    @property
    def pid(self) -> int:
        return self._running.pid

    @property
    def flushes(self) -> bool:
        """Whether what it captures becomes readable every ``flush_interval_ms``: the shim is there and was loaded."""
        return self._flushes

    async def start(self) -> None:
        """Returns when the API accepts connections. Raises JanusNotStarted, and then nothing is left running."""
        try:
            self._child = self._prepare_child()
            await self._child.start()
        except OSError as error:
            raise JanusNotStarted(f"Janus cannot be configured and executed: {error}") from error
        try:
            await self._wait_ready(self._child)
        except BaseException:
            await self.stop()
            raise

    async def wait(self) -> int:
        """Waits for its end; returns the exit status (negative: the signal)."""
        return await self._running.wait()

    async def stop(self) -> None:
        """Ends it. May be called more than once."""
        if self._child is not None:
            await self._child.stop()

    async def kill(self) -> None:
        """Ends it without asking: for a Janus that does not answer, and would not answer SIGTERM either."""
        self._running.send_signal(signal.SIGKILL)
        await self.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    @property
    def _running(self) -> ChildProcess:
        if self._child is None:
            raise RuntimeError("Janus was not started")
        return self._child

    def _prepare_child(self) -> ChildProcess:
        self._config = generate_config(self._settings, self._directory)
        if self._flush_library is not None:
            (self._config.directory / _FLUSH_LINK).symlink_to(self._flush_library)
        return ChildProcess(
            [self._settings.janus_binary, "-F", self._config.directory, "-C", self._config.main_file, "-o"],
            name="janus",
            env=self._environment(),
            cwd=self._config.directory,
            stop_timeout_s=_STOP_TIMEOUT_S,
            on_stdout=self._forward,
            on_stderr=self._forward,
            preexec=_prepare,
        )

    def _environment(self) -> dict[str, str]:
        environment = {"PATH": os.defpath, "LC_ALL": "C"}
        if self._flush_library is not None:
            # A path relative to the working directory, because LD_PRELOAD knows no quoting for spaces and colons.
            environment["LD_PRELOAD"] = f"./{_FLUSH_LINK}"
            environment["REELKIT_FLUSH_INTERVAL_MS"] = str(self._settings.flush_interval_ms)
        return environment

    async def _wait_ready(self, child: ChildProcess) -> None:
        try:
            await wait_until(self._accepts_or_ended, timeout_s=self._settings.start_timeout_s)
            self._flushes = self._is_shim_loaded()
        except (TimeoutError, OSError) as error:
            raise JanusNotStarted("Janus did not open its API in time", complaints=list(self._complaints)) from error
        if child.returncode is not None:
            status = await child.wait()
            raise JanusNotStarted("Janus ended while starting", status=status, complaints=list(self._complaints))

    def _is_shim_loaded(self) -> bool:
        if self._flush_library is None or self._running.returncode is not None:
            return False
        # The dynamic linker goes on without a library that it cannot load.
        loaded = str(self._flush_library) in Path(f"/proc/{self.pid}/maps").read_text()
        if not loaded:
            log.error("Janus runs without the flush shim, which could not be loaded", path=str(self._flush_library))
        return loaded

    async def _accepts_or_ended(self) -> bool:
        if self._running.returncode is not None:
            return True
        try:
            _, writer = await asyncio.open_connection("127.0.0.1", self.config.api_port)
        except OSError:
            return False
        writer.close()
        await writer.wait_closed()
        return True

    def _forward(self, line: str) -> None:
        """Passes one line of Janus' log on; its own prefixes say how bad it is."""
        text = line.strip()
        if not text:
            return
        for secret in self.config.secrets:
            text = text.replace(secret, "***")
        match = _LEVEL.match(text)
        if match is None or _EXPECTED.search(text):
            log.debug("Janus", line=text)
            return
        self._complaints.append(match[2])
        (log.warning if match[1] == "WARN" else log.error)("Janus", line=match[2])


def flush_library(settings: SfuSettings) -> Path | None:
    """The flush shim to preload, or None if there is none. Raises JanusNotStarted if the configured one is missing."""
    if settings.flush_library is None:
        return _BUILT_FLUSH_LIBRARY if _BUILT_FLUSH_LIBRARY.is_file() else None
    if not settings.flush_library.is_file():
        raise JanusNotStarted("sfu.flush_library does not exist", path=str(settings.flush_library))
    return settings.flush_library.resolve()


def _prepare() -> None:
    """Runs in the child before exec."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = _OPEN_FILES_MAX if hard == resource.RLIM_INFINITY else min(hard, _OPEN_FILES_MAX)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    os.umask(_UMASK)
