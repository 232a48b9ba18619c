"""Meetings that are recorded with nobody in them."""

from collections.abc import Awaitable, Callable

from reelkit.clock import Clock
from reelkit.control.tasks import Timer
from reelkit.rooms.tasks import TaskOwner


class EmptyMeetings:
    """Calls ``on_timeout(meeting_id)`` for a meeting that stayed empty for ``timeout_s``."""

    def __init__(
        self, clock: Clock, tasks: TaskOwner, timeout_s: float, on_timeout: Callable[[str], Awaitable[None]]
    ) -> None:
        self._clock = clock
        self._tasks = tasks
        self._timeout_s = timeout_s
        self._on_timeout = on_timeout
        self._timers: dict[str, Timer] = {}

    def update(self, meeting_id: str, *, empty: bool) -> None:
        """What is known of a meeting now. Being empty again and again does not put the time off."""
        if not empty:
            timer = self._timers.pop(meeting_id, None)
            if timer is not None:
                timer.cancel()
        elif meeting_id not in self._timers:
            self._timers[meeting_id] = Timer(
                self._clock, self._tasks, self._timeout_s, lambda: self._fire(meeting_id), f"empty-{meeting_id}"
            )

    async def _fire(self, meeting_id: str) -> None:
        self._timers.pop(meeting_id, None)
        await self._on_timeout(meeting_id)
