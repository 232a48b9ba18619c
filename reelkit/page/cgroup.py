"""Bounds on what a browser takes of the machine, kept by the kernel: one control group for each browser."""

import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from reelkit.page.hierarchies import CONTROLLERS, UNIFIED, own_groups
from reelkit.page.limits import Limits

_CPU_PERIOD_US = 100_000
_CPU_WEIGHT, _CPU_SHARES = 400, 4_096
"""Four times the usual: a browser's processes that do the work are about so many, and together they would count as one
of others."""
_PROCESSES = "cgroup.procs"
_V1_USED = "memory.usage_in_bytes"
_SWAP = frozenset({"memory.swap.max", "memory.memsw.limit_in_bytes"})
"""Missing where the kernel does not count swap."""


@dataclass(frozen=True, slots=True)
class Cgroup:
    """A group by controller; with the unified hierarchy (version 2) all have the same directory."""

    directories: Mapping[str, Path]
    unified: bool
    without: tuple[str, ...] = ()
    """Which bounds are not in force, and why."""

    @classmethod
    def create(cls, name: str, limits: Limits, parents: Mapping[str, Path] | None = None) -> Self:
        """Makes the groups that the kernel and this process's rights allow, below its own or below ``parents``.

        Nobody else may use the name; one that a crash has left empty is removed first.
        """
        parents = own_groups() if parents is None else parents
        unified = UNIFIED in parents
        made: dict[str, Path] = {}
        without = []
        for controller in CONTROLLERS:
            bounds = _bounds(controller, limits, unified=unified)
            parent = parents.get(UNIFIED if unified else controller)
            if not bounds:
                continue
            if parent is None:
                without.append(f"{controller}: the machine has no control groups for it")
                continue
            try:
                if unified:
                    _enable(parent, controller)
                if parent / name not in made.values():
                    # Refused if processes are in it.
                    _remove(parent / name)
                    (parent / name).mkdir()
                for file, value in bounds:
                    _set(parent / name / file, value)
                made[controller] = parent / name
            except OSError as error:
                without.append(f"{controller}: {error.strerror}")
                if parent / name not in made.values():
                    _remove(parent / name)
        return cls(made, unified, tuple(without))

    @classmethod
    def existing(cls, name: str, parents: Mapping[str, Path] | None = None) -> Self:
        """What :meth:`create` made in another process."""
        parents = own_groups() if parents is None else parents
        return cls({each: path / name for each, path in parents.items() if (path / name).is_dir()}, UNIFIED in parents)

    def enter(self) -> None:
        """Moves this process into the group; what it starts is in it too. Raises OSError."""
        for directory in self._distinct():
            (directory / _PROCESSES).write_text("0")

    def pids(self) -> set[int]:
        """The processes in it."""
        found: set[int] = set()
        for directory in self._distinct():
            with suppress(OSError):
                found.update(map(int, (directory / _PROCESSES).read_text().split()))
        return found

    def kill(self) -> None:
        """Sends SIGKILL to every process in it."""
        if self.unified:
            for directory in self._distinct():
                with suppress(OSError):
                    (directory / "cgroup.kill").write_text("1")
                    return
        for pid in self.pids():
            with suppress(ProcessLookupError, PermissionError):
                os.kill(pid, signal.SIGKILL)

    def memory_bytes(self) -> int | None:
        """What its processes keep the kernel from using for others; None if that is not counted."""
        directory = self.directories.get("memory")
        if directory is None:
            return None
        used, inactive = ("memory.current", "inactive_file") if self.unified else (_V1_USED, "total_inactive_file")
        try:
            # Copies of files that nobody has touched for a while are given up when memory is short.
            return int((directory / used).read_text()) - _table(directory / "memory.stat").get(inactive, 0)
        except (OSError, ValueError):
            return None

    def out_of_memory(self) -> int:
        """How many of its processes the kernel has ended because the group had no memory left."""
        directory = self.directories.get("memory")
        if directory is None:
            return 0
        return _table(directory / ("memory.events" if self.unified else "memory.oom_control")).get("oom_kill", 0)

    def remove(self) -> bool:
        """Removes it; false as long as a process is in it, even one that has just ended."""
        return all([_remove(directory) for directory in self._distinct()])  # noqa: C419 - every one is tried

    def _distinct(self) -> Sequence[Path]:
        return tuple(dict.fromkeys(self.directories.values()))


def _enable(parent: Path, controller: str) -> None:
    """Lets groups below one have the controller. Refused if processes are in it, unless it is the root."""
    control = parent / "cgroup.subtree_control"
    if controller not in control.read_text().split():
        control.write_text(f"+{controller}")


def _bounds(controller: str, limits: Limits, *, unified: bool) -> list[tuple[str, str]]:
    memory = str(limits.memory_bytes)
    match controller:
        case "memory" if unified:
            return [("memory.max", memory), ("memory.swap.max", "0")]
        case "memory":
            return [("memory.limit_in_bytes", memory), ("memory.memsw.limit_in_bytes", memory)]
        case "pids":
            return [("pids.max", str(limits.tasks))]
        case "cpu":
            weight = ("cpu.weight", str(_CPU_WEIGHT)) if unified else ("cpu.shares", str(_CPU_SHARES))
            return [weight, *_quota(limits.cpus, unified=unified)]
        case _:
            return []


def _quota(cpus: float | None, *, unified: bool) -> list[tuple[str, str]]:
    if cpus is None:
        return []
    quota_us = round(cpus * _CPU_PERIOD_US)
    if unified:
        return [("cpu.max", f"{quota_us} {_CPU_PERIOD_US}")]
    return [("cpu.cfs_period_us", str(_CPU_PERIOD_US)), ("cpu.cfs_quota_us", str(quota_us))]


def _set(file: Path, value: str) -> None:
    if file.name in _SWAP and not file.exists():
        return
    file.write_text(value)


def _table(file: Path) -> dict[str, int]:
    try:
        rows = (line.split() for line in file.read_text().splitlines())
        return {row[0]: int(row[1]) for row in rows if len(row) == 2 and row[1].isdigit()}
    except OSError:
        return {}


def _remove(directory: Path) -> bool:
    try:
        directory.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True
