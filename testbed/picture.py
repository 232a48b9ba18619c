"""What a synthetic picture looks like, shared by those who draw it and by the checker who reads it back.

A picture is filled with its participant's colour. A frame counter in binary, two rows of black and white blocks (the
second row is the complement of the first, so that a reading proves itself), lies in the central square, which survives
a crop to any tile shape. A lighter block wanders to and fro below it. While flashing, all but the counter is white.
``testbed/web/page.html`` draws the same picture on a canvas.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.timeline import LOOP_FRAMES, Colour

COUNTER_BITS = 10
"""Columns of the counter, most significant first; enough for LOOP_FRAMES."""
BLOCK = 0.1
"""Width and height of a counter block in picture heights."""
COUNTER_TOP = 0.10
"""Distance of the counter from the top edge in picture heights; it is centred horizontally."""
MOVER_TOP, MOVER_BOTTOM = 0.45, 0.65
MOVER_WIDTH = 0.12
"""The wandering block: its rows in picture heights, its width in picture widths."""
SWEEP_FRAMES = 96
"""Frames of one way of the wandering block; divides LOOP_FRAMES."""
WHITE: Colour = (255, 255, 255)
BLACK: Colour = (0, 0, 0)

Image = NDArray[np.uint8]


@dataclass(frozen=True)
class Painter:
    """Paints frames of one picture of ``width_px`` x ``height_px``."""

    colour: Colour
    width_px: int = 640
    height_px: int = 360

    def paint(self, frame: int, *, flash: bool = False) -> Image:
        """Frame number ``frame`` as an RGB image of shape (height, width, 3)."""
        image = np.empty((self.height_px, self.width_px, 3), np.uint8)
        image[:] = WHITE if flash else self.colour
        if not flash:
            self._paint_mover(image, frame)
        self._paint_counter(image, frame % LOOP_FRAMES)
        return image

    def _paint_mover(self, image: Image, frame: int) -> None:
        step = frame % (2 * SWEEP_FRAMES)
        way = step if step < SWEEP_FRAMES else 2 * SWEEP_FRAMES - step
        left = round(way / SWEEP_FRAMES * (1 - MOVER_WIDTH) * self.width_px)
        rows = slice(round(MOVER_TOP * self.height_px), round(MOVER_BOTTOM * self.height_px))
        image[rows, left : left + round(MOVER_WIDTH * self.width_px)] = [(part + 510) // 3 for part in self.colour]

    def _paint_counter(self, image: Image, count: int) -> None:
        block_px = round(BLOCK * self.height_px)
        left = (self.width_px - COUNTER_BITS * block_px) // 2
        top = round(COUNTER_TOP * self.height_px)
        for column in range(COUNTER_BITS):
            bit = count >> (COUNTER_BITS - 1 - column) & 1
            columns = slice(left + column * block_px, left + (column + 1) * block_px)
            image[top : top + block_px, columns] = WHITE if bit else BLACK
            image[top + block_px : top + 2 * block_px, columns] = BLACK if bit else WHITE
