"""Which processes there are, from /proc."""

import os
from collections import defaultdict
from contextlib import suppress
from pathlib import Path

_PROC = Path("/proc")


def all_pids() -> list[int]:
    """Every process that can be seen."""
    return [int(name) for name in os.listdir(_PROC) if name.isdigit()]  # noqa: PTH208 - a tenth of the time


def descendants(pid: int) -> set[int]:
    """The process's children, theirs, and so on."""
    children: dict[int, list[int]] = defaultdict(list)
    for each in all_pids():
        with suppress(OSError):
            # A program's name may contain anything, also parentheses.
            parent = int((_PROC / str(each) / "stat").read_bytes().rpartition(b")")[2].split()[1])
            children[parent].append(each)
    found: set[int] = set()
    ahead = [pid]
    while ahead:
        for child in children[ahead.pop()]:
            if child not in found:
                found.add(child)
                ahead.append(child)
    return found


def browsers_of(profile: Path) -> list[int]:
    """Processes of a Chromium whose command line says that it keeps its data below ``profile``."""
    wanted = b"--user-data-dir=" + os.fsencode(profile) + b"/"
    found = []
    for pid in all_pids():
        with suppress(OSError):
            if wanted in (_PROC / str(pid) / "cmdline").read_bytes():
                found.append(pid)
    return found


def users() -> set[int]:
    """All users that something runs as."""
    found = set()
    for pid in all_pids():
        with suppress(OSError):
            found.add((_PROC / str(pid)).stat().st_uid)
    return found
