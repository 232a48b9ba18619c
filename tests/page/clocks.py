"""Time for tests of what a page showed when."""

WALL_S = 1_000_000.0
"""How far the wall clock is ahead of the monotonic one."""


class SetClock:
    """A clock that is set by hand."""

    def __init__(self, monotonic_s: float = 0.0, ahead_s: float = WALL_S) -> None:
        self.now_s = monotonic_s
        self.ahead_s = ahead_s

    def time_s(self) -> float:
        return self.now_s + self.ahead_s

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
