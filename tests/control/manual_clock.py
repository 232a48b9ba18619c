"""A clock that stands still until it is told to go on."""

import asyncio
from dataclasses import dataclass, field

# 2026-01-01T00:00:00Z
START_S = 1_767_225_600.0


@dataclass
class ManualClock:
    """Both clocks move together. ``sleepers`` is how many wait for a later time."""

    now_s: float = START_S
    _waiting: list[tuple[float, asyncio.Future[None]]] = field(default_factory=list)

    def time_s(self) -> float:
        return self.now_s

    def monotonic_s(self) -> float:
        return self.now_s

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0:
            await asyncio.sleep(0)
            return
        future = asyncio.get_running_loop().create_future()
        entry = (self.now_s + duration_s, future)
        self._waiting.append(entry)
        try:
            await future
        finally:
            self._waiting.remove(entry)

    @property
    def deadlines(self) -> list[float]:
        """How far away the waited-for times are, in seconds."""
        return sorted(round(deadline_s - self.now_s, 6) for deadline_s, future in self._waiting if not future.done())

    async def advance(self, duration_s: float) -> None:
        """Moves on and wakes who waited for that; whoever was about to wait does so before."""
        await _let_others_run()
        self.now_s += duration_s
        for deadline_s, future in list(self._waiting):
            if deadline_s <= self.now_s and not future.done():
                future.set_result(None)
        await _let_others_run()


async def _let_others_run() -> None:
    # A task that was just created reaches its first wait within a few turns of the loop.
    for _ in range(5):
        await asyncio.sleep(0)
