"""Text of any script on one line, with the fonts that the machine has.

A line is drawn in runs of one font and one direction, from left to right as they are seen. Characters that no font has
are left out, unless nothing would remain.
"""

import unicodedata
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image, ImageDraw

from reelkit.render import fonts
from reelkit.render.bidi import levels, visual_order
from reelkit.render.fonts import Font
from reelkit.render.graphemes import graphemes, is_emoji

_ELLIPSIS = "…"
_EMOJI_SHARE = 1.16
"""Height of an emoji as a part of the text's size."""

Rgba = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Run:
    """Consecutive characters in one font and one direction, in the order in which they are read. ``font`` is None for
    an emoji."""

    font: Font | None
    text: str
    level: int


class Typeface:
    """Regular or bold text at one size in pixels. Texts are :func:`reelkit.render.graphemes.displayable`."""

    def __init__(self, size_px: int, *, bold: bool = False) -> None:
        self.size_px = size_px
        self._bold = bold
        self._plain = fonts.latin(size_px, bold=bold)[0]

    def measure(self, text: str) -> float:
        """The width of ``text`` in pixels."""
        return sum(self._width(run) for run in self.runs(text))

    def shorten(self, text: str, width_px: float) -> str:
        """``text``, cut between two characters and ended with an ellipsis where it is wider than ``width_px``."""
        if self.measure(text) <= width_px:
            return text
        clusters = graphemes(text)
        return _beginning(clusters, self._fitting(clusters, width_px, _ELLIPSIS)) + _ELLIPSIS

    def wrap(self, text: str, width_px: float, lines_max: int) -> list[str]:
        """``text`` on lines no wider than ``width_px``, broken at spaces if there are any, the last shortened."""
        lines: list[str] = []
        rest = graphemes(text)
        while len(lines) < lines_max - 1:
            count = max(1, self._fitting(rest, width_px, ""))
            if count >= len(rest):
                break
            spaces = [index for index in range(count + 1) if rest[index].isspace()]
            count = spaces[-1] if spaces else count
            lines.append(_beginning(rest, count))
            rest = rest[count + bool(spaces) :]
        return [*lines, self.shorten("".join(rest), width_px)]

    def draw(self, image: Image.Image, left: float, baseline: float, text: str, fill: Rgba) -> None:
        """Draws one line that begins at ``left`` and stands on ``baseline`` of an RGB or RGBA image."""
        canvas = ImageDraw.Draw(image)
        for run in self.runs(text):
            if run.font is None:
                self._draw_emoji(image, run.text, left, baseline)
            else:
                text = _drawn(run, run.font)
                direction = _direction(run, run.font)
                canvas.text((left, baseline), text, fill=fill, font=run.font, anchor="ls", **direction)
            left += self._width(run)

    def cap_height(self) -> float:
        """The height of capital letters, for centring a line by what the eye sees."""
        box = self._plain.getbbox("H")
        return box[3] - box[1]

    def runs(self, text: str) -> list[Run]:
        """The runs of a line from left to right."""
        found: list[Run] = []
        position = 0
        level_of = levels(text)
        for cluster in graphemes(text):
            level = level_of[position]
            position += len(cluster)
            last = found[-1] if found else None
            font, drawable = self._font_of(cluster, last)
            if not drawable:
                continue
            if last is not None and font is not None and (last.font, last.level) == (font, level):
                found[-1] = Run(font, last.text + cluster, level)
            else:
                found.append(Run(font, cluster, level))
        if not found and text:
            return [Run(self._plain, text, 0)]
        return visual_order(found, lambda run: run.level)

    def _fitting(self, clusters: list[str], width_px: float, end: str) -> int:
        """How many clusters fit with ``end`` behind them."""
        low, high = 0, len(clusters)
        while low < high:
            middle = (low + high + 1) // 2
            if self.measure(_beginning(clusters, middle) + end) <= width_px:
                low = middle
            else:
                high = middle - 1
        return low

    def _font_of(self, cluster: str, last: Run | None) -> tuple[Font | None, bool]:
        """The font of a cluster, None for an emoji, and whether there is one."""
        if is_emoji(cluster) and fonts.emoji() is not None:
            return None, True
        before = None if last is None else last.font
        # Spaces and full stops between words of one script do not need another font.
        if before is not None and unicodedata.category(cluster[0])[0] in "ZP" and fonts.has_all(before, cluster):
            return before, True
        font = fonts.font_of(cluster, self.size_px, bold=self._bold)
        if font is not None:
            return font, True
        emoji = fonts.emoji()
        return None, emoji is not None and fonts.has_all(emoji, cluster[0])

    def _width(self, run: Run) -> float:
        if run.font is None:
            return _emoji(run.text, self._emoji_px()).width
        return run.font.getlength(run.text, **_direction(run, run.font))

    def _draw_emoji(self, image: Image.Image, cluster: str, left: float, baseline: float) -> None:
        picture = _emoji(cluster, self._emoji_px())
        corner = round(left), round(baseline - (self.cap_height() + picture.height) / 2)
        if image.mode == "RGBA":
            whole = Image.new("RGBA", image.size)
            whole.paste(picture, corner)
            image.alpha_composite(whole)
        else:
            image.paste(picture, corner, picture)

    def _emoji_px(self) -> int:
        return max(1, round(self.size_px * _EMOJI_SHARE))


@lru_cache(maxsize=64)
def typeface(size_px: int, *, bold: bool = False) -> Typeface:
    """The typeface of that size, made once."""
    return Typeface(size_px, bold=bold)


def _beginning(clusters: list[str], count: int) -> str:
    return "".join(clusters[:count]).rstrip()


def _drawn(run: Run, font: Font) -> str:
    """What Pillow is to draw: it turns text from right to left around only where it shapes it."""
    return run.text if run.level % 2 == 0 or fonts.is_shaped(font) else "".join(reversed(graphemes(run.text)))


def _direction(run: Run, font: Font) -> dict[str, Any]:
    return {"direction": "rtl" if run.level % 2 else "ltr"} if fonts.is_shaped(font) else {}


@lru_cache(maxsize=256)
def _emoji(cluster: str, height_px: int) -> Image.Image:
    """A cluster in colour, ``height_px`` high."""
    font = fonts.emoji()
    if font is None:
        return Image.new("RGBA", (0, height_px))
    ascent, descent = font.getmetrics()
    image = Image.new("RGBA", (max(1, round(font.getlength(cluster))), ascent + descent))
    ImageDraw.Draw(image).text((0, ascent), cluster, font=font, anchor="ls", embedded_color=True)
    width = max(1, round(image.width * height_px / image.height))
    return image.resize((width, height_px), Image.Resampling.LANCZOS)
