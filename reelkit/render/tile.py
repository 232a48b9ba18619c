"""One tile on the canvas: repainted only when what it shows has changed."""

from pathlib import Path

import av

from reelkit.render import paint
from reelkit.render.avatar import avatar
from reelkit.render.canvas import Canvas
from reelkit.render.corners import Corners
from reelkit.render.layout import Rect, Tile
from reelkit.render.overlay import Overlay
from reelkit.render.planes import Planes
from reelkit.render.scaler import Scaler
from reelkit.render.scene import Person, Share


class TileView:
    """A tile's pixels on the canvas.

    What is painted depends only on the tile and the frame, never on what was there before, so that a renderer that
    begins anew in the middle of a film paints the same. With ``ring_px`` the active speaker's ring lies within the
    tile. ``capture_dir`` is where pictures of people are found.
    """

    def __init__(
        self, canvas: Canvas, rect: Rect, radius_px: int, ring_px: int = 0, capture_dir: Path | None = None
    ) -> None:
        self._pixels = canvas.planes.part(rect)
        self._rect = rect
        self._corners = Corners(canvas, rect, radius_px)
        self._ring_px = ring_px
        self._capture_dir = capture_dir
        self._scaler = Scaler()
        self._tile: Tile | None = None
        self._overlays: tuple[tuple[Planes, Overlay], ...] = ()
        """What is laid over the picture, and the pixels of each."""
        self._frame: av.VideoFrame | None = None

    def show(self, tile: Tile, frame: av.VideoFrame | None) -> bool:
        """Shows ``frame``, or the avatar without one. Tells whether a pixel was touched."""
        same = tile is self._tile or tile == self._tile
        if same and frame is self._frame:
            return False
        if not same:
            self._overlays = tuple((self._pixels.part(rect), overlay) for rect, overlay in self._overlays_of(tile))
        self._tile, self._frame = tile, frame
        self._paint(tile.subject, frame)
        for pixels, overlay in self._overlays:
            overlay.lay_on(pixels)
        speaking = isinstance(tile.subject, Person) and tile.subject.speaking
        if speaking and self._ring_px:
            self._paint_ring()
        self._corners.round_off(paint.SPEAKING if speaking and not self._ring_px else paint.BACKGROUND)
        return True

    def _paint(self, subject: Person | Share, frame: av.VideoFrame | None) -> None:
        width, height = self._rect.width, self._rect.height
        match subject:
            case _ if frame is not None:
                may_crop = isinstance(subject, Person)
                self._scaler.paint(frame, self._pixels, may_crop=may_crop, bars=paint.TILE_BACKGROUND)
            case Person():
                picture = None
                if subject.portrait is not None and self._capture_dir is not None:
                    picture = self._capture_dir / subject.portrait
                self._pixels.copy_from(avatar(subject.participant_id, subject.name, width, height, picture))
            case Share():
                self._pixels.fill(paint.TILE_BACKGROUND)

    def _overlays_of(self, tile: Tile) -> tuple[tuple[Rect, Overlay], ...]:
        """The label at the bottom left and the count of unseen people at the bottom right, as far as there is room."""
        width, height = self._rect.width, self._rect.height
        placed = []
        room = width
        inset = paint.label_inset_px(height)
        if tile.unseen and (count := paint.count(tile.unseen, width, height)) is not None:
            room = width - inset - count.width
            placed.append((Rect(room, height - inset - count.height, count.width, count.height), count))
        match tile.subject:
            case Person() as person:
                label = paint.label(person.name, room, height, muted=person.muted)
            case Share() as share:
                label = paint.label(f"{share.name} · screen".lstrip(" ·"), room, height)
        if label is not None:
            placed.append((Rect(inset, height - inset - label.height, label.width, label.height), label))
        return tuple(placed)

    def _paint_ring(self) -> None:
        width, height, line = self._rect.width, self._rect.height, self._ring_px
        if min(width, height) < 4 * line:
            return
        for side in (
            Rect(0, 0, width, line),
            Rect(0, height - line, width, line),
            Rect(0, line, line, height - 2 * line),
            Rect(width - line, line, line, height - 2 * line),
        ):
            self._pixels.part(side).fill(paint.SPEAKING)
