"""What is heard in a short while."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLE_RATE_HZ = 48_000
BLOCK_SAMPLES = 960
"""20 ms, the frame of every codec that follows."""


@dataclass(frozen=True, slots=True)
class SoundBlock:
    """Two channels; what was too loud to play is not cut off yet."""

    first_sample: int
    """Counted like the machine's monotonic clock: its seconds times ``SAMPLE_RATE_HZ``."""
    samples: NDArray[np.float32] | None
    """Of shape (2, count); None when nobody plays anything."""
    count: int = BLOCK_SAMPLES
