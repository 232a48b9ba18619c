"""The tiles of a film's frame, whatever they show: rectangles on a plain background with gaps between them."""

import numpy as np
from numpy.typing import NDArray

from testbed.checker.film import Plane
from testbed.checker.runs import runs
from testbed.checker.tiles import Box

CONTRAST = 6
"""Luma by which a tile differs from the background at least."""
GAP_SHARE = 0.02
"""A row or column with less than this share of tile pixels is a gap."""
MIN_SIDE = 0.08
"""Tiles are at least so wide and so high, in shares of the film; smaller things are lettering."""
BORDER_SPREAD = 8
"""Luma range of the frame's border up to which it counts as plain background."""


def tiles(luma: Plane) -> list[Box] | None:
    """The tiles of a frame in reading order; None if its border is not plain, so that there is no background to see."""
    border = np.concatenate([luma[0], luma[-1], luma[:, 0], luma[:, -1]]).astype(np.int16)
    if np.percentile(border, 95) - np.percentile(border, 5) > BORDER_SPREAD:
        return None
    mask = np.abs(luma.astype(np.int16) - int(np.median(border))) > CONTRAST
    height, width = mask.shape
    return [
        Box(left / width, top / height, right / width, bottom / height)
        for top, bottom, left, right in _cut(mask, 0, 0)
        if right - left >= MIN_SIDE * width and bottom - top >= MIN_SIDE * height
    ]


def _cut(mask: NDArray[np.bool_], top: int, left: int) -> list[tuple[int, int, int, int]]:
    """Splits along empty rows and columns, alternately, until nothing is left to split (an XY cut)."""
    rows = runs(mask.mean(axis=1) > GAP_SHARE)
    columns = runs(mask.mean(axis=0) > GAP_SHARE)
    if not rows or not columns:
        return []
    if len(rows) == len(columns) == 1:
        (row,), (column,) = rows, columns
        if (row[1] - row[0], column[1] - column[0]) == mask.shape:
            return [(top, top + mask.shape[0], left, left + mask.shape[1])]
    found: list[tuple[int, int, int, int]] = []
    # Rows first: a grid's last row is centred and shares no columns with the others.
    for first, last in rows:
        band = mask[first:last]
        for start, stop in columns if len(rows) == 1 else runs(band.mean(axis=0) > GAP_SHARE):
            found.extend(_cut(band[:, start:stop], top + first, left + start))
    return found
