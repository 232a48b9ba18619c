"""One request to a webhook, what came of it, and when the next one is made."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from http import HTTPStatus

from reelkit.settings import WebhookSettings


class Verdict(StrEnum):
    """What an attempt means for its delivery."""

    DELIVERED = "DELIVERED"
    RETRY = "RETRY"
    FAILED = "FAILED"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request. ``status`` is the answer's; without an answer ``error`` says why there is none."""

    started_at: datetime
    latency_ms: int
    status: int | None = None
    error: str | None = None
    final: bool = False
    """Another try would end the same."""
    response: str | None = None
    """The beginning of the answer's body."""

    @property
    def verdict(self) -> Verdict:
        """2xx is taken; 5xx and no answer are tried again; everything else is refused, redirects too."""
        if self.status is None:
            return Verdict.FAILED if self.final else Verdict.RETRY
        if HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES:
            return Verdict.DELIVERED
        return Verdict.RETRY if self.status >= HTTPStatus.INTERNAL_SERVER_ERROR else Verdict.FAILED


class RetrySchedule:
    """Exponential back-off: each wait lies between half and the whole of a time that doubles up to a greatest one."""

    def __init__(self, settings: WebhookSettings, randomness: random.Random) -> None:
        self._min_s = settings.retry_min_s
        self._max_s = max(settings.retry_min_s, settings.retry_max_s)
        self._random = randomness

    def next_at(self, now: datetime, tries: int, give_up_at: datetime) -> datetime | None:
        """When to try again after ``tries`` failures, 1 or more; None once it is to be given up.

        The last try is at ``give_up_at``.
        """
        if now >= give_up_at:
            return None
        # The power is bounded, because it soon is beyond any float.
        whole_s = min(self._max_s, self._min_s * 2.0 ** min(tries - 1, 60))
        wait_s = whole_s * (0.5 + 0.5 * self._random.random())
        return min(now + timedelta(seconds=wait_s), give_up_at)
