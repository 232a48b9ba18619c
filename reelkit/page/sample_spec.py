"""In which form a client sends its sound."""

from dataclasses import dataclass
from enum import IntEnum

from reelkit.page.pulse_protocol import LEAST_RATE_HZ, MOST_CHANNELS, MOST_RATE_HZ


class SampleFormat(IntEnum):
    """Those that are understood. A-law, µ-law and 24 bits are not."""

    U8 = 0
    S16LE = 3
    S16BE = 4
    FLOAT32LE = 5
    FLOAT32BE = 6
    S32LE = 7
    S32BE = 8


_SAMPLE_BYTES: dict[int, int] = {
    SampleFormat.U8: 1,
    SampleFormat.S16LE: 2,
    SampleFormat.S16BE: 2,
    SampleFormat.FLOAT32LE: 4,
    SampleFormat.FLOAT32BE: 4,
    SampleFormat.S32LE: 4,
    SampleFormat.S32BE: 4,
}


@dataclass(frozen=True, slots=True)
class SampleSpec:
    """As a client told it: nothing of it need make sense."""

    format: int
    channels: int
    rate_hz: int

    @property
    def possible(self) -> bool:
        """PulseAudio itself would take it."""
        return 0 < self.channels <= MOST_CHANNELS and 0 < self.rate_hz <= MOST_RATE_HZ

    @property
    def understood(self) -> bool:
        """A speaker can play it."""
        return self.possible and self.rate_hz >= LEAST_RATE_HZ and self.format in _SAMPLE_BYTES

    @property
    def frame_bytes(self) -> int:
        """A sample of each channel, if the format is understood."""
        return self.channels * _SAMPLE_BYTES[self.format]
