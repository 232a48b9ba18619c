"""What is painted over and between pictures: name labels, the count of unseen people, the card of an empty meeting.

Everything is painted once for a text and a size, converted to the planes of video at once, and kept.
"""

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from reelkit.render.colour import Rgb
from reelkit.render.graphemes import displayable
from reelkit.render.overlay import Overlay
from reelkit.render.planes import Planes
from reelkit.render.typeface import Rgba, typeface

BACKGROUND: Rgb = (16, 18, 23)
"""Of the canvas, between tiles."""
TILE_BACKGROUND: Rgb = (29, 32, 40)
"""Of a tile beside a picture of another shape."""
SPEAKING: Rgb = (84, 140, 255)
"""The ring around the active speaker's tile."""

_SMOOTHING = 4
"""Shapes are drawn so many times larger and reduced, for smooth edges."""
_WHITE: Rgba = (255, 255, 255, 255)
_PILL: Rgba = (13, 15, 20, 168)
_MUTED: Rgba = (255, 107, 107, 255)
_TITLE: Rgba = (214, 218, 228, 255)

_LABEL_SHARE = 0.08
"""Height of a label as a part of the tile's height."""
_LABEL_MIN_PX, _LABEL_MAX_PX = 24, 36
_LABEL_TEXT_SHARE = 0.56
_LABEL_LEAST_TILE_PX = 80
"""Tiles less high than this have no label: it would hide too much."""
_LABEL_WIDTH_SHARE = 0.9
"""A label takes at most this part of the tile's width."""
_COUNT_LEAST_TILE_PX = 24
"""Tiles less high than this have no count of unseen people either."""
_COUNT_SHARE, _COUNT_MIN_PX = 0.3, 14
"""Height of the count on tiles that have no label."""

_CARD_TEXT_SHARE = 0.062
"""Size of the title of an empty meeting as a part of the canvas' shorter side."""
_CARD_LINES = 3
_CARD_LINE_SHARE = 1.45
"""Distance of its lines as a part of its size; tall scripts need as much."""
_CARD_WIDTH_SHARE = 0.8


@lru_cache(maxsize=256)
def label(text: str, tile_width_px: int, tile_height_px: int, *, muted: bool = False) -> Overlay | None:
    """The label of a tile: a dark pill with a name and, for someone who cannot be heard, a struck microphone. None for
    a tile too small for one. It belongs :func:`label_inset_px` from the tile's left and bottom edge."""
    if tile_height_px < _LABEL_LEAST_TILE_PX:
        return None
    height = _label_height_px(tile_height_px)
    face = typeface(max(8, round(height * _LABEL_TEXT_SHARE)))
    padding = round(height * 0.42)
    icon = round(height * 0.62) if muted else 0
    icon_gap = round(height * 0.18) if muted and text else 0
    widest = tile_width_px * _LABEL_WIDTH_SHARE - label_inset_px(tile_height_px)
    room = widest - 2 * padding - icon - icon_gap
    if room < height:
        return None
    text = face.shorten(displayable(text), room)
    if not text and not muted:
        return None
    width = 2 * round((2 * padding + icon + icon_gap + face.measure(text)) / 2)
    image = _pill(width, height)
    if muted:
        mark = _struck_microphone(icon)
        image.alpha_composite(mark, (padding, (height - icon) // 2))
    face.draw(image, padding + icon + icon_gap, (height + face.cap_height()) / 2, text, _WHITE)
    return Overlay.from_rgba(np.asarray(image))


@lru_cache(maxsize=64)
def count(people: int, tile_width_px: int, tile_height_px: int) -> Overlay | None:
    """How many people more are there: "+7" on a pill as a label's. None for a tile too small for one. It belongs
    :func:`label_inset_px` from the tile's right and bottom edge."""
    if tile_height_px < _COUNT_LEAST_TILE_PX:
        return None
    height = _label_height_px(tile_height_px)
    face = typeface(max(8, round(height * _LABEL_TEXT_SHARE)), bold=True)
    text = f"+{people}"
    width = 2 * round((2 * round(height * 0.36) + face.measure(text)) / 2)
    if width > tile_width_px - 2 * label_inset_px(tile_height_px):
        return None
    image = _pill(width, height)
    face.draw(image, (width - face.measure(text)) / 2, (height + face.cap_height()) / 2, text, _WHITE)
    return Overlay.from_rgba(np.asarray(image))


def label_inset_px(tile_height_px: int) -> int:
    """The distance of a label from the tile's edges; even."""
    return 2 * round(_label_height_px(tile_height_px) * 0.2)


def label_area_px(tile_height_px: int) -> int:
    """How much of a tile's height, from below, a label may cover; nothing where there is none."""
    if tile_height_px < _LABEL_LEAST_TILE_PX:
        return 0
    return label_inset_px(tile_height_px) + _label_height_px(tile_height_px)


@lru_cache(maxsize=4)
def card(title: str, width_px: int, height_px: int) -> Planes:
    """What is seen while nobody is in the meeting: its title on the background, on up to three lines."""
    image = Image.new("RGB", (width_px, height_px), BACKGROUND)
    face = typeface(max(8, round(min(width_px, height_px) * _CARD_TEXT_SHARE)))
    lines = face.wrap(displayable(title), width_px * _CARD_WIDTH_SHARE, _CARD_LINES)
    step = round(face.size_px * _CARD_LINE_SHARE)
    baseline = (height_px + face.cap_height() - step * (len(lines) - 1)) / 2
    for index, line in enumerate(lines):
        face.draw(image, (width_px - face.measure(line)) / 2, baseline + index * step, line, _TITLE)
    return Planes.from_rgb(np.asarray(image))


def _label_height_px(tile_height_px: int) -> int:
    if tile_height_px < _LABEL_LEAST_TILE_PX:
        return 2 * round(max(_COUNT_MIN_PX, tile_height_px * _COUNT_SHARE) / 2)
    return 2 * round(min(_LABEL_MAX_PX, max(_LABEL_MIN_PX, tile_height_px * _LABEL_SHARE)) / 2)


def _pill(width: int, height: int) -> Image.Image:
    image = Image.new("L", (width * _SMOOTHING, height * _SMOOTHING), 0)
    ImageDraw.Draw(image).rounded_rectangle(
        (0, 0, width * _SMOOTHING - 1, height * _SMOOTHING - 1), radius=height * _SMOOTHING * 0.34, fill=_PILL[3]
    )
    pill = Image.new("RGBA", (width, height), (*_PILL[:3], 0))
    pill.putalpha(image.reduce(_SMOOTHING))
    return pill


def _struck_microphone(size: int) -> Image.Image:
    """A microphone with a stroke through it, ``size`` pixels square."""
    unit = size * _SMOOTHING / 24
    image = Image.new("RGBA", (size * _SMOOTHING, size * _SMOOTHING), (*_MUTED[:3], 0))
    draw = ImageDraw.Draw(image)
    line = max(1, round(2 * unit))

    def box(left: float, top: float, right: float, bottom: float) -> tuple[float, float, float, float]:
        return left * unit, top * unit, right * unit, bottom * unit

    draw.rounded_rectangle(box(8.6, 2, 15.4, 14.4), radius=3.4 * unit, fill=_MUTED)
    draw.arc(box(5, 4.4, 19, 18.4), 0, 180, fill=_MUTED, width=line)
    draw.line(box(12, 17.6, 12, 22), fill=_MUTED, width=line)
    draw.line(box(8.4, 21.6, 15.6, 21.6), fill=_MUTED, width=line)
    draw.line(box(2.6, 4.6, 20, 22), fill=(*_PILL[:3], 0), width=round(5.2 * unit))
    draw.line(box(3.2, 3.2, 20.8, 20.8), fill=_MUTED, width=line)
    return image.reduce(_SMOOTHING)
