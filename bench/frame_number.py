"""A number in each picture of a bench camera, so that a film tells which of its pictures it shows.

Two rows of black and white squares near the top edge, in the middle: the second is the complement of the first, so that
a reading proves itself. They survive scaling by a few per cent and hard compression.
"""

import numpy as np
from numpy.typing import NDArray

BITS = 10
"""Enough for half a minute at 30 fps."""
BLOCK_PX = 16
TOP_PX = 24
_BLACK, _WHITE = 24, 228
_CONTRAST = 60
"""Luma between the two squares of a column at least."""

Luma = NDArray[np.uint8]


def stamp(luma: Luma, number: int) -> None:
    """Draws ``number`` into a picture's luma."""
    left = _left(luma.shape[1])
    for column in range(BITS):
        bit = number >> (BITS - 1 - column) & 1
        columns = slice(left + column * BLOCK_PX, left + (column + 1) * BLOCK_PX)
        luma[TOP_PX : TOP_PX + BLOCK_PX, columns] = _WHITE if bit else _BLACK
        luma[TOP_PX + BLOCK_PX : TOP_PX + 2 * BLOCK_PX, columns] = _BLACK if bit else _WHITE


def read(tile: Luma, cut_px: int = 0) -> int | None:
    """The number of the picture that a tile shows in its full size, ``cut_px`` rows of it being cut off at the top.

    None if no number can be read. What is cut off at the left is taken to be what is cut off at the right.
    """
    left, top = _left(tile.shape[1]), TOP_PX - cut_px
    squares = tile[top : top + 2 * BLOCK_PX, left : left + BITS * BLOCK_PX].astype(np.float32)
    if squares.shape != (2 * BLOCK_PX, BITS * BLOCK_PX):
        return None
    blocks = squares.reshape(2, BLOCK_PX, BITS, BLOCK_PX)[:, 4:-4, :, 4:-4].mean(axis=(1, 3))
    difference = blocks[0] - blocks[1]
    if np.abs(difference).min() < _CONTRAST:
        return None
    return int("".join("1" if high else "0" for high in difference > 0), 2)


def _left(width: int) -> int:
    return (width - BITS * BLOCK_PX) // 2
