"""Samples that wait for their turn."""

from collections import deque
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


class SampleQueue:
    """Arrays of two rows go in and come out, cut as they are asked for."""

    def __init__(self) -> None:
        self._pieces: deque[NDArray[np.float32]] = deque()
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def push(self, samples: NDArray[np.float32]) -> None:
        if samples.shape[1]:
            self._pieces.append(samples)
            self._count += samples.shape[1]

    def take(self, count: int) -> Iterator[NDArray[np.float32]]:
        """The first ``count`` samples, of which there have to be as many."""
        self._count -= count
        while count:
            piece = self._pieces.popleft()
            if piece.shape[1] > count:
                self._pieces.appendleft(piece[:, count:])
                piece = piece[:, :count]
            count -= piece.shape[1]
            yield piece

    def clear(self) -> None:
        self._pieces.clear()
        self._count = 0
