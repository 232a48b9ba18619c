"""A machine that has other things to do."""

import sys
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Self

from reelkit.process import ChildProcess


class BusyLoops:
    """An async context manager: as long as it is entered, so many processes take all the processor time they get."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._loops = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with self._loops:
            for _ in range(self._count):
                child = ChildProcess([sys.executable, "-c", "while True: pass"], name="busy-loop")
                await self._loops.enter_async_context(child)
            self._loops = self._loops.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._loops.aclose()
