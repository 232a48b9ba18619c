"""Work that must happen one piece at a time."""

import asyncio
from collections import deque
from collections.abc import Callable, Coroutine
from typing import Any

from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.tasks import TaskOwner

# The SDK has one request per PeerConnection under way and few beside it: a longer queue is a client gone wild.
MAX_PENDING = 64

Job = Callable[[], Coroutine[Any, Any, None]]


class Lane:
    """Runs jobs in order, one at a time, as the SDK sends its requests for one PeerConnection."""

    def __init__(self, tasks: TaskOwner, name: str) -> None:
        self._tasks = tasks
        self._name = name
        self._jobs: deque[Job] = deque()
        self._worker: asyncio.Task[None] | None = None

    def submit(self, job: Job) -> None:
        """Queues a job. Raises LimitExceeded if too many wait."""
        if len(self._jobs) >= MAX_PENDING:
            raise LimitExceeded("too many requests are waiting", lane=self._name)
        self._jobs.append(job)
        if self._worker is None or self._worker.done():
            self._worker = self._tasks.spawn(self._run(), self._name)

    def cancel(self) -> None:
        """Drops what waits and cancels what runs, unless it is the caller itself."""
        self._jobs.clear()
        if self._worker is not None and self._worker is not asyncio.current_task():
            self._worker.cancel()

    async def _run(self) -> None:
        while self._jobs:
            await self._jobs.popleft()()
