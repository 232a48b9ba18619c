"""How like two pictures are: SSIM and PSNR of luma.

SSIM (Wang et al. 2004) over windows of 8 x 8 pixels each 4 pixels, as FFmpeg's ``ssim`` filter does. VMAF needs a
library that neither PyAV's wheels nor Debian's FFmpeg are built with.
"""

import math

import av
import numpy as np
from numpy.typing import NDArray

_C1, _C2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
_STEP_PX = 4
_WINDOW_PIXELS = 64
_BEST_PSNR_DB = 100.0

Luma = NDArray[np.uint8]
Sums = NDArray[np.float64]


def luma(frame: av.VideoFrame) -> Luma:
    """The luma of a yuv420p frame, without copying it."""
    plane = frame.planes[0]
    rows: Luma = np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)
    return rows[:, : plane.width]


def ssim(one: Luma, other: Luma) -> float:
    """1 for equal pictures. Both must be of one size, at least 8 x 8."""
    rows, columns = one.shape[0] // _STEP_PX * _STEP_PX, one.shape[1] // _STEP_PX * _STEP_PX
    x, y = (part[:rows, :columns].astype(np.float32) for part in (one, other))
    sum_x, sum_y, sum_xx, sum_yy, sum_xy = (_windows(part) for part in (x, y, x * x, y * y, x * y))
    n = _WINDOW_PIXELS
    covariance = (sum_xy * n - sum_x * sum_y) / (n * (n - 1))
    variances = (sum_xx * n - sum_x**2 + sum_yy * n - sum_y**2) / (n * (n - 1))
    likeness = (2 * sum_x * sum_y / n**2 + _C1) * (2 * covariance + _C2)
    likeness /= ((sum_x**2 + sum_y**2) / n**2 + _C1) * (variances + _C2)
    return float(likeness.mean())


def psnr_db(one: Luma, other: Luma) -> float:
    """At most 100 dB, of equal pictures."""
    error = float(np.mean(np.square(one.astype(np.float32) - other)))
    return min(_BEST_PSNR_DB, 10 * math.log10(255**2 / error)) if error else _BEST_PSNR_DB


def _windows(values: NDArray[np.float32]) -> Sums:
    """Sums over the windows."""
    rows, columns = values.shape[0] // _STEP_PX, values.shape[1] // _STEP_PX
    blocks: Sums = values.reshape(rows, _STEP_PX, columns, _STEP_PX).sum(axis=(1, 3), dtype=np.float64)
    return blocks[:-1, :-1] + blocks[1:, :-1] + blocks[:-1, 1:] + blocks[1:, 1:]
