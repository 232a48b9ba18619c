"""Processor time of the first thread of a process, apart from that of the others."""

from types import TracebackType
from typing import Self

import psutil


class ThreadMeter:
    """A context manager that measures while it is entered."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.main_s = 0.0

    def __enter__(self) -> Self:
        self.main_s = -self._read()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.main_s += self._read()

    def _read(self) -> float:
        main = next(thread for thread in self._process.threads() if thread.id == self._process.pid)
        return float(main.user_time + main.system_time)
