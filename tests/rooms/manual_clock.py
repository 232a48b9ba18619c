"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools

# 2026-01-01T00:00:00Z
START_S = 1_767_225_600.0
# A task that was woken reaches its next wait within so many turns of the event loop.
_TURNS = 40


async def settle() -> None:
    """Lets every task run until it waits for something."""
    for _ in range(_TURNS):
        await asyncio.sleep(0)


class ManualClock:
    """Implements reelkit.clock.Clock; wall clock and monotonic clock move together."""

    def __init__(self) -> None:
        self._now_s = START_S
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._numbers = itertools.count()

    def time_s(self) -> float:
        return self._now_s

    def monotonic_s(self) -> float:
        return self._now_s

    async def sleep(self, duration_s: float) -> None:
        wake: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self._now_s + duration_s, next(self._numbers), wake))
        await wake

    async def advance(self, duration_s: float) -> None:
        """Moves on, waking each sleeper at its time and letting it run before the next one."""
        await settle()
        end_s = self._now_s + duration_s
        while self._sleepers and self._sleepers[0][0] <= end_s:
            self._now_s, _, wake = heapq.heappop(self._sleepers)
            if not wake.done():
                wake.set_result(None)
                await settle()
        self._now_s = end_s
        await settle()
