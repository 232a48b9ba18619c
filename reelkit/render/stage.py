"""A canvas with the tiles of one scene on it."""

from collections.abc import Callable
from pathlib import Path

import av

from reelkit.render import paint
from reelkit.render.canvas import Canvas
from reelkit.render.corners import Corners
from reelkit.render.layout import Rect, Tile, gap_px, layout
from reelkit.render.planes import Planes
from reelkit.render.scene import Person, Scene
from reelkit.render.tile import TileView

_RADIUS_SHARE = 0.014
"""Radius of a tile's corners as a part of the canvas' shorter side: 10 px at 720p."""
_RING_PX = 2
"""Width of the speaker's ring where the gaps between tiles are too narrow for one."""

FrameOf = Callable[[str], av.VideoFrame | None]
"""The picture of a producer at the instant that is composed; None while it has none. Unchanged pictures must be the
same object as before."""


class Stage:
    """A canvas of ``width_px`` x ``height_px``, both even, on which scenes are painted one after the other.

    Each tile is painted only when its subject or its picture changed; the rest of the canvas only when the rectangles
    did. What is painted depends only on the scene and the pictures, never on what was there before. ``capture_dir`` is
    where the pictures of people without a camera are found.
    """

    def __init__(self, width_px: int, height_px: int, capture_dir: Path | None) -> None:
        self._canvas = Canvas(width_px, height_px, paint.BACKGROUND)
        self._capture_dir = capture_dir
        self._radius = round(min(width_px, height_px) * _RADIUS_SHARE)
        self._ring_px = gap_px(width_px, height_px) // 4 * 2
        self._scene: Scene | None = None
        self._tiles: tuple[Tile, ...] = ()
        self._views: list[TileView] = []
        self._ring: Rect | None = None

    @property
    def pixels(self) -> Planes:
        """What was painted; not to be written to."""
        return self._canvas.planes

    def show(self, scene: Scene, frame_of: FrameOf) -> bool:
        """Paints ``scene``. Tells whether a pixel was touched."""
        changed = self._arrange(scene)
        for tile, view in zip(self._tiles, self._views, strict=True):
            producer_id = tile.subject.camera if isinstance(tile.subject, Person) else tile.subject.producer_id
            changed |= view.show(tile, None if producer_id is None else frame_of(producer_id))
        return changed

    def _arrange(self, scene: Scene) -> bool:
        """Makes the canvas ready for the tiles of ``scene``. Tells whether a pixel was touched."""
        if scene == self._scene:
            return False
        canvas = self._canvas.planes
        tiles = layout(scene, canvas.width, canvas.height)
        rects = [tile.rect for tile in tiles]
        anew = self._scene is None or rects != [tile.rect for tile in self._tiles] or not tiles
        self._scene, self._tiles = scene, tiles
        if anew:
            self._clear(scene)
            ring_inside_px = 0 if self._ring_px else _RING_PX
            self._views = [
                TileView(self._canvas, rect, self._radius, ring_inside_px, self._capture_dir) for rect in rects
            ]
            self._ring = None
        return self._move_ring() or anew

    def _clear(self, scene: Scene) -> None:
        canvas = self._canvas.planes
        if self._tiles:
            canvas.fill(paint.BACKGROUND)
        else:
            canvas.copy_from(paint.card(scene.title, canvas.width, canvas.height))

    def _move_ring(self) -> bool:
        """Paints the ring around the active speaker's tile. It lies in the gap between tiles; the tiles inside the old
        and the new ring are painted afterwards, because their subjects changed with it."""
        width = self._ring_px
        people = [tile for tile in self._tiles if isinstance(tile.subject, Person) and tile.subject.speaking]
        speaking = people[0].rect if people else None
        ring = speaking and Rect(
            speaking.x - width, speaking.y - width, speaking.width + 2 * width, speaking.height + 2 * width
        )
        if ring == self._ring or not width:
            return False
        if self._ring is not None:
            self._canvas.planes.part(self._ring).fill(paint.BACKGROUND)
        if ring is not None:
            self._canvas.planes.part(ring).fill(paint.SPEAKING)
            Corners(self._canvas, ring, self._radius + width).round_off(paint.BACKGROUND)
        self._ring = ring
        return True
