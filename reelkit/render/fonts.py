"""The fonts of the machine: where they are, and which of them has a character.

Debian's Noto has one file per script. Without any known font Pillow's own is used, which knows Latin only.
"""

import unicodedata
from functools import cache, lru_cache
from itertools import accumulate
from pathlib import Path

from PIL import ImageFont, features

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont

_ROOTS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
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
_OTHER_NAMES = {"Canadian": "CanadianAboriginal", "Nko": "NKo"}
"""Where Noto calls a script otherwise than Unicode's character names do."""
_SIGNS = ("NotoSansSymbols-Regular", "NotoSansSymbols2-Regular", "NotoSansMath-Regular", "DejaVuSans")
_EMOJI = "NotoColorEmoji"
EMOJI_STRIKE_PX = 109
"""The only size of Noto's emoji, which are bitmaps."""
_NO_CHARACTER = "\U0010ffff"
"""A code point that is no character, so every font draws its replacement glyph for it."""
_SCRIPT_WORDS = 3
"""The longest script names: NEW TAI LUE."""


@cache
def can_shape() -> bool:
    """Whether letters are joined and reordered as their scripts want it: Pillow does with libfribidi installed."""
    return bool(features.check("raqm")) and bool(features.check("fribidi"))


def is_shaped(font: Font) -> bool:
    """Whether text in this font is."""
    return can_shape() and getattr(font, "layout_engine", None) is ImageFont.Layout.RAQM


@lru_cache(maxsize=128)
def latin(size_px: int, *, bold: bool) -> tuple[Font, ...]:
    """The fonts that are asked first; at least one."""
    found: tuple[Font, ...] = tuple(load(name, size_px) for name in _LATIN[bold] if find(name))
    return found or (ImageFont.load_default(size_px),)


@cache
def emoji() -> ImageFont.FreeTypeFont | None:
    """The font of coloured emoji in its own size; None if there is none that Pillow can draw."""
    if not find(_EMOJI):
        return None
    try:
        return load(_EMOJI, EMOJI_STRIKE_PX)
    except OSError:  # an edition with outlines instead of bitmaps
        return None


@lru_cache(maxsize=8_192)
def font_of(cluster: str, size_px: int, *, bold: bool) -> Font | None:
    """The first font that has all characters of a cluster; None if none has."""
    letters = [character for character in cluster if unicodedata.category(character) != "Cf"]
    candidates = latin(size_px, bold=bold)
    for font in candidates:
        if all(_has(font, letter) for letter in letters):
            return font
    for name in (*_of_script(letters[0] if letters else cluster[0], bold=bold), *_SIGNS):
        if find(name) and all(_has(load(name, size_px), letter) for letter in letters):
            return load(name, size_px)
    return None


def has_all(font: Font, text: str) -> bool:
    """Whether ``font`` has every character of ``text``."""
    return all(_has(font, character) for character in text)


@cache
def files() -> dict[str, Path]:
    """Font files by name without suffix; the first root and the first directory in sorted order win."""
    found: dict[str, Path] = {}
    for root in _ROOTS:
        for path in sorted(root.rglob("*.tt[fc]")) if root.is_dir() else ():
            found.setdefault(path.stem, path)
    return found


def find(name: str) -> Path | None:
    return files().get(name)


@lru_cache(maxsize=256)
def load(name: str, size_px: int) -> ImageFont.FreeTypeFont:
    """Raises OSError for a font that has no such size."""
    return ImageFont.truetype(files()[name], size_px)


def _of_script(character: str, *, bold: bool) -> tuple[str, ...]:
    """Names of the fonts that a character of this script may be in."""
    words = unicodedata.name(character, "").split(" ")
    if words[0].partition("-")[0] in _CJK_SCRIPTS:
        return _CJK[bold]
    weights = ("Bold", "Regular") if bold else ("Regular",)
    scripts = accumulate(word.partition("-")[0].title() for word in words[:_SCRIPT_WORDS])
    return tuple(
        f"Noto{style}{_OTHER_NAMES.get(script, script)}-{weight}"
        for script in scripts
        for style in ("Sans", "Serif")
        for weight in weights
    )


@lru_cache(maxsize=16_384)
def _has(font: Font, character: str) -> bool:
    """Whether the font draws ``character`` otherwise than a code point that it cannot have."""
    if character.isspace():
        return True
    given, missing = font.getmask(character), font.getmask(_NO_CHARACTER)
    return given.size != missing.size or bytes(given) != bytes(missing)
