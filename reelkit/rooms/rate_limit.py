"""A limit on how often something may happen."""

from reelkit.clock import Clock


class RateLimit:
    """A token bucket: ``burst`` at once, ``rate_per_s`` in the long run."""

    def __init__(self, rate_per_s: float, burst: int, clock: Clock) -> None:
        self._rate_per_s = rate_per_s
        self._burst = burst
        self._clock = clock
        self._tokens = float(burst)
        self._filled_s = clock.monotonic_s()

    def allow(self, cost: int = 1) -> bool:
        """Whether it may happen now; counts it ``cost`` times if so."""
        now_s = self._clock.monotonic_s()
        self._tokens = min(self._burst, self._tokens + (now_s - self._filled_s) * self._rate_per_s)
        self._filled_s = now_s
        if self._tokens < cost:
            return False
        self._tokens -= cost
        return True
