"""Sound that was made but not yet asked for."""

import numpy as np

from reelkit.render.opus_decoder import Sound

_GROWTH_SAMPLES = 9_600


class SoundBuffer:
    """Sums sound at its places and gives it out from the left. Silence is everywhere else."""

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._filled = 0
        self._sound = np.zeros((_GROWTH_SAMPLES, 2), np.float32)

    @property
    def start(self) -> int:
        """The first sample that can still be given out: what comes for earlier ones is dropped."""
        return self._start

    @property
    def stop(self) -> int:
        """Behind the last sample that was added."""
        return self._start + self._filled

    def add(self, at: int, sound: Sound) -> None:
        """Adds ``sound``, shape (n, 2), from sample ``at`` on."""
        offset = at - self._start
        if offset < 0:
            sound = sound[-offset:]
            offset = 0
        end = offset + len(sound)
        if not len(sound):
            return
        if end > len(self._sound):
            grown = np.zeros((end + _GROWTH_SAMPLES, 2), np.float32)
            grown[: self._filled] = self._sound[: self._filled]
            self._sound = grown
        self._sound[offset:end] += sound
        self._filled = max(self._filled, end)

    def skip_to(self, start: int) -> None:
        """Forgets everything before ``start``, which never goes back."""
        self._drop(start - self._start)

    def take(self, start: int, count: int) -> Sound | None:
        """The samples ``start`` … ``start + count - 1``, shape (count, 2); None if they are silent. Everything before
        the end of them is forgotten; ``start`` never goes back."""
        self.skip_to(start)
        taken = None
        if self._filled:
            taken = self._sound[:count].copy()
            if len(taken) < count:
                taken = np.pad(taken, ((0, count - len(taken)), (0, 0)))
        self._drop(count)
        return taken

    def _drop(self, count: int) -> None:
        if count <= 0:
            return
        self._start += count
        rest = max(0, self._filled - count)
        if self._filled:
            self._sound[:rest] = self._sound[self._filled - rest : self._filled].copy()
            self._sound[rest : self._filled] = 0
        self._filled = rest
