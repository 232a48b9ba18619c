"""A clock whose waits are told."""

from collections.abc import Callable

from tests.clocks import JumpingClock


class WaitingClock(JumpingClock):
    """Time goes on by waiting alone; ``on_wait`` is told the new wall-clock time."""

    def __init__(self, now_s: float, on_wait: Callable[[float], None] = lambda _: None) -> None:
        super().__init__(now_s)
        self._on_wait = on_wait

    async def sleep(self, duration_s: float) -> None:
        await super().sleep(duration_s)
        self._on_wait(self.now_s)
