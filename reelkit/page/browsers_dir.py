"""Where browsers keep their files while they run."""

import os
import tempfile
from pathlib import Path

from reelkit.page.errors import JailFailed
from reelkit.settings import PageSettings

_PASS_THROUGH = 0o711
"""Users of browsers must be able to enter; only the server's may look around."""
_OTHERS_MAY_WRITE = 0o022
_MAX_BYTES = 50
"""Sockets' names have at most 107 (unix(7)), of which that of Chromium's own in its profile takes 55."""


def browsers_dir(settings: PageSettings) -> Path:
    """The directory of all browsers of this machine, made if it is missing.

    The server's data is closed to other users, which browsers are, so it lies elsewhere: where the settings say, or in
    the machine's temporary directory. Raises JailFailed, also for one that somebody else has made there.
    """
    if settings.browsers_dir is not None:
        return _short(settings.browsers_dir)
    directory = Path(tempfile.gettempdir()) / f"reelkit-browsers-{os.geteuid()}"
    try:
        directory.mkdir(mode=_PASS_THROUGH, exist_ok=True)
        found = directory.lstat()
    except OSError as error:
        raise JailFailed(f"browsers need a directory: {error}", directory=directory) from error
    # A link belongs to whoever made it, and its own mode lets everybody write.
    if found.st_uid != os.geteuid() or found.st_mode & _OTHERS_MAY_WRITE or not directory.is_dir():
        raise JailFailed(
            f"{directory} belongs to somebody else: remove it, or set page.browsers_dir", directory=directory
        )
    return _short(directory)


def _short(directory: Path) -> Path:
    if len(os.fsencode(directory)) > _MAX_BYTES:
        raise JailFailed(
            f"the name of {directory} is too long for the sockets of browsers: set page.browsers_dir to one of at most "
            f"{_MAX_BYTES} bytes",
            directory=directory,
        )
    return directory
