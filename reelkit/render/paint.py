"""What is painted rather than filmed: avatars, name labels, the card of an empty meeting, rounded corners.

Everything is painted once for a text and a size, converted to the planes of video at once, and kept.
"""

import colorsys
import hashlib
from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw

from reelkit.render.colour import Rgb
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

_HUES = (0.60, 0.99, 0.42, 0.08, 0.76, 0.50, 0.14, 0.88, 0.32, 0.67, 0.04, 0.55)
"""Hues of avatars, far enough apart to be told from each other."""
_CIRCLE_LIGHTNESS, _CIRCLE_SATURATION = 0.47, 0.48
_TILE_LIGHTNESS, _TILE_SATURATION = 0.15, 0.24
_CIRCLE_SHARE = 0.44
"""Diameter of an avatar's circle as a part of the tile's shorter side."""
_INITIALS_SHARE = 0.40
"""Size of the initials as a part of the circle's diameter."""

_LABEL_SHARE = 0.08
"""Height of a label as a part of the tile's height."""
_LABEL_MIN_PX, _LABEL_MAX_PX = 24, 36
_LABEL_TEXT_SHARE = 0.56
_LABEL_LEAST_TILE_PX = 80
"""Tiles less high than this have no label: it would hide too much."""
_LABEL_WIDTH_SHARE = 0.9
"""A label takes at most this part of the tile's width."""

_CARD_TEXT_SHARE = 0.062
"""Size of the title of an empty meeting as a part of the canvas' shorter side."""


@lru_cache(maxsize=32)
def avatar(participant_id: str, name: str, width_px: int, height_px: int) -> Planes:
    """The tile of someone without a camera: initials in a circle whose colour is always the same for a participant."""
    hue = _HUES[hashlib.blake2b(participant_id.encode(), digest_size=2).digest()[0] % len(_HUES)]
    image = Image.new("RGB", (width_px, height_px), _hls(hue, _TILE_LIGHTNESS, _TILE_SATURATION))
    diameter = 2 * round(min(width_px, height_px) * _CIRCLE_SHARE / 2)
    if diameter >= 2:
        circle = Image.new("L", (diameter * _SMOOTHING, diameter * _SMOOTHING), 0)
        ImageDraw.Draw(circle).ellipse((0, 0, diameter * _SMOOTHING - 1, diameter * _SMOOTHING - 1), fill=255)
        corner = ((width_px - diameter) // 2, (height_px - diameter) // 2)
        image.paste(_hls(hue, _CIRCLE_LIGHTNESS, _CIRCLE_SATURATION), corner, circle.reduce(_SMOOTHING))
        _write_centred(image, initials(name), max(1, round(diameter * _INITIALS_SHARE)), _WHITE, bold=True)
    return Planes.from_rgb(np.asarray(image))


def initials(name: str) -> str:
    """The first letters of the first and the last word, in capitals; a question mark for a name without letters."""
    letters = [next((character for character in word if character.isalnum()), "") for word in name.split()]
    letters = [letter for letter in letters if letter]
    if not letters:
        return "?"
    return "".join(letters if len(letters) == 1 else (letters[0], letters[-1])).upper()


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
    text = face.shorten(text, room)
    if not text and not muted:
        return None
    width = 2 * round((2 * padding + icon + icon_gap + face.measure(text)) / 2)
    image = _pill(width, height)
    draw = ImageDraw.Draw(image)
    if muted:
        mark = _struck_microphone(icon)
        image.alpha_composite(mark, (padding, (height - icon) // 2))
    face.draw(draw, padding + icon + icon_gap, (height + face.cap_height()) / 2, text, _WHITE)
    return Overlay.from_rgba(np.asarray(image))


def label_inset_px(tile_height_px: int) -> int:
    """The distance of a label from the tile's edges; even."""
    return 2 * round(_label_height_px(tile_height_px) * 0.2)


@lru_cache(maxsize=4)
def card(title: str, width_px: int, height_px: int) -> Planes:
    """What is seen while nobody is in the meeting: its title on the background."""
    image = Image.new("RGB", (width_px, height_px), BACKGROUND)
    size = max(8, round(min(width_px, height_px) * _CARD_TEXT_SHARE))
    _write_centred(image, typeface(size).shorten(title, width_px * 0.8), size, _TITLE, bold=False)
    return Planes.from_rgb(np.asarray(image))


def _label_height_px(tile_height_px: int) -> int:
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


def _write_centred(image: Image.Image, text: str, size_px: int, fill: Rgba, *, bold: bool) -> None:
    face = typeface(size_px, bold=bold)
    left = (image.width - face.measure(text)) / 2
    face.draw(ImageDraw.Draw(image), left, (image.height + face.cap_height()) / 2, text, fill)


def _hls(hue: float, lightness: float, saturation: float) -> Rgb:
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue
