"""Small translucent pictures that are laid over video: labels and rounded corners."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from reelkit.render.colour import yuv_from_rgb
from reelkit.render.planes import Plane, Planes, Values, halve

_OPAQUE = 256
"""Opacities are 0 … 256, so that a blend is two products and a shift."""


@dataclass(frozen=True, slots=True)
class _Layer:
    """What one plane becomes: ``(plane * through + add) >> 8``."""

    through: NDArray[np.uint16]
    add: NDArray[np.uint16]

    @classmethod
    def of(cls, values: Values, opacity: Values) -> Self:
        through = np.rint((1 - opacity) * _OPAQUE).astype(np.uint16)
        add = np.rint(values * opacity * _OPAQUE).astype(np.uint16) + _OPAQUE // 2
        # A fully covered pixel must not reach 256 * 256 with the rounding term; nor does it, as no value is above 240.
        return cls(through, add.astype(np.uint16))

    def lay_on(self, plane: Plane) -> None:
        mixed = plane * self.through
        mixed += self.add
        mixed >>= 8
        plane[:] = mixed


@dataclass(frozen=True, slots=True)
class Overlay:
    """A translucent picture with even width and height, ready to be laid over video."""

    width: int
    height: int
    _layers: tuple[_Layer, _Layer, _Layer]

    @classmethod
    def from_rgba(cls, rgba: NDArray[np.uint8]) -> Self:
        """Converts an image of shape (height, width, 4) with straight alpha and even sides."""
        components = yuv_from_rgb(rgba[..., :3])
        opacity = rgba[..., 3].astype(np.float64) / 255
        half_opacity = halve(opacity)
        # The colour of a chroma sample is the mean of its four pixels weighted by how much of each is seen.
        seen = halve(components[..., 1:] * opacity[..., np.newaxis])
        chroma = seen / np.maximum(half_opacity, 1e-6)[..., np.newaxis]
        return cls(
            rgba.shape[1],
            rgba.shape[0],
            (
                _Layer.of(components[..., 0], opacity),
                _Layer.of(chroma[..., 0], half_opacity),
                _Layer.of(chroma[..., 1], half_opacity),
            ),
        )

    def lay_on(self, picture: Planes) -> None:
        """Blends over a picture of the same size."""
        for layer, plane in zip(self._layers, (picture.y, picture.u, picture.v), strict=True):
            layer.lay_on(plane)
