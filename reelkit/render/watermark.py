"""An image in a corner of the film, over everything else."""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reelkit.render.config import VideoSpec
from reelkit.render.errors import MediaError
from reelkit.render.layout import Rect, gap_px
from reelkit.render.overlay import Overlay
from reelkit.render.planes import Planes

_STRIP_PX = 32
"""Images are converted and laid on in strips of this height: an image as large as the film would else need hundreds of
megabytes for a moment, and small pieces stay in the processor's cache."""


@dataclass(frozen=True, slots=True)
class Watermark:
    """An image that is ready to be laid over pictures of one size."""

    _strips: tuple[tuple[Rect, Overlay], ...]

    @classmethod
    def of(cls, spec: VideoSpec, job_dir: Path) -> Self | None:
        """What the film has for a watermark. Raises MediaError if its image cannot be used."""
        if spec.watermark is None:
            return None
        path = job_dir / spec.watermark.file
        try:
            with Image.open(path) as image:
                rgba = np.asarray(image.convert("RGBA"))
        except OSError as error:
            raise MediaError("the watermark's image cannot be read", path=path) from error
        height, width = rgba.shape[:2]
        if width > spec.width_px or height > spec.height_px:
            raise MediaError("the watermark is larger than the film", width_px=width, height_px=height)
        across, down = spec.watermark.position.split()
        at_right, at_bottom = across == "right", down == "bottom"
        rgba = _evened(rgba, at_right=at_right, at_bottom=at_bottom)
        gap = gap_px(spec.width_px, spec.height_px)
        x = _offset(spec.width_px, rgba.shape[1], gap, at_end=at_right)
        y = _offset(spec.height_px, rgba.shape[0], gap, at_end=at_bottom)
        return cls(tuple(_strips(rgba, x, y)))

    def lay_on(self, picture: Planes) -> None:
        """Blends over a picture of the film's size."""
        for rect, overlay in self._strips:
            overlay.lay_on(picture.part(rect))


def _evened(rgba: NDArray[np.uint8], *, at_right: bool, at_bottom: bool) -> NDArray[np.uint8]:
    """With even sides: what is missing is added, invisible, on the side of the film's middle."""
    down, across = rgba.shape[0] % 2, rgba.shape[1] % 2
    rows = (down, 0) if at_bottom else (0, down)
    columns = (across, 0) if at_right else (0, across)
    return np.pad(rgba, (rows, columns, (0, 0)))


def _offset(side_px: int, length_px: int, gap: int, *, at_end: bool) -> int:
    """Where an image begins: a tile's gap away from its edge of the film, less where there is no room for it."""
    gap = min(gap, side_px - length_px)
    return side_px - length_px - gap if at_end else gap


def _strips(rgba: NDArray[np.uint8], x: int, y: int) -> list[tuple[Rect, Overlay]]:
    """What is to be seen of an image, from top to bottom; sides that are invisible are left out."""
    strips = []
    for top in range(0, rgba.shape[0], _STRIP_PX):
        strip = rgba[top : top + _STRIP_PX]
        columns = np.flatnonzero(strip[..., 3].any(axis=0))
        if not columns.size:
            continue
        left, right = int(columns[0]) // 2 * 2, (int(columns[-1]) + 2) // 2 * 2
        rect = Rect(x + left, y + top, right - left, strip.shape[0])
        strips.append((rect, Overlay.from_rgba(strip[:, left:right])))
    return strips
