import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.render.bidi import base_level, levels, visual_order

A, B, G = "אבג"


def seen(text: str) -> str:
    """A line as it is seen, character by character."""
    pairs = list(zip(text, levels(text), strict=True))
    return "".join(character for character, _ in visual_order(pairs, lambda pair: pair[1]))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        (f"{A}{B}{G}", f"{G}{B}{A}"),
        (f"{A}{B} Ada", f"Ada {B}{A}"),
        (f"Ada {A}{B}", f"Ada {B}{A}"),
        (f"{A}{B} 2024 {G}", f"{G} 2024 {B}{A}"),
        (f"{A} (Ada)", f"(Ada) {A}".translate(str.maketrans("()", ")("))),
        (f"Ada ({A}{B})", f"Ada ({B}{A})"),
        (f"{A} 1,234.5", f"1,234.5 {A}"),
        (f"{A} 50%", f"50% {A}"),
        (f"{A}{B}, {G}!", f"!{G} ,{B}{A}"),
        ("123", "123"),
        ("", ""),
    ],
)
def test_the_order_in_which_a_line_is_seen(text: str, expected: str) -> None:
    assert seen(text) == expected


def test_marks_stay_with_what_they_stand_on() -> None:
    assert levels("א\u05b8ב") == [1, 1, 1]


def test_arabic_digits_run_from_left_to_right() -> None:
    assert levels("ع ١٢٣") == [1, 1, 2, 2, 2]
    assert levels("ع 123") == [1, 1, 2, 2, 2]


def test_the_first_letter_decides_about_the_line() -> None:
    assert [base_level(text) for text in ("1 (א", "Ada א", "!?", "")] == [1, 0, 0, 0]


@given(st.text(alphabet="abאבع١2 .,-+%()[]!…", max_size=30))
def test_every_character_is_seen_once(text: str) -> None:
    assert sorted(seen(text)) == sorted(text)


@given(st.text(alphabet="ab 1.,()", max_size=30))
def test_latin_text_is_left_alone(text: str) -> None:
    assert seen(text) == text
