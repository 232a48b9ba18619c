"""A recording of a live room: how much of it is recorded, and when its limit is reached."""

from collections.abc import Awaitable, Callable

import structlog

from reelkit.clock import Clock
from reelkit.control.ports import Notice, Room
from reelkit.control.tasks import Timer
from reelkit.errors import ReelkitError
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)


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
        packets: bool = True,
    ) -> None:
        self.recording_id = recording_id
        self.room = room
        self.packets = packets
        """Whether it is made from what the meeting's people send."""
        self._stopped_s: float | None = None
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

    async def pause(self) -> None:
        """Ends the open stretch. Raises RoomError; it goes on then."""
        self.closed(await self.room.stop_capture(self.recording_id, "paused"))

    async def resume(self) -> None:
        """Begins another stretch. Raises RoomError, SfuError; it stays paused then."""
        self.opened(await self.room.start_capture(self.recording_id, packets=self.packets))

    async def stop(self) -> float:
        """Ends it for good, once, whatever state its room is in; returns the wall time of its end."""
        if self._stopped_s is None:
            try:
                self._stopped_s = await self.room.stop_capture(self.recording_id, "stopped")
            except (ReelkitError, OSError) as error:
                # Delivery completes the journal's marks.
                log.error("a recording's room could not stop it", recording_id=self.recording_id, reason=str(error))  # noqa: TRY400
                self._stopped_s = self._clock.time_s()
            self.closed(self._stopped_s)
        return self._stopped_s

    async def announce(self, state: Notice) -> None:
        """Tells everybody in the room."""
        try:
            await self.room.announce_recording(self.recording_id, state)
        except ReelkitError as error:
            log.warning("a room could not be told", recording_id=self.recording_id, state=state, reason=str(error))

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
