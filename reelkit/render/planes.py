"""Pictures as three numpy arrays: the planes of 4:2:0 video."""

from dataclasses import dataclass
from typing import Self

import av
import numpy as np
from av.video.plane import VideoPlane
from numpy.typing import NDArray

from reelkit.render.colour import Rgb, yuv, yuv_from_rgb
from reelkit.render.layout import Rect

Plane = NDArray[np.uint8]
Values = NDArray[np.float64]
"""Components or opacities on their way to a plane."""


@dataclass(frozen=True, slots=True)
class Planes:
    """A picture: luma of shape (height, width), chroma of half of both. Width and height are even."""

    y: Plane
    u: Plane
    v: Plane

    @classmethod
    def of(cls, frame: av.VideoFrame) -> Self:
        """Views into the memory of a yuv420p frame; writing to them writes to the frame."""
        return cls(*(_view(plane) for plane in frame.planes))

    @classmethod
    def blank(cls, width_px: int, height_px: int, colour: Rgb) -> Self:
        """A picture of one colour."""
        y, u, v = yuv(colour)
        chroma = (height_px // 2, width_px // 2)
        return cls(
            np.full((height_px, width_px), y, np.uint8),
            np.full(chroma, u, np.uint8),
            np.full(chroma, v, np.uint8),
        )

    @classmethod
    def from_rgb(cls, rgb: NDArray[np.uint8]) -> Self:
        """Converts an image of shape (height, width, 3); chroma is the mean of each 2 x 2 pixels."""
        components = yuv_from_rgb(rgb)
        halved = halve(components)
        return cls(rounded(components[..., 0]), rounded(halved[..., 1]), rounded(halved[..., 2]))

    @property
    def width(self) -> int:
        return int(self.y.shape[1])

    @property
    def height(self) -> int:
        return int(self.y.shape[0])

    def part(self, rect: Rect) -> "Planes":
        """Views of a rectangle whose coordinates are even."""
        rows, columns = slice(rect.y, rect.bottom), slice(rect.x, rect.right)
        half_rows, half_columns = slice(rect.y // 2, rect.bottom // 2), slice(rect.x // 2, rect.right // 2)
        return Planes(self.y[rows, columns], self.u[half_rows, half_columns], self.v[half_rows, half_columns])

    def copy_from(self, other: "Planes") -> None:
        """Overwrites all pixels with those of a picture of the same size."""
        self.y[:] = other.y
        self.u[:] = other.u
        self.v[:] = other.v

    def fill(self, colour: Rgb) -> None:
        self.y[:], self.u[:], self.v[:] = yuv(colour)


def halve(values: Values) -> Values:
    """The means of each 2 x 2 values over the first two axes, which are even."""
    return (values[0::2, 0::2] + values[1::2, 0::2] + values[0::2, 1::2] + values[1::2, 1::2]) / 4


def rounded(values: Values) -> Plane:
    return np.rint(values).astype(np.uint8)


def _view(plane: VideoPlane) -> Plane:
    return np.frombuffer(memoryview(plane), np.uint8).reshape(plane.height, plane.line_size)[:, : plane.width]
