"""Sound on its way from a page's loudspeaker to the renderer."""

import threading
from collections import deque

import numpy as np
from numpy.typing import NDArray

from reelkit.page.sound_block import SAMPLE_RATE_HZ, SoundBlock

_MOST_SAMPLES = 120 * SAMPLE_RATE_HZ
"""Sound that waits for the renderer, 46 MB; of more the oldest is lost."""


class SoundTape:
    """Hands sound from the thread that has the loudspeaker to the one that renders. Places on the tape are samples of
    the machine's monotonic clock."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._blocks: deque[SoundBlock] = deque()
        self._complete = -1
        self._lost = -1
        """Up to where sound was given up because nobody came for it."""
        self._ended = False

    def put(self, block: SoundBlock) -> None:
        """The next block, which begins where the last one ended or later."""
        with self._lock:
            self._complete = block.first_sample + block.count
            if block.samples is None:
                return
            self._blocks.append(block)
            while self._blocks[0].first_sample < self._complete - _MOST_SAMPLES:
                given_up = self._blocks.popleft()
                self._lost = given_up.first_sample + given_up.count

    def end(self) -> None:
        """No sound comes any more."""
        with self._lock:
            self._ended = True

    @property
    def complete(self) -> int:
        """Behind the last sample that has come."""
        with self._lock:
            return self._complete

    @property
    def lost(self) -> int:
        """Behind the last sample that was given up unread."""
        with self._lock:
            return self._lost

    @property
    def ended(self) -> bool:
        """Whether no sound comes any more."""
        with self._lock:
            return self._ended

    def read(self, first: int, count: int) -> NDArray[np.float32] | None:
        """What is on the tape from ``first`` on, shape (count, 2); None for silence. It stays there until
        :meth:`forget`."""
        found = None
        with self._lock:
            for block in self._blocks:
                begin, end = max(first, block.first_sample), min(first + count, block.first_sample + block.count)
                if begin >= end or block.samples is None:
                    continue
                if found is None:
                    found = np.zeros((count, 2), np.float32)
                inside = block.samples[:, begin - block.first_sample : end - block.first_sample]
                found[begin - first : end - first] = inside.T
        return found

    def forget(self, before: int) -> None:
        """Nobody asks for what lies before a sample any more."""
        with self._lock:
            while self._blocks and self._blocks[0].first_sample + self._blocks[0].count <= before:
                self._blocks.popleft()
