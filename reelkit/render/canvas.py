"""The memory that a picture is painted in."""

import numpy as np

from reelkit.render.colour import Rgb
from reelkit.render.planes import Plane, Planes


class Canvas:
    """A picture of one colour whose planes lie behind each other in one piece of memory, so that scattered pixels of
    all three can be changed in one step. Width and height are even."""

    def __init__(self, width_px: int, height_px: int, colour: Rgb) -> None:
        luma, chroma = width_px * height_px, width_px * height_px // 4
        self.flat: Plane = np.empty(luma + 2 * chroma, np.uint8)
        half = height_px // 2, width_px // 2
        self.planes = Planes(
            self.flat[:luma].reshape(height_px, width_px),
            self.flat[luma : luma + chroma].reshape(half),
            self.flat[luma + chroma :].reshape(half),
        )
        self.offsets = (0, luma, luma + chroma)
        """Where each plane begins in :attr:`flat`."""
        self.planes.fill(colour)
