"""Which processes have ended, as tests ask while they end."""

import psutil


def is_running(pid: int) -> bool:
    """Whether a process has not ended. One that nobody has collected yet (a zombie) has, and one may end while it is
    being looked at."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def arguments(process: psutil.Process) -> list[str]:
    """Its command line; empty if it has ended meanwhile."""
    try:
        return process.cmdline()
    except (psutil.NoSuchProcess, psutil.AccessDenied):
        return []
