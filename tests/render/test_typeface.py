from collections.abc import Iterator

import numpy as np
import pytest
from PIL import Image

from reelkit.render import fonts
from reelkit.render.graphemes import displayable, graphemes
from reelkit.render.typeface import Typeface


def ink(face: Typeface, text: str) -> int:
    """How many pixels a text colours."""
    image = Image.new("RGBA", (400, 60))
    face.draw(image, 10, 45, text, (255, 255, 255, 255))
    return sum(image.getchannel("R").histogram()[128:])


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    caches = (fonts.latin, fonts.emoji, fonts.font_of)
    monkeypatch.setattr(fonts, "files", dict)
    for cached in caches:
        cached.cache_clear()
    yield
    for cached in caches:
        cached.cache_clear()


def needs(*names: str) -> pytest.MarkDecorator:
    """Skips where a font is missing that the set-up installs."""
    missing = [name for name in names if fonts.find(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"no {', '.join(missing)}")


def test_a_text_that_fits_is_left_alone() -> None:
    assert Typeface(20).shorten("Ada", 400) == "Ada"


@pytest.mark.parametrize("width", [0, 10, 30, 60, 100])
def test_a_text_that_does_not_fit_is_cut(width: int) -> None:
    face = Typeface(20)
    cut = face.shorten("Ada Lovelace of London", width)

    assert cut.endswith("…")
    assert face.measure(cut) <= max(width, face.measure("…"))


def test_text_is_drawn() -> None:
    face = Typeface(30)

    assert ink(face, "Ada") > 100
    assert ink(face, "") == 0
    assert face.measure("") == 0
    assert 0 < face.cap_height() <= 30


def test_bold_is_bolder() -> None:
    assert ink(Typeface(30, bold=True), "Ada") > ink(Typeface(30), "Ada")


def test_characters_that_no_font_has_are_left_out() -> None:
    face = Typeface(20)

    assert face.measure("Ada\U0010fffd") == face.measure("Ada")


def test_a_text_of_unknown_characters_alone_still_takes_space() -> None:
    assert Typeface(20).measure("\U0010fffd") > 0


@pytest.mark.usefixtures("no_fonts")
def test_without_any_font_pillows_own_is_used() -> None:
    assert ink(Typeface(31), "Ada") > 50


@pytest.mark.usefixtures("no_fonts")
def test_without_any_font_nothing_fails() -> None:
    face = Typeface(31)

    for text in ("山田", "محمد", "😀", "Ada 😀 山"):
        assert face.measure(text) > 0
        assert face.shorten(text * 40, 100).endswith("…")


@needs("NotoSans-Regular", "NotoSansCJK-Regular", "NotoSansHebrew-Regular", "NotoSansThai-Regular")
@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("Ada Lovelace", 1),
        ("Ada שלום", 2),
        ("山田 太郎", 1),
        ("Zoë Иванова Ελένη", 1),
        ("王 (Xiao)", 2),
        ("สวัสดี Ada", 2),
        ("שלום עולם!", 1),
    ],
)
def test_a_text_has_as_few_fonts_as_it_needs(text: str, count: int) -> None:
    runs = Typeface(20).runs(text)

    assert len({id(run.font) for run in runs}) == count
    assert sum(len(run.text) for run in runs) == len(text)


@needs("NotoSansArabic-Regular")
def test_arabic_letters_are_joined() -> None:
    if not fonts.can_shape():
        pytest.skip("this machine has no libfribidi")

    def gaps(text: str) -> int:
        image = Image.new("RGBA", (400, 60))
        Typeface(40).draw(image, 10, 40, text, (255, 255, 255, 255))
        inked = np.flatnonzero(np.asarray(image)[..., 0].max(axis=0))
        return int((np.diff(inked) > 1).sum())

    assert gaps("بيت") == 0
    assert gaps("\u200c".join("بيت")) == 2


@needs("NotoSansHebrew-Regular")
def test_a_line_from_right_to_left_begins_at_the_right() -> None:
    face = Typeface(30)
    first, last = face.runs("שלום Ada")

    assert (first.text, last.text) == ("Ada", "שלום ")
    assert ink(face, "שלום") > 100


@needs("NotoColorEmoji")
def test_emoji_are_coloured_and_as_large_as_the_text() -> None:
    face = Typeface(30)
    image = Image.new("RGB", (80, 60))
    face.draw(image, 10, 45, "😀", (255, 255, 255, 255))
    pixels = np.asarray(image).astype(int)
    rows = np.flatnonzero(pixels.max(axis=2).max(axis=1) > 40)

    assert (pixels[..., 0] - pixels[..., 2]).max() > 100, "it is yellow"
    assert 28 <= rows[-1] - rows[0] <= 40
    assert 30 <= face.measure("😀") <= 42


@needs("NotoColorEmoji")
@pytest.mark.parametrize("sequence", ["👩‍👩‍👧", "🇬🇧", "👍🏽", "1️⃣", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "☀️"])
def test_an_emoji_of_many_characters_is_one_picture(sequence: str) -> None:
    face = Typeface(30)

    assert face.measure(sequence) == face.measure("😀")


def test_names_are_cut_between_characters() -> None:
    face = Typeface(20)
    name = displayable("e\u0301" * 40 + "👩‍👩‍👧" * 5)

    for width in range(20, 400, 7):
        kept = graphemes(face.shorten(name, width))[:-1]
        assert set(kept) <= {"e\u0301", "👩‍👩‍👧"}


@pytest.mark.parametrize(
    "text", ["Planning for the whole of next year " * 4, "計画" * 60, "Ⅻ", "", "Wolfeschlegel" * 9]
)
def test_lines_are_no_wider_than_asked_for(text: str) -> None:
    face = Typeface(20)
    lines = face.wrap(displayable(text), 200, 3)

    assert 1 <= len(lines) <= 3
    assert all(face.measure(line) <= 200 for line in lines)
    assert not any(line != line.strip() for line in lines)


def test_a_text_that_fits_on_its_lines_loses_nothing() -> None:
    assert " ".join(Typeface(20).wrap("one two three four five", 120, 3)) == "one two three four five"
