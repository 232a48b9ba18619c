"""Background tasks that belong to something and end with it."""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from reelkit.rooms.errors import RoomClosed

log = structlog.get_logger(__name__)

_T = TypeVar("_T")


class TaskOwner:
    """Holds running tasks, logs what they raise and cancels the rest when it is closed."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._tasks: set[asyncio.Task[Any]] = set()
        self._closed = False

    def spawn(self, work: Coroutine[Any, Any, None], name: str) -> asyncio.Task[None]:
        """Starts ``work``. After ``close`` it is dropped unstarted: nothing is left to do it for."""
        task = asyncio.create_task(work, name=f"{self._name}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._finish)
        if self._closed:
            task.cancel()
        return task

    async def shielded(self, work: Coroutine[Any, Any, _T], name: str) -> _T:
        """Runs ``work`` to its end even if the caller is cancelled meanwhile.

        Raises RoomClosed if ``close`` cancels it instead.
        """
        task = asyncio.create_task(work, name=f"{self._name}-{name}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if task.cancelled() and current is not None and not current.cancelling():
                raise RoomClosed("what was asked for was still going on when the session ended") from None
            # Nobody waits for the outcome any more, so a failure has to be told here.
            task.add_done_callback(self._finish)
            raise

    async def close(self) -> None:
        """Cancels what runs and waits for it; a task may close its own owner."""
        self._closed = True
        current = asyncio.current_task()
        others = [task for task in self._tasks if task is not current]
        for task in others:
            task.cancel()
        if others:
            await asyncio.wait(others)

    def _finish(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("a background task failed", task=task.get_name(), exc_info=error)
