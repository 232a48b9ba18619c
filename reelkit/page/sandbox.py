"""Whether Chromium can lock its pages in on this machine, found out as the user it will run as."""

import os
import stat
from enum import StrEnum
from pathlib import Path

from reelkit.page.linux import CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWUSER, unshare
from reelkit.page.netns import map_ids

_APPARMOR = Path("/proc/sys/kernel/apparmor_restrict_unprivileged_userns")
_HELPERS = (Path("/usr/lib/chromium/chrome-sandbox"), Path("/opt/google/chrome/chrome-sandbox"))
"""Where packages put the helper that is root's by its file's owner."""


class Sandbox(StrEnum):
    """What Chromium's sandbox is built on."""

    NAMESPACES = "namespaces"
    """User namespaces, as on most machines."""
    HELPER = "helper"
    """A program that is root by its file's owner."""
    UNKNOWN = "unknown"
    """The kernel decides by program (AppArmor): only a start of Chromium shows it."""
    NONE = "none"
    """There is none. Chromium does not start unless it is told to go without."""


def probe(binary: Path) -> Sandbox:
    """What there will be for ``binary`` when this process executes it."""
    if os.getuid() == 0:
        # Chromium refuses, whatever the kernel can do.
        return Sandbox.NONE
    if _namespaces_work():
        return Sandbox.NAMESPACES
    if any(_is_helper(helper) for helper in (binary.resolve().parent / "chrome-sandbox", *_HELPERS)):
        return Sandbox.HELPER
    return Sandbox.UNKNOWN if _decided_by_program() else Sandbox.NONE


def _namespaces_work() -> bool:
    """Does what Chromium's first process does, in a child that ends at once."""
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            uid, gid = os.getuid(), os.getgid()
            unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNET)
            map_ids(uid, gid)
            # Some kernels let the namespace be made and then give no rights in it.
            os.chroot("/proc/self/fdinfo")
            status = 0
        except OSError:
            status = 1
        finally:
            os._exit(status)
    _, ended = os.waitpid(pid, 0)
    return ended == 0


def _is_helper(path: Path) -> bool:
    try:
        found = path.stat()
    except OSError:
        return False
    return found.st_uid == 0 and bool(found.st_mode & stat.S_ISUID)


def _decided_by_program() -> bool:
    try:
        return _APPARMOR.read_text().strip() == "1"
    except OSError:
        return False
