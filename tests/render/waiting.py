"""A clock whose waits take no time."""

from collections.abc import Callable


class WaitingClock:
    """Time goes on by waiting alone; ``on_wait`` is told the new wall-clock time."""

    def __init__(self, now_s: float, on_wait: Callable[[float], None] = lambda _: None) -> None:
        self.now_s = now_s
        self._on_wait = on_wait

    def time_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
        self._on_wait(self.now_s)
