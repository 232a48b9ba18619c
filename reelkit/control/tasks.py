"""Work that must not be torn in two, timers, and locks by name."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import structlog

from reelkit.clock import Clock
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

Result = TypeVar("Result")


async def uninterrupted(work: Coroutine[Any, Any, Result], name: str) -> Result:
    """Runs ``work`` to its end, even if whoever waits for it is cancelled meanwhile (a client that hung up)."""
    task = asyncio.create_task(work, name=name)
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        if not task.done():
            await asyncio.wait([task])
            if not task.cancelled() and (error := task.exception()) is not None:
                log.warning("work failed after its caller had gone", task=name, error=str(error))
        raise


class Timer:
    """Calls ``action`` once after ``delay_s`` unless it is cancelled before."""

    def __init__(
        self, clock: Clock, tasks: TaskOwner, delay_s: float, action: Callable[[], Awaitable[None]], name: str
    ) -> None:
        self._clock = clock
        self._task: asyncio.Task[None] | None = tasks.spawn(self._run(delay_s, action), name)

    def cancel(self) -> None:
        """Does nothing once the action has begun, so that an action may cancel its own timer."""
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def _run(self, delay_s: float, action: Callable[[], Awaitable[None]]) -> None:
        await self._clock.sleep(max(0.0, delay_s))
        self._task = None
        await action()


class NamedLocks:
    """One lock for each name that is in use."""

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._users: dict[str, int] = {}

    @asynccontextmanager
    async def held(self, name: str) -> AsyncIterator[None]:
        """Keeps everybody else with the same name out."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        self._users[name] = self._users.get(name, 0) + 1
        try:
            async with lock:
                yield
        finally:
            self._users[name] -= 1
            if not self._users[name]:
                del self._users[name], self._locks[name]
