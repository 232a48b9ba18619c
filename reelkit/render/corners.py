"""Rounded corners of tiles."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from reelkit.render.canvas import Canvas
from reelkit.render.colour import Rgb, yuv
from reelkit.render.layout import Rect
from reelkit.render.planes import Values, halve

_SMOOTHING = 16
"""The mask is drawn so many times larger and reduced, for smooth edges."""
_OPAQUE = 256
"""Covers are 0 … 256, so that a blend is two products and a shift."""


class Corners:
    """Rounds the corners of a rectangle of a canvas by blending in the colour around it."""

    def __init__(self, canvas: Canvas, rect: Rect, radius_px: int) -> None:
        radius_px = min(radius_px, rect.width // 4, rect.height // 4)
        self._flat = canvas.flat
        self._indices: list[NDArray[np.intp]] = []
        self._covers: list[NDArray[np.uint16]] = []
        self._blends: dict[Rgb, _Blend] = {}
        if radius_px >= 2:
            cover = _cover(radius_px)
            half = Rect(rect.x // 2, rect.y // 2, rect.width // 2, rect.height // 2)
            for offset, width, area, covered in zip(
                canvas.offsets,
                (canvas.planes.width, canvas.planes.width // 2, canvas.planes.width // 2),
                (rect, half, half),
                (cover, halve(cover), halve(cover)),
                strict=True,
            ):
                self._add(offset, width, area, covered)

    def round_off(self, surround: Rgb) -> None:
        if not self._indices:
            return
        blend = self._blends.get(surround)
        if blend is None:
            blend = self._blends[surround] = self._blend(surround)
        mixed = self._flat[blend.indices] * blend.through
        mixed += blend.add
        mixed >>= 8
        self._flat[blend.indices] = mixed

    def _add(self, offset: int, width: int, rect: Rect, cover: Values) -> None:
        """Notes the pixels of one plane that a rounding changes."""
        indices, covers = [], []
        for turned, top, left in _turned(cover, rect):
            rows, columns = np.nonzero(np.rint(turned * _OPAQUE))
            indices.append((rows + top) * width + columns + left + offset)
            covers.append(np.rint(turned[rows, columns] * _OPAQUE).astype(np.uint16))
        self._indices.append(np.concatenate(indices))
        self._covers.append(np.concatenate(covers))

    def _blend(self, surround: Rgb) -> "_Blend":
        add = [
            cover * np.uint16(value) + np.uint16(_OPAQUE // 2)
            for cover, value in zip(self._covers, yuv(surround), strict=True)
        ]
        through = np.uint16(_OPAQUE) - np.concatenate(self._covers)
        return _Blend(np.concatenate(self._indices), through, np.concatenate(add))


@dataclass(frozen=True, slots=True)
class _Blend:
    """What pixels become, as indices into a canvas: ``(pixel * through + add) >> 8``."""

    indices: NDArray[np.intp]
    through: NDArray[np.uint16]
    add: NDArray[np.uint16]


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
