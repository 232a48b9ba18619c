"""One tile on the canvas: repainted only when what it shows has changed."""

import av

from reelkit.render import paint
from reelkit.render.colour import Rgb
from reelkit.render.corners import Corners
from reelkit.render.layout import Rect, Tile
from reelkit.render.overlay import Overlay
from reelkit.render.planes import Planes
from reelkit.render.scaler import Scaler
from reelkit.render.scene import Person, Share


class TileView:
    """A tile's pixels on the canvas.

    What is painted depends only on the tile and the frame, never on what was there before, so that a renderer that
    begins anew in the middle of a film paints the same.
    """

    def __init__(self, canvas: Planes, rect: Rect, radius_px: int) -> None:
        self._pixels = canvas.part(rect)
        self._rect = rect
        self._corners = Corners(canvas, rect, radius_px)
        self._scaler = Scaler()
        self._subject: Person | Share | None = None
        self._frame: av.VideoFrame | None = None

    def show(self, tile: Tile, frame: av.VideoFrame | None) -> bool:
        """Shows ``frame``, or the avatar without one. Tells whether a pixel was touched."""
        if tile.subject == self._subject and frame is self._frame:
            return False
        self._subject, self._frame = tile.subject, frame
        label, surround = self._paint(tile.subject, frame)
        if label is not None:
            inset = paint.label_inset_px(self._rect.height)
            top = self._rect.height - inset - label.height
            label.lay_on(self._pixels.part(Rect(inset, top, label.width, label.height)))
        self._corners.round_off(surround)
        return True

    def _paint(self, subject: Person | Share, frame: av.VideoFrame | None) -> tuple[Overlay | None, Rgb]:
        """Paints the picture; gives the label to lay on it and the colour around the tile."""
        width, height = self._rect.width, self._rect.height
        match subject:
            case Person():
                if frame is None:
                    self._pixels.copy_from(paint.avatar(subject.participant_id, subject.name, width, height))
                else:
                    self._scaler.paint(frame, self._pixels, may_crop=True, bars=paint.TILE_BACKGROUND)
                label = paint.label(subject.name, width, height, muted=subject.muted)
                return label, paint.SPEAKING if subject.speaking else paint.BACKGROUND
            case Share():
                if frame is None:
                    self._pixels.fill(paint.TILE_BACKGROUND)
                else:
                    self._scaler.paint(frame, self._pixels, may_crop=False, bars=paint.TILE_BACKGROUND)
                return paint.label(f"{subject.name} · screen", width, height), paint.BACKGROUND
