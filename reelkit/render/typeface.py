"""Text of any script with the fonts that the machine has.

Debian's Noto has one file per script, so a text is drawn in runs, each with the first font that has its characters.
Without any known font Pillow's own is used, which knows Latin only. Characters that no font has are left out, unless
nothing would remain.
"""

import unicodedata
from functools import cache, lru_cache
from itertools import groupby
from pathlib import Path

from PIL import ImageDraw, ImageFont

_FONT_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_LATIN = {
    False: ("NotoSans-Regular", "DejaVuSans", "LiberationSans-Regular"),
    True: ("NotoSans-Bold", "DejaVuSans-Bold", "LiberationSans-Bold"),
}
_CJK = {
    False: ("NotoSansCJK-Regular", "DroidSansFallbackFull", "wqy-zenhei"),
    True: ("NotoSansCJK-Bold", "DroidSansFallbackFull", "wqy-zenhei"),
}
_CJK_SCRIPTS = frozenset(("CJK", "HIRAGANA", "KATAKANA", "HANGUL", "BOPOMOFO", "IDEOGRAPHIC", "FULLWIDTH", "HALFWIDTH"))
"""First words of the Unicode names of characters that are in the CJK fonts."""
_ELLIPSIS = "…"
_NO_CHARACTER = "\U0010ffff"
"""A code point that is no character, so every font draws its replacement glyph for it."""

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont
Rgba = tuple[int, int, int, int]


class Typeface:
    """Regular or bold text at one size in pixels."""

    def __init__(self, size_px: int, *, bold: bool = False) -> None:
        self.size_px = size_px
        self._bold = bold
        self._latin: list[Font] = [_load(name, size_px) for name in _LATIN[bold] if _find(name)]
        if not self._latin:
            self._latin.append(ImageFont.load_default(size_px))

    def measure(self, text: str) -> float:
        """The width of ``text`` in pixels."""
        return sum(font.getlength(run) for font, run in self._runs(text))

    def shorten(self, text: str, width_px: float) -> str:
        """``text``, cut and ended with an ellipsis where it is wider than ``width_px``."""
        if self.measure(text) <= width_px:
            return text
        low, high = 0, len(text)
        while low < high:
            middle = (low + high + 1) // 2
            if self.measure(text[:middle].rstrip() + _ELLIPSIS) <= width_px:
                low = middle
            else:
                high = middle - 1
        return text[:low].rstrip() + _ELLIPSIS

    def draw(self, canvas: ImageDraw.ImageDraw, left: float, baseline: float, text: str, fill: Rgba) -> None:
        """Draws one line that begins at ``left`` and stands on ``baseline``."""
        for font, run in self._runs(text):
            canvas.text((left, baseline), run, fill=fill, font=font, anchor="ls")
            left += font.getlength(run)

    def cap_height(self) -> float:
        """The height of capital letters, for centring a line by what the eye sees."""
        box = self._latin[0].getbbox("H")
        return box[3] - box[1]

    def _runs(self, text: str) -> list[tuple[Font, str]]:
        fonts = [(self._font_of(character), character) for character in text]
        drawable = [(font, character) for font, character in fonts if font is not None]
        if not drawable:
            return [(self._latin[0], text)] if text else []
        runs = groupby(drawable, key=lambda pair: pair[0])
        return [(font, "".join(character for _, character in pairs)) for font, pairs in runs]

    def _font_of(self, character: str) -> Font | None:
        if unicodedata.combining(character) or unicodedata.category(character) in ("Cf", "Mn"):
            # Marks and joiners belong to the font of what they stand on; the script's own font has both.
            return self._of_script(character) or self._latin[0]
        for font in self._latin:
            if _has(font, character):
                return font
        fallback = self._of_script(character)
        return fallback if fallback is not None and _has(fallback, character) else None

    def _of_script(self, character: str) -> Font | None:
        script = unicodedata.name(character, "").partition(" ")[0].partition("-")[0]
        weight = "Bold" if self._bold else "Regular"
        names = _CJK[self._bold] if script in _CJK_SCRIPTS else (f"NotoSans{script.title()}-{weight}",)
        return next((_load(name, self.size_px) for name in names if _find(name)), None)


@lru_cache(maxsize=64)
def typeface(size_px: int, *, bold: bool = False) -> Typeface:
    """The typeface of that size, made once."""
    return Typeface(size_px, bold=bold)


@cache
def _files() -> dict[str, Path]:
    """Font files by name without suffix; the first root and the first directory in sorted order win."""
    found: dict[str, Path] = {}
    for root in _FONT_ROOTS:
        for path in sorted(root.rglob("*.tt[fc]")) if root.is_dir() else ():
            found.setdefault(path.stem, path)
    return found


def _find(name: str) -> Path | None:
    return _files().get(name)


@lru_cache(maxsize=256)
def _load(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(_files()[name], size_px)


@lru_cache(maxsize=8_192)
def _has(font: Font, character: str) -> bool:
    """Whether the font draws ``character`` otherwise than a code point that it cannot have."""
    if character.isspace():
        return True
    given, missing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return given.size != missing.size or bytes(given) != bytes(missing)
