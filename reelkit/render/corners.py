"""Rounded corners of tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelkit.render.colour import Rgb, yuv
from reelkit.render.layout import Rect
from reelkit.render.planes import Plane, Planes, Values, halve

_SMOOTHING = 16
"""The mask is drawn so many times larger and reduced, for smooth edges."""
_OPAQUE = 256
"""Covers are 0 … 256, so that a blend is two products and a shift."""


@dataclass(frozen=True, slots=True)
class _CornerPixels:
    """The pixels of one plane that a rounding changes, as indices into the flat plane."""

    plane: Plane
    indices: NDArray[np.intp]
    cover: NDArray[np.uint16]

    def blend(self, value: int) -> None:
        mixed = self.plane[self.indices] * (_OPAQUE - self.cover)
        mixed += self.cover * np.uint16(value)
        mixed += _OPAQUE // 2
        self.plane[self.indices] = mixed >> 8


class Corners:
    """Rounds the corners of a rectangle by blending in the colour around it."""

    def __init__(self, canvas: Planes, rect: Rect, radius_px: int) -> None:
        radius_px = min(radius_px, rect.width // 4, rect.height // 4)
        self._planes: tuple[_CornerPixels, ...] = ()
        if radius_px >= 2:
            cover = _cover(radius_px)
            half = Rect(rect.x // 2, rect.y // 2, rect.width // 2, rect.height // 2)
            self._planes = (
                _corner_pixels(canvas.y, rect, cover),
                _corner_pixels(canvas.u, half, halve(cover)),
                _corner_pixels(canvas.v, half, halve(cover)),
            )

    def round_off(self, surround: Rgb) -> None:
        for pixels, value in zip(self._planes, yuv(surround), strict=False):
            pixels.blend(value)


def _corner_pixels(plane: Plane, rect: Rect, cover: Values) -> _CornerPixels:
    indices, covers = [], []
    for turned, top, left in _turned(cover, rect):
        rows, columns = np.nonzero(np.rint(turned * _OPAQUE))
        indices.append((rows + top) * plane.shape[1] + columns + left)
        covers.append(np.rint(turned[rows, columns] * _OPAQUE).astype(np.uint16))
    return _CornerPixels(plane.reshape(-1), np.concatenate(indices), np.concatenate(covers))


def _turned(cover: Values, rect: Rect) -> Iterator[tuple[Values, int, int]]:
    """The four corners with the row and the column where each begins."""
    side = len(cover)
    bottom, right = rect.bottom - side, rect.right - side
    yield cover, rect.y, rect.x
    yield cover[:, ::-1], rect.y, right
    yield cover[::-1], bottom, rect.x
    yield cover[::-1, ::-1], bottom, right


@lru_cache(maxsize=16)
def _cover(radius_px: int) -> Values:
    """How much of each pixel of a top left corner lies outside a rounding of ``radius_px``, 0 … 1; square, even."""
    side = 2 * ((radius_px + 1) // 2)
    quarter = Image.new("L", (side * _SMOOTHING, side * _SMOOTHING), 255)
    diameter = 2 * radius_px * _SMOOTHING
    ImageDraw.Draw(quarter).ellipse((0, 0, diameter - 1, diameter - 1), fill=0)
    edge = radius_px * _SMOOTHING
    ImageDraw.Draw(quarter).rectangle((edge, 0, side * _SMOOTHING, side * _SMOOTHING), fill=0)
    ImageDraw.Draw(quarter).rectangle((0, edge, side * _SMOOTHING, side * _SMOOTHING), fill=0)
    return np.asarray(quarter.reduce(_SMOOTHING), np.float64) / 255
