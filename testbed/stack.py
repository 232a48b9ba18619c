"""A whole Reelkit server on a data directory of its own, for tests and the demo."""

import contextlib
import json
import os
import secrets
import shutil
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx
import psutil

from reelkit.process import ChildProcess, wait_until
from testbed.operator_api import OperatorApi
from testbed.signalling import ServerAddress

START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
REMAINS_TIMEOUT_S = 5.0
LOG_TAIL_LINES = 30


class StackError(Exception):
    """The server did not start, did not stop cleanly, or left processes behind."""


@dataclass(frozen=True)
class Listening:
    """What the server says of itself in ``listening.json``."""

    http: str
    tls_port: int
    account_id: str
    app_id: str
    authority: Path


def running(processes: Iterable[psutil.Process]) -> list[psutil.Process]:
    """Those that have not ended. An orphan that nobody has collected yet (a zombie) has."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            if process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
                found.append(process)
    return found


class Stack:
    """An async context manager around one ``reelkit serve``, ready on entry.

    ``environment`` adds ``REELKIT_*`` settings. On exit the server gets SIGTERM, must end with status 0 and leave no
    process; the data directory goes, unless it was given. Raises StackError.
    """

    def __init__(self, data: Path | None = None, environment: Mapping[str, str] | None = None) -> None:
        self._given = data
        self.data = data or Path(tempfile.mkdtemp(prefix="reelkit-stack-"))
        self.token = secrets.token_urlsafe(32)
        self.log: deque[str] = deque(maxlen=20_000)
        """What the server printed on stdout and stderr, oldest first."""
        self._environment = dict(environment or {})
        self._child: ChildProcess | None = None
        self._listening: Listening | None = None
        self._api: OperatorApi | None = None

    @property
    def listening(self) -> Listening:
        """Raises StackError while the server is down."""
        if self._listening is None:
            raise StackError("the server is not running")
        return self._listening

    @property
    def pid(self) -> int:
        """The server's process id. Raises StackError while it is down."""
        if self._child is None:
            raise StackError("the server is not running")
        return self._child.pid

    @property
    def address(self) -> ServerAddress:
        """Where participants go."""
        return ServerAddress(self.listening.tls_port, self.listening.authority)

    async def __aenter__(self) -> Self:
        try:
            await self.start()
        except BaseException:
            self._discard()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._child is not None:
                await self.stop()
        finally:
            self._discard()

    async def start(self) -> None:
        """Starts the server on the data directory and waits until it is ready."""
        listening = self.data / "listening.json"
        self._child = ChildProcess(
            [Path(sys.executable).with_name("reelkit"), "serve", "--data", self.data, "--port", "0", "--tls-port", "0"],
            name="reelkit",
            env={**os.environ, "REELKIT_API_TOKEN": self.token, **self._environment},
            stop_timeout_s=STOP_TIMEOUT_S,
            on_stdout=self.log.append,
            on_stderr=self.log.append,
        )
        listening.unlink(missing_ok=True)
        await self._child.start()
        try:
            await wait_until(self._is_up, timeout_s=START_TIMEOUT_S)
        except (TimeoutError, StackError) as error:
            await self._child.stop()
            self._child = None
            raise StackError(f"the server did not become ready: {error}\n{self.log_tail()}") from error
        facts = self.listening
        self._api = OperatorApi(facts.http, self.token, facts.account_id, facts.app_id)

    async def stop(self) -> None:
        """SIGTERM; the server must end with status 0 and leave no process."""
        child, remains = await self._take_child()
        await child.stop()
        await self._nothing_left(remains)
        if child.returncode != 0:
            raise StackError(f"the server ended with status {child.returncode}\n{self.log_tail()}")

    async def kill(self) -> None:
        """SIGKILL to the server alone, as a crash does; what it started must end by itself. Then ``start`` again."""
        child, remains = await self._take_child()
        child.send_signal(signal.SIGKILL)
        await child.wait()
        await self._nothing_left(remains)

    def descendants(self) -> list[psutil.Process]:
        """The processes that the server started: Janus and the renderers."""
        return psutil.Process(self.pid).children(recursive=True)

    def log_tail(self) -> str:
        """The last lines that the server printed."""
        return "\n".join(list(self.log)[-LOG_TAIL_LINES:])

    @property
    def api(self) -> OperatorApi:
        """The operator's calls, through the official client. Raises StackError while the server is down."""
        if self._api is None:
            raise StackError("the server is not running")
        return self._api

    async def _is_up(self) -> bool:
        assert self._child is not None
        if self._child.returncode is not None:
            raise StackError(f"it ended with status {self._child.returncode}")
        path = self.data / "listening.json"
        if not path.exists():
            return False
        facts = json.loads(path.read_bytes())
        self._listening = Listening(
            http=facts["http"],
            tls_port=facts["tls_port"],
            account_id=facts["account_id"],
            app_id=facts["app_id"],
            authority=Path(facts["ca"]),
        )
        async with httpx.AsyncClient() as client:
            return (await client.get(f"{facts['http']}/readyz")).status_code == httpx.codes.OK

    async def _take_child(self) -> tuple[ChildProcess, list[psutil.Process]]:
        if self._child is None:
            raise StackError("the server is not running")
        child, self._child, self._listening = self._child, None, None
        if self._api is not None:
            await self._api.close()
            self._api = None
        try:
            remains = psutil.Process(child.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            remains = []
        return child, remains

    async def _nothing_left(self, known: list[psutil.Process]) -> None:
        data = str(self.data)

        def left() -> list[str]:
            mine = running(known)
            mine += [
                process
                for process in psutil.process_iter(["cmdline"])
                if process.pid != os.getpid() and any(data in part for part in process.info["cmdline"] or ())
            ]
            return [str(process) for process in mine]

        async def gone() -> bool:
            return not left()

        try:
            await wait_until(gone, timeout_s=REMAINS_TIMEOUT_S)
        except TimeoutError as error:
            raise StackError(f"the server left processes behind: {', '.join(left())}") from error

    def _discard(self) -> None:
        if self._given is None:
            shutil.rmtree(self.data, ignore_errors=True)
