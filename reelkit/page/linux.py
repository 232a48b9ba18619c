"""Calls of the Linux kernel that Python 3.11 does not offer. Each raises OSError."""

import ctypes
import os
import signal

CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 4, 36, 38
_LIBC = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """Moves this process into new namespaces (unshare(2))."""
    _checked(_LIBC.unshare(flags))


def die_with_parent() -> None:
    """SIGKILL comes when the parent dies. A later change of user or of capabilities takes that back."""
    _checked(_LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0))


def gain_no_privileges() -> None:
    """From now on no program that this process starts gets rights by its file's owner (setuid, file capabilities)."""
    _checked(_LIBC.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))


def own_proc_files() -> None:
    """After a change of user /proc/self is root's; this gives it back."""
    _checked(_LIBC.prctl(_PR_SET_DUMPABLE, 1, 0, 0, 0))


def adopt_orphans() -> None:
    """Descendants whose parents end become children of this process, however often they fork."""
    _checked(_LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0))


def _checked(result: int) -> None:
    if result != 0:
        error = ctypes.get_errno()
        raise OSError(error, os.strerror(error))
