"""Processor time of processes and of everything they started."""

import contextlib
import threading
from collections.abc import Collection, Mapping
from types import TracebackType
from typing import Self

import psutil

_SAMPLE_S = 0.5


def tree_cpu_s(pid: int, without: Collection[int] = ()) -> dict[int, float]:
    """Processor time so far by process; that of children which ended and were waited for counts as their parent's.

    The trees below the processes of ``without`` are left out.
    """
    spent_s: dict[int, float] = {}
    with contextlib.suppress(psutil.NoSuchProcess):
        root = psutil.Process(pid)
        left_out: set[int] = set()
        # Parents come before their children.
        for process in (root, *root.children(recursive=True)):
            with contextlib.suppress(psutil.NoSuchProcess), process.oneshot():
                if process.pid != pid and (process.pid in without or process.ppid() in left_out):
                    left_out.add(process.pid)
                    continue
                times = process.cpu_times()
                spent_s[process.pid] = times.user + times.system + times.children_user + times.children_system
    return spent_s


class TreeMeter:
    """A context manager that measures named process trees while it is entered; a tree inside another one counts for
    itself. They are looked at each half second, so that what a process spent before it ended is known."""

    def __init__(self, roots: Mapping[str, int]) -> None:
        self._roots = dict(roots)
        self._first: dict[str, dict[int, float]] = {}
        self._latest: dict[str, dict[int, float]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="process-trees")

    @property
    def spent_s(self) -> dict[str, float]:
        """By name, since entry."""
        return {
            name: sum(spent - self._first[name].get(pid, 0.0) for pid, spent in latest.items())
            for name, latest in self._latest.items()
        }

    def __enter__(self) -> Self:
        self._first = {name: self._tree(pid) for name, pid in self._roots.items()}
        self._latest = {name: dict(spent) for name, spent in self._first.items()}
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        self._thread.join()
        self._look()

    def _watch(self) -> None:
        while not self._done.wait(_SAMPLE_S):
            self._look()

    def _look(self) -> None:
        for name, pid in self._roots.items():
            self._latest[name].update(self._tree(pid))

    def _tree(self, pid: int) -> dict[int, float]:
        return tree_cpu_s(pid, set(self._roots.values()) - {pid})
