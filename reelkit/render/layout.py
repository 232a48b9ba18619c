"""Where each part of a scene goes on the canvas. A pure function: the same scene always gives the same rectangles.

People are in a grid of equal tiles, as large as they can be. A shared screen takes most of the canvas, and the people
then sit in a strip beside it (below it on a canvas that is not wide), which is no wider than their tiles. A person who
is large takes the place of a screen. All coordinates are even, because the canvas has half as many chroma samples as
luma samples in each direction (4:2:0).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reelkit.render.scene import Person, Scene, Share

_GAP_SHARE = 0.011
"""Distance between tiles and to the edge, as a part of the canvas' shorter side: 8 px at 720p."""
_WIDEST_ASPECT = 1.85
"""Tiles are about 16:9; the little more lets a 2 x 2 grid with its gaps fill a 16:9 canvas."""
_USUAL_ASPECT = 16 / 9
_NARROWEST_ASPECT = 4 / 3
"""Tiles come down to this on canvases less wide than 16:9, where wide tiles would leave much of them empty, and so does
that of a person on the stage."""
_STRIP_SHARE, _WIDE_STRIP_SHARE = 0.19, 0.26
"""Parts of the canvas' longer side that the strip of people takes at most beside the stage: for a few, for many."""
_STRIP_FEW = 5
_BESIDE_ASPECT = 1.55
"""On canvases less wide than this the strip lies below the screen, where it leaves a 16:9 screen larger."""
_NEARLY = 0.95
"""Of two grids whose tiles are nearly equally large the one that runs along the longer side is taken: two people on a
16:9 canvas sit side by side."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle in luma pixels from the top left corner of the canvas; all four numbers are even."""

    x: int
    y: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.x + self.width

    @property
    def bottom(self) -> int:
        return self.y + self.height


@dataclass(frozen=True, slots=True)
class Tile:
    """A rectangle of the canvas and what it shows."""

    rect: Rect
    subject: Person | Share
    unseen: int = 0
    """How many people without a tile are to be counted here."""


def layout(scene: Scene, width_px: int, height_px: int) -> tuple[Tile, ...]:
    """The tiles of ``scene``: those of shared screens first, then those of people in their order, the large one first.

    A scene with nobody in it has no tiles. Tiles never overlap and lie within the canvas. On a canvas so small that
    not everyone gets at least 2 x 2 pixels, the last ones get no tile. The last person's tile counts those who have
    none.
    """
    gap = gap_px(width_px, height_px)
    inner = Rect(gap, gap, _even(width_px - 2 * gap), _even(height_px - 2 * gap))
    grid = _Grid(gap, min(_USUAL_ASPECT, max(_NARROWEST_ASPECT, width_px / height_px)))
    if not scene.shares:
        return _counting(scene, _people(scene, inner, gap, grid))
    stage, people = _split(inner, gap, grid, scene.people)
    if len(scene.shares) == 1 and stage.width >= 2 and stage.height >= 2:
        shares: tuple[Tile, ...] = (Tile(stage, scene.shares[0]),)
    else:
        shares = grid.tiles(scene.shares, stage)
    return (*shares, *_counting(scene, people))


def gap_px(width_px: int, height_px: int) -> int:
    """The distance between tiles and to the edge of a canvas."""
    return 2 * round(min(width_px, height_px) * _GAP_SHARE / 2)


def _counting(scene: Scene, tiles: tuple[Tile, ...]) -> tuple[Tile, ...]:
    """``tiles`` of people, the last with the number of those who have none."""
    unseen = scene.unseen + len(scene.people) - len(tiles)
    return (*tiles[:-1], replace(tiles[-1], unseen=unseen)) if tiles and unseen else tiles


def _people(scene: Scene, area: Rect, gap: int, grid: "_Grid") -> tuple[Tile, ...]:
    """The tiles of people without a shared screen. Who is alone, or on a canvas too small for a stage, is in a grid."""
    if scene.first_is_large and len(scene.people) > 1:
        stage, others = _split(area, gap, grid, scene.people[1:])
        large = replace(grid, narrowest_aspect=_NARROWEST_ASPECT).tiles(scene.people[:1], stage)
        if large:
            return (*large, *others)
    return grid.tiles(scene.people, area)


def _split(area: Rect, gap: int, grid: "_Grid", people: Sequence[Person]) -> tuple[Rect, tuple[Tile, ...]]:
    """The stage for what is large, and the tiles of people at the right or at the bottom of the canvas."""
    if not people:
        return area, ()
    share = _STRIP_SHARE if len(people) <= _STRIP_FEW else _WIDE_STRIP_SHARE
    if area.width >= area.height * _BESIDE_ASPECT:
        tiles = grid.tiles(people, Rect(area.x, area.y, _even(area.width * share), area.height))
        left, right = (
            min((tile.rect.x for tile in tiles), default=0),
            max((tile.rect.right for tile in tiles), default=0),
        )
        stage = Rect(area.x, area.y, area.width - (right - left) - gap, area.height)
        return stage, _moved(tiles, area.right - right, 0)
    tiles = grid.tiles(people, Rect(area.x, area.y, area.width, _even(area.height * share)))
    top, bottom = min((tile.rect.y for tile in tiles), default=0), max((tile.rect.bottom for tile in tiles), default=0)
    stage = Rect(area.x, area.y, area.width, area.height - (bottom - top) - gap)
    return stage, _moved(tiles, 0, area.bottom - bottom)


def _moved(tiles: Sequence[Tile], by_x: int, by_y: int) -> tuple[Tile, ...]:
    return tuple(replace(tile, rect=replace(tile.rect, x=tile.rect.x + by_x, y=tile.rect.y + by_y)) for tile in tiles)


@dataclass(frozen=True, slots=True)
class _Grid:
    """Equal tiles, row by row, centred in an area."""

    gap: int
    narrowest_aspect: float

    def tiles(self, subjects: Sequence[Person | Share], area: Rect) -> tuple[Tile, ...]:
        count = len(subjects)
        if not count:
            return ()
        options = [(columns, *self._cell(area, columns, math.ceil(count / columns))) for columns in range(1, count + 1)]
        largest = max(width * height for _, width, height in options)
        good = [option for option in options if option[1] * option[2] >= largest * _NEARLY]
        columns, width, height = good[-1 if area.width >= area.height else 0]
        if width < 2 or height < 2:
            return self.tiles(subjects[:-1], area)
        gap, rows = self.gap, math.ceil(count / columns)
        top = area.y + _even((area.height - rows * height - (rows - 1) * gap) / 2)
        tiles = []
        for index, subject in enumerate(subjects):
            row, column = divmod(index, columns)
            in_row = min(columns, count - row * columns)
            left = area.x + _even((area.width - in_row * width - (in_row - 1) * gap) / 2)
            tiles.append(Tile(Rect(left + column * (width + gap), top + row * (height + gap), width, height), subject))
        return tuple(tiles)

    def _cell(self, area: Rect, columns: int, rows: int) -> tuple[int, int]:
        """Width and height of the tiles."""
        width = (area.width - (columns - 1) * self.gap) / columns
        height = (area.height - (rows - 1) * self.gap) / rows
        if width <= 0 or height <= 0:
            return 0, 0
        aspect = min(_WIDEST_ASPECT, max(self.narrowest_aspect, width / height))
        return _even(min(width, height * aspect)), _even(min(height, width / aspect))


def _even(length: float) -> int:
    return 2 * math.floor(length / 2)
