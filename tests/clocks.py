"""A clock for tests of what waits."""

import asyncio


class JumpingClock:
    """Nothing takes time but waiting, which takes no real time."""

    def __init__(self, now_s: float = 1_000.0) -> None:
        self.now_s = now_s

    def time_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        self.now_s += duration_s
        await asyncio.sleep(0)
