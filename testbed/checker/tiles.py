"""Finding a picture of the test bed in a frame of a film, and reading it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from testbed.checker.film import Picture, Plane
from testbed.picture import BLOCK, COUNTER_BITS, COUNTER_TOP, MOVER_BOTTOM
from testbed.timeline import LOOP_FRAMES, Colour

CHROMA_RADIUS = 24.0
"""How far a pixel's chroma may lie from a colour to count as it, if no other is nearer: browsers' captures of a canvas
are off by up to 15."""
MIN_SHARE = 0.003
"""A picture covers at least this share of the frame: a tile of a twelfth of the frame's width has 0.7 %."""
MIN_FILL = 0.3
"""Share of its box that a picture's own colour covers at least; less is scattered noise."""
EDGE_SHARE = 0.25
"""A row or column belongs to the box when it has this share of the fullest one's pixels."""
BLOCK_CONTRAST = 60
"""Luma between the two blocks of a counter's column at least."""
PICTURE_ASPECT = 16 / 9
PATCH_TOP, PATCH_BOTTOM = MOVER_BOTTOM + 0.03, MOVER_BOTTOM + 0.15
"""Rows, in picture heights, of the patch whose brightness tells a flash: between wandering block and name label."""
PATCH_WIDTH = 0.8
WHITE_LUMA = 235
"""White in limited range."""


@dataclass(frozen=True)
class Box:
    """A rectangle in shares of the film's width and height."""

    left: float
    top: float
    right: float
    bottom: float

    @property
    def area(self) -> float:
        return max(self.right - self.left, 0.0) * max(self.bottom - self.top, 0.0)

    def overlap(self, other: "Box") -> float:
        """The common area as a share of this box."""
        common = Box(
            max(self.left, other.left),
            max(self.top, other.top),
            min(self.right, other.right),
            min(self.bottom, other.bottom),
        )
        return common.area / self.area if self.area and common.right > common.left else 0.0

    def within(self, outer: "Box") -> "Box":
        """This box, given in shares of ``outer``, in shares of the film."""
        width, height = outer.right - outer.left, outer.bottom - outer.top
        return Box(
            outer.left + self.left * width,
            outer.top + self.top * height,
            outer.left + self.right * width,
            outer.top + self.bottom * height,
        )

    def near(self, other: "Box", tolerance: float = 0.02) -> bool:
        """Whether no edge is further away than ``tolerance``."""
        return all(
            abs(mine - theirs) <= tolerance
            for mine, theirs in (
                (self.left, other.left),
                (self.top, other.top),
                (self.right, other.right),
                (self.bottom, other.bottom),
            )
        )


class ColourMap:
    """Sorts chroma into known colours."""

    def __init__(self, colours: Sequence[Colour], *, bt709: bool) -> None:
        self.count = len(colours)
        self.luma = [_yuv(colour, bt709=bt709)[0] for colour in colours]
        chroma = np.array([_yuv(colour, bt709=bt709)[1:] for colour in colours]).reshape(-1, 2)
        steps = np.arange(128) * 2 + 1
        grid_u, grid_v = np.meshgrid(steps, steps, indexing="ij")
        distance = np.hypot(grid_u[..., None] - chroma[:, 0], grid_v[..., None] - chroma[:, 1])
        self._table = np.full((128, 128), self.count, np.uint8)
        if self.count:
            near = distance.min(axis=2) <= CHROMA_RADIUS
            self._table[near] = distance.argmin(axis=2)[near]

    def sort(self, picture: Picture) -> Plane:
        """For each chroma pixel the index of its colour; ``count`` where it is none of them."""
        classes: Plane = self._table[picture.u >> 1, picture.v >> 1]
        return classes

    def flash_luma(self, index: int) -> float:
        """The brightness above which a picture of colour ``index`` is flashing."""
        return (self.luma[index] + WHITE_LUMA) / 2


def locate(mask: NDArray[np.bool_]) -> Box | None:
    """The box of the set pixels, strays left out; None if they do not form a picture."""
    rows, columns = mask.sum(axis=1), mask.sum(axis=0)
    full_rows = np.flatnonzero(rows > EDGE_SHARE * rows.max())
    full_columns = np.flatnonzero(columns > EDGE_SHARE * columns.max())
    if not len(full_rows) or not len(full_columns):
        return None
    top, bottom, left, right = full_rows[0], full_rows[-1] + 1, full_columns[0], full_columns[-1] + 1
    if mask[top:bottom, left:right].mean() < MIN_FILL:
        return None
    height, width = mask.shape
    return Box(float(left / width), float(top / height), float(right / width), float(bottom / height))


@dataclass(frozen=True)
class Reading:
    """What a picture says in one frame: its counter (None if unreadable) and the brightness of its patch."""

    count: int | None
    brightness: float


class Reader:
    """Reads pictures inside one box; made once per box, since only the frames change."""

    def __init__(self, box: Box, luma_shape: tuple[int, int]) -> None:
        height, width = luma_shape
        left, right = box.left * width, box.right * width
        top, bottom = box.top * height, box.bottom * height
        # A picture fits into its tile or fills it; either way it is centred and as high as one of these.
        picture_height = max(bottom - top, (right - left) / PICTURE_ASPECT)
        centre_x, first_y = (left + right) / 2, (top + bottom) / 2 - picture_height / 2
        block = BLOCK * picture_height
        columns = centre_x + (np.arange(COUNTER_BITS) + 0.5 - COUNTER_BITS / 2) * block
        rows = first_y + (COUNTER_TOP + np.array([0.5, 1.5]) * BLOCK) * picture_height
        reach = int(max(block / 5, 0))
        offsets = np.arange(-reach, reach + 1)
        self._rows = np.clip(np.rint(rows)[:, None, None, None] + offsets[:, None], 0, height - 1).astype(int)
        self._columns = np.clip(np.rint(columns)[None, :, None, None] + offsets, 0, width - 1).astype(int)
        self._patch = (
            slice(*_range(first_y + PATCH_TOP * picture_height, first_y + PATCH_BOTTOM * picture_height, height)),
            slice(
                *_range(
                    max(centre_x - PATCH_WIDTH / 2 * picture_height, left + 1),
                    min(centre_x + PATCH_WIDTH / 2 * picture_height, right - 1),
                    width,
                )
            ),
        )

    def read(self, luma: Plane) -> Reading:
        """Reads one frame."""
        blocks = luma[self._rows, self._columns].mean(axis=(2, 3))
        brightness = float(luma[self._patch].mean())
        difference = blocks[0] - blocks[1]
        if np.abs(difference).min() < BLOCK_CONTRAST:
            return Reading(None, brightness)
        count = int("".join("1" if high else "0" for high in difference > 0), 2)
        return Reading(count if count < LOOP_FRAMES else None, brightness)


def _range(first: float, last: float, limit: int) -> tuple[int, int]:
    start = min(max(round(first), 0), limit - 1)
    return start, min(max(round(last), start + 1), limit)


def _yuv(colour: Colour, *, bt709: bool) -> tuple[float, float, float]:
    red, green, blue = (part / 255 for part in colour)
    kr, kb = (0.2126, 0.0722) if bt709 else (0.299, 0.114)
    luma = kr * red + (1 - kr - kb) * green + kb * blue
    return 16 + 219 * luma, 128 + 112 * (blue - luma) / (1 - kb), 128 + 112 * (red - luma) / (1 - kr)
