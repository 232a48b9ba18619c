"""The data directory of a server: its layout, its secrets, and the lock that keeps a second server out."""

import errno
import fcntl
import json
import os
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from reelkit.api.errors import AlreadyRunning
from reelkit.durable import write_durably

_PRIVATE_DIR_MODE = 0o700
PRIVATE_MODE = 0o600
_SECRET_BYTES = 32


class DataDir:
    """Paths below one data directory, made on construction. Raises OSError when it cannot be written."""

    def __init__(self, root: Path) -> None:
        self.root = root.resolve()
        self.secrets = self.root / "secrets"
        self.captures = self.root / "captures"
        self.jobs = self.root / "jobs"
        self.bucket = self.root / "bucket"
        self.janus = self.root / "janus"
        self.database = self.root / "reelkit.sqlite3"
        self.listening = self.root / "listening.json"
        self._lock = self.root / "lock"
        # Meetings are private: a directory that is made here is closed to others; an existing one is left as it is.
        self.root.mkdir(mode=_PRIVATE_DIR_MODE, parents=True, exist_ok=True)
        for directory in (self.captures, self.jobs, self.bucket, self.janus):
            directory.mkdir(parents=True, exist_ok=True)
        self.secrets.mkdir(mode=_PRIVATE_DIR_MODE, exist_ok=True)
        self.secrets.chmod(_PRIVATE_DIR_MODE)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keeps every other server out of the directory. Raises AlreadyRunning naming the process that is in."""
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT, PRIVATE_MODE)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                if error.errno not in {errno.EAGAIN, errno.EACCES}:
                    raise
                holder = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip() or "unknown"
                raise AlreadyRunning(
                    f"another reelkit server (pid {holder}) is running on {self.root}: "
                    "stop it, or choose another directory with --data"
                ) from error
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
            yield
        finally:
            os.close(descriptor)

    def secret(self, name: str) -> bytes:
        """The random key kept as ``secrets/<name>``, made on first use."""
        path = self.secrets / name
        if not path.exists():
            write_durably(path, secrets.token_bytes(_SECRET_BYTES), PRIVATE_MODE)
        return path.read_bytes()

    def publish_listening(self, facts: Mapping[str, object]) -> None:
        """Writes ``listening.json``, which tells tools where the server can be reached."""
        write_durably(self.listening, json.dumps(facts, indent=2).encode() + b"\n", PRIVATE_MODE)

    def withdraw_listening(self) -> None:
        """Removes it: nobody listens any more."""
        self.listening.unlink(missing_ok=True)
