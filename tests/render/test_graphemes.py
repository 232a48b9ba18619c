import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelkit.render.graphemes import LONGEST, displayable, graphemes, is_emoji


@pytest.mark.parametrize(
    ("text", "clusters"),
    [
        ("Ada", ["A", "d", "a"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("👩‍👩‍👧x", ["👩‍👩‍👧", "x"]),
        ("👍🏽👍", ["👍🏽", "👍"]),
        ("🇬🇧🇩🇪🇫", ["🇬🇧", "🇩🇪", "🇫"]),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿!", ["🏴󠁧󠁢󠁥󠁮󠁧󠁿", "!"]),
        ("1️⃣2", ["1️⃣", "2"]),
        ("❤️‍🔥", ["❤️‍🔥"]),
        ("क्षत्रिय", ["क्ष", "त्रि", "य"]),
        ("สวัสดี", ["ส", "วั", "ส", "ดี"]),
        ("\u1112\u1161\u11ab\u1100\u1173\u11af", ["\u1112\u1161\u11ab", "\u1100\u1173\u11af"]),
        ("한글", ["한", "글"]),
        ("می‌خواهم", ["م", "ی\u200c", "خ", "و", "ا", "ه", "م"]),
        ("", []),
    ],
)
def test_what_belongs_together(text: str, clusters: list[str]) -> None:
    assert graphemes(text) == clusters


@given(st.text())
def test_nothing_is_lost(text: str) -> None:
    assert "".join(graphemes(text)) == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ada  Lovelace\n", "Ada Lovelace"),
        ("\u202eadA\u202c", "adA"),
        ("a\u2066b\u2069\u200f", "ab"),
        ("tab\there\x00\x1b[31m", "tab here[31m"),
        ("\ufeffAda\u00ad", "Ada"),
        ("\ue000private\U0010ffff", "private"),
        ("\u0301Ada", "Ada"),
        ("Z" + "\u0316" * 50 + "a", "Z" + "\u0316" * 4 + "a"),
        ("\u200d\u200d", ""),
        ("👩‍👩‍👧 می‌خواهم", "👩‍👩‍👧 می‌خواهم"),
        ("A\U000e0041\U000e0042", "A"),
        ("🏴󠁧󠁢󠁥󠁮󠁧󠁿", "🏴󠁧󠁢󠁥󠁮󠁧󠁿"),
        (" \u3000 ", ""),
    ],
)
def test_what_is_no_text_is_left_out(text: str, shown: str) -> None:
    assert displayable(text) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
def test_what_is_displayable_stays_as_it_is(text: str) -> None:
    shown = displayable(text)

    assert displayable(shown) == shown
    assert shown == shown.strip()
    assert len(graphemes(shown)) <= LONGEST


def test_endless_names_are_no_work() -> None:
    begun_s = time.process_time()
    shown = displayable("Ada " * 1_000_000)

    assert len(shown) <= LONGEST
    assert time.process_time() - begun_s < 0.5


@pytest.mark.parametrize(
    ("cluster", "expected"),
    [("😀", True), ("☀", False), ("☀️", True), ("☀︎", False), ("⌚", True), ("A", False), ("1️⃣", True)],
)
def test_what_is_an_emoji(cluster: str, expected: bool) -> None:
    assert is_emoji(cluster) is expected


def test_a_name_of_joined_emoji_falls_apart_into_short_clusters() -> None:
    for name in ("\U0001f468\u200d" * 100, "\U0001f3fb" * 200, "\U0001f44d" + "\ufe0f\u200d" * 100):
        assert max(map(len, graphemes(name))) <= 16
    kiss = "\U0001f469\U0001f3fb\u200d\u2764\ufe0f\u200d\U0001f48b\u200d\U0001f469\U0001f3ff"
    assert graphemes(kiss * 2) == [kiss, kiss]
