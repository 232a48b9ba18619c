"""Puts the tiles of a scene on one canvas and hands out frames for the encoder."""

from collections.abc import Callable

import av

from reelkit.render import paint
from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG
from reelkit.render.corners import Corners
from reelkit.render.layout import Rect, Tile, gap_px, layout
from reelkit.render.planes import Planes
from reelkit.render.scene import Person, Scene
from reelkit.render.tile import TileView
from reelkit.render.watermark import Watermark

_RADIUS_SHARE = 0.014
"""Radius of a tile's corners as a part of the canvas' shorter side: 10 px at 720p."""

FrameOf = Callable[[str], av.VideoFrame | None]
"""The picture of a producer at the instant that is composed; None while it has none. Unchanged pictures must be the
same object as before."""


class Compositor:
    """A canvas of ``width_px`` x ``height_px``, both even, on which scenes are painted one after the other.

    Each tile is painted only when its subject or its picture changed; the rest of the canvas only when the rectangles
    did. The watermark is laid over the frames that are handed out and never touches the canvas, where it would grow
    denser with every frame.
    """

    def __init__(self, width_px: int, height_px: int, watermark: Watermark | None = None) -> None:
        self._canvas = Planes.blank(width_px, height_px, paint.BACKGROUND)
        self._watermark = watermark
        self._gap = gap_px(width_px, height_px)
        self._radius = round(min(width_px, height_px) * _RADIUS_SHARE)
        self._scene: Scene | None = None
        self._tiles: tuple[Tile, ...] = ()
        self._views: list[TileView] = []
        self._ring: Rect | None = None
        self._frame: av.VideoFrame | None = None

    def compose(self, scene: Scene, frame_of: FrameOf) -> av.VideoFrame:
        """The canvas with ``scene`` on it, as a tagged yuv420p frame.

        It is the very object that the last call gave if no pixel changed, and a new one, which is never written to
        again, otherwise.
        """
        changed = self._arrange(scene)
        for tile, view in zip(self._tiles, self._views, strict=True):
            producer_id = tile.subject.camera if isinstance(tile.subject, Person) else tile.subject.producer_id
            changed |= view.show(tile, None if producer_id is None else frame_of(producer_id))
        if changed or self._frame is None:
            self._frame = self._hand_out()
        return self._frame

    def _arrange(self, scene: Scene) -> bool:
        """Makes the canvas ready for the tiles of ``scene``. Tells whether a pixel was touched."""
        if scene == self._scene:
            return False
        tiles = layout(scene, self._canvas.width, self._canvas.height)
        rects = [tile.rect for tile in tiles]
        anew = self._scene is None or rects != [tile.rect for tile in self._tiles] or not tiles
        self._scene, self._tiles = scene, tiles
        if anew:
            self._clear(scene)
            self._views = [TileView(self._canvas, rect, self._radius) for rect in rects]
            self._ring = None
        return self._move_ring() or anew

    def _clear(self, scene: Scene) -> None:
        if self._tiles:
            self._canvas.fill(paint.BACKGROUND)
        else:
            self._canvas.copy_from(paint.card(scene.title, self._canvas.width, self._canvas.height))

    def _move_ring(self) -> bool:
        """Paints the ring around the active speaker's tile. It lies in the gap between tiles; the tiles inside the old
        and the new ring are painted afterwards, because their subjects changed with it."""
        width = self._gap // 4 * 2
        people = [tile for tile in self._tiles if isinstance(tile.subject, Person) and tile.subject.speaking]
        speaking = people[0].rect if people else None
        ring = speaking and Rect(
            speaking.x - width, speaking.y - width, speaking.width + 2 * width, speaking.height + 2 * width
        )
        if ring == self._ring or not width:
            return False
        if self._ring is not None:
            self._canvas.part(self._ring).fill(paint.BACKGROUND)
        if ring is not None:
            self._canvas.part(ring).fill(paint.SPEAKING)
            Corners(self._canvas, ring, self._radius + width).round_off(paint.BACKGROUND)
        self._ring = ring
        return True

    def _hand_out(self) -> av.VideoFrame:
        frame = av.VideoFrame(self._canvas.width, self._canvas.height, "yuv420p")
        pixels = Planes.of(frame)
        pixels.copy_from(self._canvas)
        if self._watermark is not None:
            self._watermark.lay_on(pixels)
        frame.colorspace, frame.color_range = MATRIX_TAG, RANGE_TAG
        frame.color_primaries, frame.color_trc = PRIMARIES_TAG, TRANSFER_TAG
        return frame
