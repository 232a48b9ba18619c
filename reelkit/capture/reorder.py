"""Puts items that arrive out of order back in order, waiting for missing ones a limited time."""

import math
from collections.abc import Callable
from typing import Generic, TypeVar

Item = TypeVar("Item")


class ReorderBuffer(Generic[Item]):
    """Hands items to ``release(item, lost_before)`` by rising sequence number, each number once.

    A missing number is given up when ``wait_s`` have passed since the first item behind it arrived, by the clock of the
    arrivals; it then counts as lost before the next item. ``None`` as an item keeps a number from counting as lost.
    """

    def __init__(
        self,
        release: Callable[[Item, int], None],
        wait_s: float,
        *,
        next_sequence: int | None = None,
        lost_pending: int = 0,
    ) -> None:
        self.next_sequence = next_sequence
        """The number that is waited for; None before the first item, which sets it."""
        self.lost_pending = lost_pending
        """Numbers that were given up since the last released item."""
        self.waiting_since_s = math.inf
        """When the first item behind the gap arrived; infinite without a gap."""
        self._release = release
        self._wait_s = wait_s
        self._early: dict[int, tuple[float, Item | None]] = {}

    def add(self, sequence: int, arrival_s: float, item: Item | None) -> bool:
        """Takes the next item in order of arrival. False if it was already there or comes too late."""
        if self.waiting_since_s + self._wait_s < arrival_s:
            self.advance(arrival_s)
        if self.next_sequence is None:
            self.next_sequence = sequence
        if sequence == self.next_sequence:
            self._pass(sequence, item)
            if self._early:
                self._drain(sequence + 1)
            return True
        if sequence < self.next_sequence or sequence in self._early:
            return False
        self._early[sequence] = (arrival_s, item)
        self.waiting_since_s = min(self.waiting_since_s, arrival_s)
        return True

    def advance(self, horizon_s: float) -> None:
        """All that arrived before ``horizon_s`` has been added: gives up what was waited for long enough."""
        while self.waiting_since_s + self._wait_s < horizon_s:
            found = min(self._early)
            if self.next_sequence is not None:
                self.lost_pending += found - self.next_sequence
            self._drain(found)

    @property
    def early(self) -> list[Item]:
        """What waits behind a gap, by sequence number."""
        return [item for _, (_, item) in sorted(self._early.items()) if item is not None]

    def _pass(self, sequence: int, item: Item | None) -> None:
        self.next_sequence = sequence + 1
        if item is not None:
            lost, self.lost_pending = self.lost_pending, 0
            self._release(item, lost)

    def _drain(self, sequence: int) -> None:
        """Passes on what follows without a gap from ``sequence`` on."""
        early = self._early
        while sequence in early:
            self._pass(sequence, early.pop(sequence)[1])
            sequence += 1
        self.waiting_since_s = min((arrival_s for arrival_s, _ in early.values()), default=math.inf)
