"""How far the wall clock is ahead of the machine's monotonic clock, by which screens and loudspeakers run."""

from reelkit.clock import Clock

_SET_S = 0.05
"""A difference larger than this comes of a clock that was set; less, of one that is being slewed."""
_SLEW = 0.05
"""Of a smaller difference so much is followed each time, so that reading two clocks one after the other, with an
interruption between, moves nothing."""


class WallOffset:
    """Wall time minus monotonic time, in seconds. Not for several threads at once."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._offset_s = self._read()

    def now_s(self) -> float:
        """The offset, followed up to now."""
        difference_s = self._read() - self._offset_s
        self._offset_s += difference_s if abs(difference_s) > _SET_S else difference_s * _SLEW
        return self._offset_s

    def _read(self) -> float:
        return self._clock.time_s() - self._clock.monotonic_s()
