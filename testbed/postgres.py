"""A PostgreSQL server that tests start for themselves: a new cluster in a directory of its own, on a socket of its own.

It is deliberately unlike what the code might assume: its time zone is not UTC, and its text is ordered by English rules
and not by code points, as an operator's database may well be.
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import asyncpg

_BINARIES = Path("/usr/lib/postgresql")
_USER = "reelkit"
_MAINTENANCE = "postgres"
_START_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 20.0
_CUT_TIMEOUT_MS = 60_000
_POLL_S = 0.02
_ROOT = 0
# Debian's account for it; the server refuses to run as root.
_ACCOUNT = "postgres"
# Any id but root's, where a user namespace has only one.
_UNPRIVILEGED_ID = 65_534
_SETTINGS = {
    "listen_addresses": "",
    "timezone": "Asia/Kathmandu",
    # What is in it need not outlive the machine.
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_connections": "200",
    "shared_buffers": "64MB",
}


class PostgresServer:
    """A context manager that owns the server's process and everything it keeps; nothing of it is left at the end."""

    def __init__(self, settings: dict[str, str] | None = None) -> None:
        """``settings`` are postgresql.conf's, over those of a quick server for tests."""
        self._settings = _SETTINGS | (settings or {})
        self._root: Path | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the server's first process. Raises RuntimeError while it does not run."""
        if self._process is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._process.pid

    @property
    def root(self) -> Path:
        """Where everything of it lies. Raises RuntimeError while it does not run."""
        if self._root is None:
            raise RuntimeError("PostgreSQL was not started")
        return self._root

    def url(self, database: str) -> str:
        """The URL of one of its databases, whether that is there or not."""
        return f"postgresql://{_USER}@/{quote(database)}?host={quote(str(self.root), safe='')}"

    async def create(self, database: str, *, template: str = "template1") -> None:
        """Makes a database like ``template``, which nobody may be connected to."""
        await self.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')

    async def drop(self, database: str) -> None:
        """Removes a database, if it is there, and ends what is connected to it."""
        await self.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')

    async def cut(self, database: str) -> None:
        """Ends every connection to a database, as a restart of the server would; returns when they have ended."""
        await self.execute(
            f"SELECT pg_terminate_backend(pid, {_CUT_TIMEOUT_MS}) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608 - a test's own
        )

    async def execute(self, statement: str, database: str = _MAINTENANCE) -> None:
        """Runs a statement outside of a transaction."""
        connection = await asyncpg.connect(host=str(self.root), user=_USER, database=database)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    def __enter__(self) -> Self:
        # Not below a test's directory, which is closed to the account that the server runs under.
        self._root = Path(tempfile.mkdtemp(prefix="reelkit-postgres-"))
        try:
            self._start(self._root)
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    def _start(self, root: Path) -> None:
        binaries, prefix, log = _binaries(), _not_as_root(root), root / "log"
        data = root / "data"
        # The rules of ICU are the same on every machine, whichever locales it has.
        initdb = (binaries / "initdb", "--pgdata", data, "--username", _USER, "--auth", "trust", "--no-sync")
        locale = ("--encoding", "UTF8", "--locale", "C.UTF-8", "--locale-provider", "icu", "--icu-locale", "en-US")
        made = subprocess.run(
            [*prefix, *map(str, initdb), *locale], capture_output=True, check=False, cwd=root, text=True
        )
        if made.returncode != 0:
            raise RuntimeError(f"initdb failed: {made.stderr}")
        options = [word for name, value in self._settings.items() for word in ("-c", f"{name}={value}")]
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [*prefix, binaries / "postgres", "-D", data, "-k", root, *options],
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        ask: list[str | Path] = [binaries / "pg_isready", "--quiet", "--host", root, "--username", _USER]
        while subprocess.run(ask, check=False).returncode != 0:
            if self._process.poll() is not None or time.monotonic() > deadline_s:
                raise RuntimeError(f"PostgreSQL did not start: {log.read_text(errors='replace')}")
            time.sleep(_POLL_S)

    def _end(self) -> None:
        if self._process is not None:
            # At once, without a last checkpoint.
            self._process.send_signal(signal.SIGQUIT)
            try:
                self._process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
            self._process = None
        if self._root is not None:
            shutil.rmtree(self._root)
            self._root = None


def _binaries() -> Path:
    """Where initdb and postgres are. Raises RuntimeError if they are not installed."""
    versions = sorted(_BINARIES.glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    if versions:
        return versions[-1].parent
    found = shutil.which("initdb")
    if found is None:
        raise RuntimeError("PostgreSQL is not installed: scripts/setup.sh --tests does it")
    return Path(found).resolve().parent


def _not_as_root(root: Path) -> tuple[str, ...]:
    """What stands before a command of the server: it dies with this process, and is not root's.

    ``root`` is given to the account that it runs under.
    """
    dies = ("setpriv", "--pdeathsig", "QUIT")
    if os.geteuid() != _ROOT:
        return dies
    if _has_only_root():
        ids = (f"--map-user={_UNPRIVILEGED_ID}", f"--map-group={_UNPRIVILEGED_ID}")
        return ("unshare", "--user", *ids, *dies)
    shutil.chown(root, _ACCOUNT, _ACCOUNT)
    return (*dies, "--reuid", _ACCOUNT, "--regid", _ACCOUNT, "--clear-groups")


def _has_only_root() -> bool:
    """Whether this is a user namespace without other users, as scripts/netns.sh makes it for who is not root."""
    ranges = [line.split() for line in Path("/proc/self/uid_map").read_text().splitlines()]
    return sum(int(count) for _, _, count in ranges) == 1
