"""Watches what a browser uses, and tells when it is more than it may."""

import asyncio
import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

import structlog

from reelkit.clock import Clock, SystemClock
from reelkit.page.cgroup import Cgroup
from reelkit.page.jail import Jail
from reelkit.page.processes import descendants

log = structlog.get_logger(__name__)

INTERVAL_S = 0.5
"""A page needs about that long for filling a gigabyte."""
_BLOCK_BYTES = 512
"""What st_blocks counts, whatever the file system's own blocks are."""
_MOST_FILES = 200_000
"""A profile has some hundreds. Looking at more would take longer than the time between two looks."""
_COUNTED = ("RssAnon:", "RssShmem:")
_KIB = 1_024

_BEYOND_COUNTING = 1 << 62

Limit = Literal["memory", "disk"]
LimitHandler = Callable[[Limit], None]


@dataclass(frozen=True, slots=True)
class Use:
    """What a browser uses at one moment."""

    memory_bytes: int
    """What the kernel could use for others if the browser ended. Without a cgroup shared memory counts once for each
    process that has it."""
    profile_bytes: int
    processes: int


class Watcher:
    """An async context manager that looks every half second; ``on_limit`` is called once for each limit of the jail.

    With a cgroup the kernel itself ends a process that would take too much memory; that is told too.
    """

    def __init__(
        self, jail: Jail, on_limit: LimitHandler, *, interval_s: float = INTERVAL_S, clock: Clock | None = None
    ) -> None:
        self._jail = jail
        self._on_limit = on_limit
        self._interval_s = interval_s
        self._clock = clock or SystemClock()
        self._told: set[Limit] = set()
        self._task: asyncio.Task[None] | None = None
        self.use = Use(0, 0, 0)
        """As of the last look."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._run(), name="page-watcher")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait({self._task})

    async def look(self) -> Use:
        """Looks now."""
        cgroup, limits = self._jail.confinement.cgroup, self._jail.limits
        self.use = await asyncio.to_thread(measure, self._jail.keeper_pid, self._jail.profile, cgroup)
        # The cgroup goes with the browser.
        exited = self._jail.exited
        killed = exited.result().out_of_memory if exited.done() else cgroup.out_of_memory() > 0
        if killed or self.use.memory_bytes > limits.memory_bytes:
            self._tell("memory")
        if self.use.profile_bytes > limits.profile_bytes:
            self._tell("disk")
        return self.use

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except (OSError, ValueError) as error:
                log.warning("a browser's use could not be measured", reason=str(error))
            await self._clock.sleep(self._interval_s)

    def _tell(self, limit: Limit) -> None:
        if limit not in self._told:
            self._told.add(limit)
            self._on_limit(limit)


def measure(keeper_pid: int, profile: Path, cgroup: Cgroup) -> Use:
    """What the descendants of a process, or the members of a cgroup, use. Blocks for some milliseconds."""
    members = cgroup.pids() or descendants(keeper_pid)
    counted = cgroup.memory_bytes()
    memory_bytes = sum(map(_memory_bytes, members)) if counted is None else counted
    return Use(memory_bytes, directory_bytes(profile), len(members))


def directory_bytes(directory: Path) -> int:
    """What is in a directory and below it, as the disk counts it. Links are not followed."""
    total_bytes = files = 0
    ahead = [os.fspath(directory)]
    while ahead:
        if files >= _MOST_FILES:
            # Nobody counts so many twice a second, and nobody needs them.
            return _BEYOND_COUNTING
        with suppress(OSError), os.scandir(ahead.pop()) as entries:
            for entry in entries:
                files += 1
                with suppress(OSError):
                    total_bytes += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                    if entry.is_dir(follow_symlinks=False):
                        ahead.append(entry.path)
    return total_bytes


def _memory_bytes(pid: int) -> int:
    """What a process has that is no mere copy of files."""
    with suppress(OSError):
        rows = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
        return sum(int(row[1]) * _KIB for row in rows if row and row[0] in _COUNTED)
    return 0
