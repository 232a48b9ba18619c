"""When a track is to be heard, and the fades at the edges of that."""

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FADE_SAMPLES = 240
"""5 ms at each edge: short enough not to swallow a syllable, long enough not to click."""

_RAMP = ((np.arange(FADE_SAMPLES) + 0.5) / FADE_SAMPLES).astype(np.float32)

Gain = NDArray[np.float32]


class Gate:
    """The intervals in which a track is open, in samples of wall-clock time, as they become known in order of time."""

    def __init__(self) -> None:
        self._opened: list[int] = []
        self._closed: list[int] = []

    @property
    def is_open(self) -> bool:
        """Whether nothing closed it so far."""
        return len(self._opened) > len(self._closed)

    def open(self, at: int) -> None:
        """Does nothing if it is open."""
        if not self.is_open:
            self._opened.append(max(at, self._closed[-1]) if self._closed else at)

    def close(self, at: int) -> None:
        """Does nothing if it is closed."""
        if self.is_open:
            self._closed.append(max(at, self._opened[-1]))

    def is_open_within(self, start: int, stop: int) -> bool:
        """Whether any of ``start`` … ``stop - 1`` is to be heard."""
        first = bisect_right(self._closed, start)
        return first < len(self._opened) and self._opened[first] < stop

    def next_opening(self, after: int) -> int | None:
        """When it opens next, later than ``after``, as far as is known."""
        first = bisect_right(self._opened, after)
        return self._opened[first] if first < len(self._opened) else None

    def envelope(self, start: int, count: int) -> Gain | None:
        """The gain of the samples from ``start`` on, shape (count,); None if all are to be heard as they are."""
        first = bisect_right(self._closed, start)
        intervals = []
        for at in range(first, len(self._opened)):
            if self._opened[at] >= start + count:
                break
            intervals.append((self._opened[at], self._closed[at] if at < len(self._closed) else None))
        return envelope(intervals, start, count)


def envelope(intervals: Sequence[tuple[int, int | None]], start: int, count: int) -> Gain | None:
    """The gain of the samples from ``start`` on, shape (count,), where only ``intervals`` are heard, with fades inside
    their edges; None if all are to be heard as they are. An interval without end is open; none overlap."""
    stop = start + count
    for begin, end in intervals:
        if begin + FADE_SAMPLES <= start and (end is None or stop <= end - FADE_SAMPLES):
            return None
    gain = np.zeros(count, np.float32)
    for begin, end in intervals:
        first, last = max(start, begin), stop if end is None else min(stop, end)
        if first >= last:
            continue
        inside = np.ones(last - first, np.float32)
        _multiply(inside, _RAMP, begin - first)
        if end is not None:
            _multiply(inside, _RAMP[::-1], end - FADE_SAMPLES - first)
        gain[first - start : last - start] = inside
    return gain


def fade_in(sound: NDArray[np.float32], age: int) -> None:
    """Fades sound of shape (n, 2) in place; its first sample is number ``age`` since the beginning."""
    if age < FADE_SAMPLES:
        _multiply(sound, _RAMP[:, np.newaxis], -age)


def fading(sound: NDArray[np.float32]) -> NDArray[np.float32]:
    """``FADE_SAMPLES`` samples of shape (n, 2) so that they end in silence."""
    faded: NDArray[np.float32] = sound * _RAMP[::-1, np.newaxis]
    return faded


def _multiply(values: NDArray[np.float32], ramp: NDArray[np.float32], at: int) -> None:
    """Multiplies ``values`` in place by ``ramp`` where it lies from index ``at`` on."""
    first, last = max(0, at), min(len(values), at + len(ramp))
    if first < last:
        values[first:last] *= ramp[first - at : last - at]
