"""How many requests somebody may make: the generic cell rate algorithm (ITU-T I.371), a bucket that drains evenly."""

from collections import OrderedDict

from reelkit.clock import Clock

_NS_PER_S = 1_000_000_000
# Two at once: the table shrinks as fast as it has grown.
_FORGOTTEN_AT_ONCE = 2


class Allowance:
    """``count`` requests at once for each holder; what was used comes back evenly within ``window_s``.

    Takes constant time, and remembers no more than ``max_holders``: of more, those who asked longest ago are forgotten.
    """

    def __init__(self, clock: Clock, count: int, window_s: float, max_holders: int) -> None:
        self._clock = clock
        self._max_holders = max_holders
        self._step_ns = max(1, int(window_s * _NS_PER_S) // count)
        self._room_ns = self._step_ns * count
        self._full_again_ns: OrderedDict[str, int] = OrderedDict()
        """When each holder's allowance will be whole; longest unchanged first."""

    def wait_s(self, holder: str) -> float:
        """0 if the request is admitted, and counted; else how long until the next one would be. Those do not count."""
        now_ns = int(self._clock.monotonic_s() * _NS_PER_S)
        next_ns = max(self._full_again_ns.get(holder, now_ns), now_ns) + self._step_ns
        excess_ns = next_ns - now_ns - self._room_ns
        if excess_ns > 0:
            return excess_ns / _NS_PER_S
        self._full_again_ns[holder] = next_ns
        self._full_again_ns.move_to_end(holder)
        self._forget(now_ns)
        return 0.0

    def __len__(self) -> int:
        """How many holders are remembered."""
        return len(self._full_again_ns)

    def _forget(self, now_ns: int) -> None:
        for _ in range(_FORGOTTEN_AT_ONCE):
            oldest = next(iter(self._full_again_ns))
            if self._full_again_ns[oldest] > now_ns and len(self._full_again_ns) <= self._max_holders:
                return
            del self._full_again_ns[oldest]
