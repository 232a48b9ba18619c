from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from reelkit.render import typeface as module
from reelkit.render.typeface import Typeface


def ink(face: Typeface, text: str) -> int:
    """How many pixels a text colours."""
    image = Image.new("RGBA", (400, 60))
    face.draw(ImageDraw.Draw(image), 10, 45, text, (255, 255, 255, 255))
    return sum(image.getchannel("R").histogram()[128:])


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(module, "_files", dict)
    monkeypatch.setattr(module, "_FONT_ROOTS", (tmp_path,))


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


def test_a_script_has_its_own_font_when_it_is_there() -> None:
    if module._find("NotoSansHebrew-Regular") is None:
        pytest.skip("Noto for Hebrew is not installed")
    face = Typeface(20)

    assert len({id(font) for font, _ in face._runs("Ada שלום")}) == 2
