"""What a recording of a page may leave on a machine."""

import contextlib
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

from reelkit.page.confinement import Order
from reelkit.page.hierarchies import own_groups
from reelkit.page.limits import Limits

_SHARED = (Path("/dev/shm"), Path("/tmp"))  # noqa: S108 - they are only looked at
_CHROMIUM = ("chromium", ".org.chromium", "org.chromium")
"""How the names of files begin that a browser makes where others make theirs too."""


@dataclass(frozen=True)
class Traces:
    """What there is at one moment, by kind; each thing has a name."""

    things: Mapping[str, frozenset[str]]
    resident_bytes: int
    """Memory of this process."""

    def left(self, before: "Traces") -> dict[str, frozenset[str]]:
        """What has come since."""
        return {kind: names - before.things.get(kind, frozenset()) for kind, names in self.things.items()}


def traces(directory: Path, browsers_dir: Path) -> Traces:
    """Of the recordings made in and below ``directory``, where this process has its temporary files too. To be looked
    at in a network namespace of its own, so that no socket of others is seen."""
    this = psutil.Process()
    return Traces(
        {
            "processes": frozenset(_processes(this, directory)),
            "browsers' directories": _names(path for path in _entries(browsers_dir) if path.is_dir()),
            "lock files": _names(path for path in _entries(browsers_dir) if path.suffix == ".lock"),
            "temporary files": _names(
                (
                    *_entries(Path(tempfile.gettempdir())),
                    *(path for place in _SHARED for path in _entries(place) if path.name.startswith(_CHROMIUM)),
                )
            ),
            "ports": frozenset(
                f"{each.laddr.ip}:{each.laddr.port} {each.status}"
                for each in psutil.net_connections("inet")
                # The kernel keeps the end of a connection in mind for a minute.
                if each.laddr and each.status != psutil.CONN_TIME_WAIT
            ),
            "named sockets": frozenset(_sockets()),
            "control groups": _names(
                path for parent in own_groups().values() for path in _entries(parent) if _is_group(path, browsers_dir)
            ),
            "descriptors of this process": _counted(_descriptors()),
            "threads of this process": _counted("thread" for _ in this.threads()),
        },
        this.memory_info().rss,
    )


def _processes(this: psutil.Process, directory: Path) -> set[str]:
    found = {f"{child.pid} {child.name()}" for child in this.children(recursive=True)}
    for process in psutil.process_iter(["pid", "name", "cmdline"]):
        # Whoever has lost its parents is known by the directory that it works for.
        if process.pid != this.pid and any(str(directory) in part for part in process.info["cmdline"] or ()):
            found.add(f"{process.pid} {process.info['name']}")
    return found


def _sockets() -> set[str]:
    """Unix sockets with a name, also one that is no file; others' are as much theirs as their file names tell."""
    rows = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return {row[7] for row in rows if len(row) > 7}


def _is_group(path: Path, browsers_dir: Path) -> bool:
    """Whether it is that of a browser below the directory; its name tells by the lock of its slot."""
    number = re.fullmatch(r"reelkit-page-(\d+)-[0-9a-f]+", path.name)
    if number is None:
        return False
    lock_path = browsers_dir / f"{number[1]}.lock"
    return path.name == Order(int(number[1]), browsers_dir, lock_path, browsers_dir, Limits()).group_name


def _descriptors() -> Iterator[str]:
    """What they lead to, without the number that each pipe or socket has."""
    for each in _entries(Path("/proc/self/fd")):
        # That with which they are listed is gone by now.
        with contextlib.suppress(OSError):
            yield str(each.readlink()).partition("[")[0]


def _counted(names: Iterable[str]) -> frozenset[str]:
    """Things that cannot be told apart: of so many the first, the second and so on."""
    counts = Counter(names)
    return frozenset(f"{name} {number}" for name, count in counts.items() for number in range(1, count + 1))


def _entries(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except OSError:
        return []


def _names(paths: Iterable[Path]) -> frozenset[str]:
    return frozenset(map(str, paths))
