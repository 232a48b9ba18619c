"""Makes sound a little longer or shorter without a crack."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from reelkit.render.opus_decoder import Sound

HALF_TAPS = 16
"""Half the length of the interpolating kernel: flat to 18 kHz, images below -80 dB."""
_PHASES = 512
"""Positions between two samples at which the kernel is known; the nearest one is used, which is good for -70 dB."""
_KAISER_BETA = 9.0


def _kernels() -> NDArray[np.float32]:
    """Shape (_PHASES + 1, 2 * HALF_TAPS): row p interpolates p / _PHASES behind the tap HALF_TAPS - 1."""
    taps = np.arange(2 * HALF_TAPS) - (HALF_TAPS - 1)
    distance = taps[np.newaxis] - np.arange(_PHASES + 1)[:, np.newaxis] / _PHASES
    inside = np.clip(1 - (distance / HALF_TAPS) ** 2, 0, None)
    kernels = np.sinc(distance) * np.i0(_KAISER_BETA * np.sqrt(inside)) / np.i0(_KAISER_BETA)
    scaled: NDArray[np.float64] = kernels / kernels.sum(axis=1, keepdims=True)
    return scaled.astype(np.float32)


_KERNELS = _kernels()


class Stretcher:
    """A continuous piece of sound that is taken in block by block, each at its own speed.

    The output is ``HALF_TAPS`` samples behind the input: the samples that surround a point must be known.
    """

    def __init__(self) -> None:
        self._before = np.zeros((2 * HALF_TAPS, 2), np.float32)

    def feed(self, sound: Sound, length: int) -> Sound:
        """The next ``length`` samples for the next ``len(sound)`` that come in; a copy if both are the same."""
        known = np.concatenate((self._before, sound))
        self._before = known[-2 * HALF_TAPS :].copy()
        if length == len(sound):
            return known[HALF_TAPS : HALF_TAPS + length]
        at = HALF_TAPS + np.arange(length) * (len(sound) / length)
        first = at.astype(np.intp)
        phase = np.rint((at - first) * _PHASES).astype(np.intp)
        around = sliding_window_view(known, 2 * HALF_TAPS, axis=0)[first - (HALF_TAPS - 1)]
        interpolated: Sound = np.einsum("nct,nt->nc", around, _KERNELS[phase], dtype=np.float32)
        return interpolated
