"""Makes float32 stereo of 48 kHz out of what a client sends."""

from collections.abc import Sequence

import av
import numpy as np
from numpy.typing import NDArray

from reelkit.page.pulse_protocol import VOLUME_NORMAL
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_block import SAMPLE_RATE_HZ

_MONO, _FRONT_LEFT, _FRONT_RIGHT, _FRONT_CENTRE, _REAR_CENTRE, _REAR_LEFT, _REAR_RIGHT, _LFE = range(8)
_LEFT_OF_CENTRE, _RIGHT_OF_CENTRE, _SIDE_LEFT, _SIDE_RIGHT = range(8, 12)
_HALF_POWER = 0.5**0.5
_BOTH = (_HALF_POWER, _HALF_POWER)
_WEIGHTS = {
    _FRONT_LEFT: (1.0, 0.0),
    _FRONT_RIGHT: (0.0, 1.0),
    _LEFT_OF_CENTRE: (1.0, 0.0),
    _RIGHT_OF_CENTRE: (0.0, 1.0),
    _REAR_LEFT: (_HALF_POWER, 0.0),
    _REAR_RIGHT: (0.0, _HALF_POWER),
    _SIDE_LEFT: (_HALF_POWER, 0.0),
    _SIDE_RIGHT: (0.0, _HALF_POWER),
    _LFE: (0.0, 0.0),
}
"""What of a loudspeaker goes to the left and to the right; any other stands in the middle (ITU-R BS.775-4, annex 4)."""
_FORMS: dict[int, tuple[str, float, float]] = {
    SampleFormat.U8: ("u1", 128.0, 2.0**-7),
    SampleFormat.S16LE: ("<i2", 0.0, 2.0**-15),
    SampleFormat.S16BE: (">i2", 0.0, 2.0**-15),
    SampleFormat.FLOAT32LE: ("<f4", 0.0, 1.0),
    SampleFormat.FLOAT32BE: (">f4", 0.0, 1.0),
    SampleFormat.S32LE: ("<i4", 0.0, 2.0**-31),
    SampleFormat.S32BE: (">i4", 0.0, 2.0**-31),
}
"""Of each format numpy's name, what stands for silence, and what is to be multiplied by."""
_LOUDEST = 16.0
"""24 dB above full scale. More, or what is no number at all, would spoil everything that it is mixed with."""
_MOST_GAIN = 8.0


class SoundConverter:
    """Converts one stream piece by piece. ``positions`` say where each channel's loudspeaker stands."""

    def __init__(self, spec: SampleSpec, positions: Sequence[int]) -> None:
        self._spec = spec
        self._type, self._zero, self._scale = _FORMS[spec.format]
        weights = [(1.0, 1.0)] if spec.channels == 1 else [_WEIGHTS.get(position, _BOTH) for position in positions]
        self._weights = np.array(weights, np.float32).T
        self._matrix: NDArray[np.float32] | None = None
        """None for what is stereo already."""
        self._resampler: av.AudioResampler | None = None
        self._taken = 0
        self._given = 0
        self.set_gains([VOLUME_NORMAL] * spec.channels)

    def set_gains(self, volumes: Sequence[int]) -> None:
        """From the next piece on; PulseAudio's volumes are cube roots."""
        gains = [min((volume / VOLUME_NORMAL) ** 3, _MOST_GAIN) for volume in volumes]
        matrix = self._weights * np.array(gains, np.float32)
        self._matrix = None if np.array_equal(matrix, np.eye(2, dtype=np.float32)) else matrix

    @property
    def delay_frames(self) -> int:
        """What has been taken and is not given back yet, at the client's rate."""
        return max(0, self._taken - self._given * self._spec.rate_hz // SAMPLE_RATE_HZ)

    def convert(self, data: bytes) -> NDArray[np.float32]:
        """An array of two rows. ``data`` has to be whole frames."""
        values = np.frombuffer(data, self._type).reshape(-1, self._spec.channels).astype(np.float32, copy=False)
        if self._scale == 1.0:
            # A comparison with what is no number is false.
            if not np.abs(values).max(initial=0.0) <= _LOUDEST:
                values = np.nan_to_num(values, posinf=0.0, neginf=0.0).clip(-_LOUDEST, _LOUDEST)
        else:
            values = (values - np.float32(self._zero)) * np.float32(self._scale)
        stereo: NDArray[np.float32] = values.T if self._matrix is None else self._matrix @ values.T
        return stereo if self._spec.rate_hz == SAMPLE_RATE_HZ else self._resampled(stereo)

    def rest(self) -> NDArray[np.float32]:
        """What has not been given back; the next piece begins anew."""
        rest = _joined([] if self._resampler is None else self._resampler.resample(None))
        self.forget()
        return rest

    def forget(self) -> None:
        """Drops what has not been given back."""
        self._resampler = None
        self._taken = self._given = 0

    def _resampled(self, stereo: NDArray[np.float32]) -> NDArray[np.float32]:
        if self._resampler is None:
            self._resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(stereo), format="fltp", layout="stereo")
        frame.sample_rate = self._spec.rate_hz
        resampled = _joined(self._resampler.resample(frame))
        self._taken += stereo.shape[1]
        self._given += resampled.shape[1]
        return resampled


def _joined(frames: Sequence[av.AudioFrame]) -> NDArray[np.float32]:
    pieces = [frame.to_ndarray().astype(np.float32, copy=False) for frame in frames]
    return np.concatenate([np.empty((2, 0), np.float32), *pieces], axis=1)
