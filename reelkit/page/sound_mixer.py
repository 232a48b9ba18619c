"""Adds up what all streams play."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from reelkit.clock import Clock
from reelkit.page.playback import Playback
from reelkit.page.sound_block import BLOCK_SAMPLES, SAMPLE_RATE_HZ, SoundBlock

LATE_BLOCKS = 10
"""So long after its end a block is given out. A client that is late, or an event loop that stands still, thus loses
nothing; unlike others this loudspeaker need not sound at once to sound at the right time."""
LATE_S = LATE_BLOCKS * BLOCK_SAMPLES / SAMPLE_RATE_HZ

BlockHandler = Callable[[SoundBlock], None]


class SoundMixer:
    """Makes blocks without a gap from the moment on in which it begins."""

    def __init__(self, clock: Clock, on_block: BlockHandler) -> None:
        self._clock = clock
        self._on_block = on_block
        self._streams: set[Playback] = set()
        self._past_underruns = 0
        self._first = self.now()
        """Where the next block begins."""
        self._begun: dict[int, NDArray[np.float32]] = {}
        """What has been mixed into the blocks to come, by the sample at which they begin."""

    @property
    def streams(self) -> int:
        """How many there are."""
        return len(self._streams)

    @property
    def underruns(self) -> int:
        """Those of all streams that there are and were."""
        return self._past_underruns + sum(stream.underruns for stream in self._streams)

    @property
    def due_s(self) -> float:
        """When the block that is heard now ends and another one has to be given out, by the monotonic clock."""
        now = self.now()
        return (now + BLOCK_SAMPLES - (now - self._first) % BLOCK_SAMPLES) / SAMPLE_RATE_HZ

    def now(self) -> int:
        """The sample that is heard in this moment."""
        return int(self._clock.monotonic_s() * SAMPLE_RATE_HZ)

    def begin(self) -> None:
        """Has the first block begin now."""
        self._first = self.now()

    def add(self, stream: Playback) -> None:
        self._streams.add(stream)

    def remove(self, stream: Playback) -> None:
        """What of it was heard by now stays."""
        stream.play(self.now())
        self._past_underruns += stream.underruns
        self._streams.discard(stream)

    def mix(self, first_sample: int, samples: NDArray[np.float32]) -> None:
        """Adds ``samples`` of one stream to the blocks to come."""
        while samples.shape[1]:
            offset = (first_sample - self._first) % BLOCK_SAMPLES
            begin = first_sample - offset
            part = samples[:, : BLOCK_SAMPLES - offset]
            if begin not in self._begun:
                self._begun[begin] = np.zeros((2, BLOCK_SAMPLES), np.float32)
            self._begun[begin][:, offset : offset + part.shape[1]] += part
            first_sample += part.shape[1]
            samples = samples[:, part.shape[1] :]

    def advance(self) -> int:
        """Gives out all blocks that are due, and returns what :meth:`now` does."""
        now = self.now()
        self._give_out(now - LATE_BLOCKS * BLOCK_SAMPLES)
        return now

    def finish(self) -> None:
        """Gives out all blocks that have ended: nobody will play any more."""
        self._give_out(self.now())

    def _give_out(self, until: int) -> None:
        while (end := self._first + BLOCK_SAMPLES) <= until:
            for stream in self._streams:
                stream.play(end)
            block = SoundBlock(self._first, self._begun.pop(self._first, None))
            # A handler that fails must not get the same block again.
            self._first = end
            self._on_block(block)
