"""A recording of a live room: how much of it is recorded, and when its limit is reached."""

from collections.abc import Awaitable, Callable

from reelkit.clock import Clock
from reelkit.control.ports import Room
from reelkit.control.tasks import Timer
from reelkit.rooms.tasks import TaskOwner


class LiveRecording:
    """Counts recorded time, pauses left out, and calls ``on_limit`` once ``max_seconds`` of it are reached."""

    def __init__(
        self,
        *,
        recording_id: str,
        room: Room,
        max_seconds: int,
        clock: Clock,
        tasks: TaskOwner,
        on_limit: Callable[[], Awaitable[None]],
    ) -> None:
        self.recording_id = recording_id
        self.room = room
        self.stopped_s: float | None = None
        """The time of the ``stopped`` mark, once it is written."""
        self._max_seconds = max_seconds
        self._clock = clock
        self._tasks = tasks
        self._on_limit = on_limit
        self._recorded_s = 0.0
        self._open_s: float | None = None
        self._limit: Timer | None = None

    @property
    def recorded_s(self) -> float:
        """Recorded time up to now."""
        open_s = 0.0 if self._open_s is None else self._clock.time_s() - self._open_s
        return self._recorded_s + open_s

    def opened(self, mark_s: float) -> None:
        """A stretch begins at the wall time ``mark_s``, unless one is open."""
        if self._open_s is not None:
            return
        self._open_s = mark_s
        self._limit = Timer(
            self._clock,
            self._tasks,
            self._max_seconds - self.recorded_s,
            self._on_limit,
            f"limit-{self.recording_id}",
        )

    def closed(self, mark_s: float) -> None:
        """The open stretch, if there is one, ends at the wall time ``mark_s``."""
        if self._open_s is not None:
            self._recorded_s += max(0.0, mark_s - self._open_s)
            self._open_s = None
        self.disarm()

    def disarm(self) -> None:
        """Forgets the limit."""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
