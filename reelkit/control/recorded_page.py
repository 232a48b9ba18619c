"""One page that is opened or recorded."""

from collections.abc import Awaitable, Callable

from reelkit.clock import Clock
from reelkit.control.page_admission import Place
from reelkit.control.ports import Room
from reelkit.control.recording import Recording
from reelkit.control.tasks import Timer
from reelkit.page.status import PageState
from reelkit.rooms.tasks import TaskOwner


class RecordedPage:
    """Holds its room and its place."""

    def __init__(self, recording: Recording, room: Room, max_seconds: int, place: Place) -> None:
        self.recording = recording
        self.room = room
        self.max_seconds = max_seconds
        self.opening = True
        """Its recording is INVOKED: the page is not ready yet."""
        self._place = place
        self._told: PageState | None = None
        self._limit: Timer | None = None
        room.hold(recording.id)

    @property
    def id(self) -> str:
        """The recording's."""
        return self.recording.id

    def is_new(self, state: PageState) -> bool:
        """Whether the worker has told another state before."""
        before, self._told = self._told, state
        return state is not before

    def limit(self, clock: Clock, tasks: TaskOwner, timeout_s: float, action: Callable[[], Awaitable[None]]) -> None:
        """Calls ``action`` unless the page is ready, or over, in time."""
        self._limit = Timer(clock, tasks, timeout_s, action, f"opening-{self.id}")

    def opened(self) -> None:
        """It is ready, or never will be."""
        self.opening = False
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None

    def over(self) -> None:
        """It is neither opened nor recorded any more."""
        self.opened()
        self._place.release()
        self.room.release(self.id)
