"""The place that one browser has on a machine: a number that no other has, a user, and a directory of its own."""

import fcntl
import os
import pwd
import shutil
import zlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import structlog

from reelkit.page.errors import JailFailed, NoSlot
from reelkit.page.processes import users

log = structlog.get_logger(__name__)

USER_IDS = range(61_184, 65_520)
"""What systemd takes for services without an account, so that no machine has people there."""
_DIRECTORY_MODE = 0o711
"""Users of browsers pass through to what is theirs and see nothing else."""


class Slot:
    """A number of ``numbers`` that is taken as long as any process holds ``lock_fd``, and with it ``profile``.

    The number is also the user and group id of the browser if the worker is root. The workers of one machine should be
    given the same directory: others learn that a number is taken only by the processes that run. Numbers are tried in
    the same order each time, so that what a crash has left is soon found and removed.
    """

    def __init__(self, number: int, directory: Path, lock_fd: int) -> None:
        self.number = number
        self.lock_fd = lock_fd
        self.lock_path = _lock_path(directory, number)
        self.profile = directory / str(number)

    @classmethod
    def take(cls, directory: Path, numbers: Sequence[int] = USER_IDS) -> Self:
        """Raises NoSlot, and JailFailed for a directory that cannot be used. Blocks for a moment."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(_DIRECTORY_MODE)
            running = users()
            failure: Exception | None = None
            for number in _in_turn(numbers, directory):
                if number in running or _is_account(number):
                    continue
                lock_fd = _locked(_lock_path(directory, number))
                if lock_fd is not None:
                    slot = cls(number, directory, lock_fd)
                    try:
                        slot._make_profile()
                    except (OSError, RecursionError) as error:
                        # What a browser left there cannot be removed: there are other numbers.
                        log.warning("a browser's directory cannot be made", number=number, reason=str(error))
                        slot.close()
                        failure = failure or error
                        continue
                    return slot
        except OSError as error:
            raise JailFailed(f"browsers need a directory they can write in: {error}", directory=directory) from error
        if failure is not None:
            raise JailFailed(f"browsers need a directory they can write in: {failure}", directory=directory)
        raise NoSlot("all users that browsers may run as are taken", count=len(numbers))

    def release(self) -> None:
        """Removes what is on the disk and lets others have the number. Everything that ran in it must have ended."""
        with suppress(RecursionError):
            shutil.rmtree(self.profile, ignore_errors=True)
        self.lock_path.unlink(missing_ok=True)
        self.close()

    def close(self) -> None:
        """Lets go of the lock in this process alone. May be called more than once."""
        if self.lock_fd >= 0:
            os.close(self.lock_fd)
            self.lock_fd = -1

    def _make_profile(self) -> None:
        if self.profile.is_dir():
            shutil.rmtree(self.profile)
        self.profile.mkdir(mode=0o700)
        if os.geteuid() == 0:
            with suppress(OSError):
                # Where this is not allowed, or the id does not exist, the browser keeps the worker's user.
                os.chown(self.profile, self.number, self.number)


def _in_turn(numbers: Sequence[int], directory: Path) -> list[int]:
    """Another order for another directory, lest two servers on one machine want the same number at the same time."""
    first = zlib.crc32(os.fsencode(directory.resolve())) % len(numbers)
    return [*numbers[first:], *numbers[:first]]


def _lock_path(directory: Path, number: int) -> Path:
    return directory / f"{number}.lock"


def _is_account(number: int) -> bool:
    """Whether this number is somebody's; of a service that systemd gave it to the name service tells."""
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True


def _locked(path: Path) -> int | None:
    """A descriptor that holds the lock, or None if another process does."""
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(fd)
            return None
        except OSError:
            os.close(fd)
            raise
        # Its last owner may have removed the file while it was being opened.
        with suppress(FileNotFoundError):
            if os.fstat(fd).st_ino == path.stat().st_ino:
                return fd
        os.close(fd)
