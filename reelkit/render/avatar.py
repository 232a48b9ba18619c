"""What stands for somebody whose camera is off: their picture in a circle, or else their initials."""

import colorsys
import hashlib
import unicodedata
from functools import lru_cache
from pathlib import Path

import numpy as np
import structlog
from PIL import Image, ImageDraw, ImageOps

from reelkit.render.colour import Rgb
from reelkit.render.graphemes import displayable, graphemes, is_emoji
from reelkit.render.layout import Rect
from reelkit.render.paint import label_area_px
from reelkit.render.planes import Planes
from reelkit.render.typeface import Rgba, typeface

log = structlog.get_logger(__name__)

_SMOOTHING = 4
"""Circles are drawn so many times larger and reduced, for smooth edges."""
_WHITE: Rgba = (255, 255, 255, 255)
_HUES = (0.60, 0.99, 0.42, 0.08, 0.76, 0.50, 0.14, 0.88, 0.32, 0.67, 0.04, 0.55)
"""Hues of avatars, far enough apart to be told from each other."""
_CIRCLE_LIGHTNESS, _CIRCLE_SATURATION = 0.47, 0.48
_TILE_LIGHTNESS, _TILE_SATURATION = 0.15, 0.24
_CIRCLE_SHARE = 0.44
"""Diameter of the circle as a part of the tile's shorter side."""
_INITIALS_SHARE = 0.40
"""Size of the initials as a part of the circle's diameter."""
_INITIALS_WIDTH_SHARE = 0.8
"""Width of the initials at most, likewise."""
_WORD_SPACE = "\u2009"
"""Between initials of scripts that would join the two letters to a word."""
_JOINED_SCRIPTS = ("ARABIC", "SYRIAC", "MONGOLIAN", "NKO", "DEVANAGARI", "BENGALI", "GURMUKHI", "THAANA")
# What Pillow raises for files that are no image.
_DAMAGED = (OSError, ValueError, SyntaxError, Image.DecompressionBombError, Image.DecompressionBombWarning)


def avatar(participant_id: str, name: str, width_px: int, height_px: int, picture: Path | None = None) -> Planes:
    """A tile with a circle on a darker ground, in a colour that is always the same for a participant. Within the circle
    is the image file ``picture``; the initials if there is none or it cannot be read."""
    hue = _HUES[hashlib.blake2b(participant_id.encode(), digest_size=2).digest()[0] % len(_HUES)]
    tile = Planes.blank(width_px, height_px, _hls(hue, _TILE_LIGHTNESS, _TILE_SATURATION))
    diameter = 2 * round(min(width_px, height_px) * _CIRCLE_SHARE / 2)
    if diameter >= 2:
        corner = (width_px - diameter) // 4 * 2, _top_px(diameter, height_px)
        tile.part(Rect(*corner, diameter, diameter)).copy_from(_disc(hue, name, diameter, picture))
    return tile


@lru_cache(maxsize=48)
def _disc(hue: float, name: str, diameter: int, picture: Path | None) -> Planes:
    """The circle on its ground. It is what takes time, and a tenth of a tile: tiles of 48 names on a 1080p film would
    fill 150 MB."""
    disc = Image.new("RGB", (diameter, diameter), _hls(hue, _CIRCLE_LIGHTNESS, _CIRCLE_SATURATION))
    portrait = _portrait(picture, diameter) if picture is not None else None
    if portrait is None:
        _write_initials(disc, initials(name))
    else:
        disc.paste(portrait, mask=portrait.getchannel("A"))
    image = Image.new("RGB", disc.size, _hls(hue, _TILE_LIGHTNESS, _TILE_SATURATION))
    image.paste(disc, mask=_circle(diameter))
    return Planes.from_rgb(np.asarray(image))


def _top_px(diameter: int, tile_height_px: int) -> int:
    """Where the circle begins: in the middle of the tile, or higher where a label would cover it."""
    free = tile_height_px - label_area_px(tile_height_px)
    middle = (tile_height_px - diameter) // 4 * 2
    return middle if middle + diameter <= free else max(0, (free - diameter) // 4 * 2)


def initials(name: str) -> str:
    """The first letters of the first and the last word, in capitals; a name without letters gives its first emoji, or a
    question mark."""
    words = [graphemes(word) for word in displayable(name).split()]
    letters = [letter for word in words if (letter := next((part for part in word if part[0].isalnum()), ""))]
    if not letters:
        return next((part for word in words for part in word if is_emoji(part)), "?")
    found = [letter.upper() for letter in (letters if len(letters) == 1 else (letters[0], letters[-1]))]
    script = unicodedata.name(found[0][0], "").partition(" ")[0]
    return (_WORD_SPACE if script in _JOINED_SCRIPTS else "").join(found)


@lru_cache(maxsize=8)
def _circle(diameter: int) -> Image.Image:
    circle = Image.new("L", (diameter * _SMOOTHING, diameter * _SMOOTHING), 0)
    ImageDraw.Draw(circle).ellipse((0, 0, diameter * _SMOOTHING - 1, diameter * _SMOOTHING - 1), fill=255)
    return circle.reduce(_SMOOTHING)


def _portrait(file: Path, side_px: int) -> Image.Image | None:
    try:
        with Image.open(file, formats=("PNG",)) as image:
            return ImageOps.fit(image.convert("RGBA"), (side_px, side_px), Image.Resampling.LANCZOS)
    except _DAMAGED as error:
        log.warning("a participant's picture cannot be shown", file=str(file), reason=str(error))
        return None


def _write_initials(disc: Image.Image, text: str) -> None:
    size = disc.width * _INITIALS_SHARE
    widest = disc.width * _INITIALS_WIDTH_SHARE
    measured = typeface(max(1, round(size)), bold=True).measure(text)
    face = typeface(max(1, round(size * min(1.0, widest / measured if measured else 1.0))), bold=True)
    left = (disc.width - face.measure(text)) / 2
    face.draw(disc, left, (disc.height + face.cap_height()) / 2, text, _WHITE)


def _hls(hue: float, lightness: float, saturation: float) -> Rgb:
    red, green, blue = (round(255 * part) for part in colorsys.hls_to_rgb(hue, lightness, saturation))
    return red, green, blue
