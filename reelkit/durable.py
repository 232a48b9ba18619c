"""Files that are whole after a crash: written beside their place, synced, renamed, and the directory synced too; and
directories that are gone when it is said."""

import errno
import os
import shutil
from pathlib import Path

PUBLIC_MODE = 0o644
"""Whoever may enter the directory may read."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def write_durably(path: Path, content: bytes, mode: int = PUBLIC_MODE) -> None:
    """Puts ``content`` at ``path`` in one step: after a crash there is either the old file or the new one.

    No moment leaves it readable for more than ``mode`` (less the umask) allows. Raises OSError.
    """
    part = path.with_name(f"{path.name}.part")
    part.unlink(missing_ok=True)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    part.replace(path)
    sync_directory(path.parent)


def delete_directory(path: Path) -> bool:
    """Deletes a directory with all that is in it; whether there was one. Raises OSError.

    It is gone then, also where somebody else was deleting it at the same time.
    """
    found = os.path.lexists(path)
    while True:
        try:
            shutil.rmtree(path)
        except FileNotFoundError:
            # Perhaps only one of its files, which the other one deleted.
            if not os.path.lexists(path):
                return found
        else:
            return True


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or what it was raised from, is a disk or a quota that is full: the same call succeeds later."""
    cause: BaseException | None = error
    while cause is not None:
        if getattr(cause, "errno", None) in _FULL:
            return True
        cause = cause.__cause__
    return False


def sync_directory(path: Path) -> None:
    """Makes renames and new files of a directory durable. Raises OSError."""
    _sync(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def sync_file(path: Path) -> None:
    """Makes a file's content durable. Raises OSError."""
    _sync(path, os.O_RDONLY | os.O_CLOEXEC)


def _sync(path: Path, flags: int) -> None:
    descriptor = os.open(path, flags)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
