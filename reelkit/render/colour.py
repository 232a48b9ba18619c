"""Colours of films.

Films are BT.601 limited-range YUV with BT.709 primaries and transfer, and are tagged so. The reason is what comes in:
browsers convert a camera's or a screen's RGB with libyuv's BT.601 matrix to limited range and send VP8 and H.264
without colour tags. Keeping that matrix means that no pixel of a video is ever recalculated, and the tags tell players
not to assume BT.709 as they otherwise do for 720 lines and more. Primaries and transfer are those of sRGB material,
for which BT.709 is the usual tag. A sender that does tag its video otherwise (BT.709, full range) is converted.

The tags are numbers of ITU-T H.273, which are also FFmpeg's: an encoder's context takes them as ``colorspace``,
``color_range``, ``color_primaries`` and ``color_trc``.
"""

import numpy as np
from numpy.typing import NDArray

MATRIX_TAG = 6
"""SMPTE 170M, the BT.601 matrix."""
RANGE_TAG = 1
"""Limited range: luma 16 … 235, chroma 16 … 240."""
PRIMARIES_TAG = 1
"""BT.709, the primaries of sRGB."""
TRANSFER_TAG = 1
"""BT.709."""

Rgb = tuple[int, int, int]

_KR, _KB = 0.299, 0.114
"""BT.601: the weights of red and blue in luma."""
_LUMA = np.array([_KR, 1 - _KR - _KB, _KB])
_BT601 = np.array(
    [
        _LUMA * 219 / 255,
        (np.array([0, 0, 1]) - _LUMA) / (2 * (1 - _KB)) * 224 / 255,
        (np.array([1, 0, 0]) - _LUMA) / (2 * (1 - _KR)) * 224 / 255,
    ]
)
_OFFSET = np.array([16.0, 128.0, 128.0])


def yuv_from_rgb(rgb: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Limited-range BT.601 Y, U, V of RGB values; the last axis has the three components."""
    converted: NDArray[np.float64] = rgb.astype(np.float64) @ _BT601.T + _OFFSET
    return converted


def yuv(colour: Rgb) -> tuple[int, int, int]:
    """One colour, rounded."""
    y, u, v = np.rint(yuv_from_rgb(np.array(colour, np.uint8)))
    return int(y), int(u), int(v)
