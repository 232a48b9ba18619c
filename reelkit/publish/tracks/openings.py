"""When something is sent, muted or not there, as it becomes known in order of time."""

from bisect import bisect_right
from enum import StrEnum


class Presence(StrEnum):
    """How a participant's track stands at an instant."""

    OPEN = "open"
    MUTED = "muted"
    ABSENT = "absent"
    """Not sent at all: the participant has left, or closed the track."""


class Openings:
    """The states of a track over wall-clock time; it begins absent."""

    def __init__(self) -> None:
        self._times_s: list[float] = []
        self._states: list[Presence] = []

    def change(self, time_s: float, state: Presence) -> None:
        """It is ``state`` from ``time_s`` on. A clock that was set back does not order changes: their order does."""
        if self._states and self._states[-1] is state:
            return
        if self._times_s and time_s <= self._times_s[-1]:
            time_s = self._times_s[-1]
            # Of several changes at one instant the last one counts.
            self._times_s.pop()
            self._states.pop()
        self._times_s.append(time_s)
        self._states.append(state)

    def at(self, time_s: float) -> Presence:
        """The state at an instant."""
        number = bisect_right(self._times_s, time_s)
        return self._states[number - 1] if number else Presence.ABSENT

    def between(self, start_s: float, stop_s: float) -> set[Presence]:
        """All states of an interval."""
        first, last = bisect_right(self._times_s, start_s), bisect_right(self._times_s, stop_s)
        return {self.at(start_s), *self._states[first:last]}
