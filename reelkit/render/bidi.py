"""The order in which a line of mixed directions is seen: the Unicode bidirectional algorithm (UAX #9).

Names hold no explicit embeddings, overrides or isolates (:func:`reelkit.render.graphemes.displayable` removes them), so
the rules for those are not here.
"""

import unicodedata
from collections.abc import Callable, Sequence
from itertools import groupby
from typing import TypeVar

_T = TypeVar("_T")

_STRONG = frozenset(("L", "R", "AL"))
_NEUTRAL = frozenset(("B", "S", "WS", "ON"))
_PAIRS = {
    "(": ")",
    "[": "]",
    "{": "}",
    "⟨": "⟩",
    "〈": "〉",
    "「": "」",
    "『": "』",
    "【": "】",
    "（": "）",
    "［": "］",
}
_BRACKETS_MAX = 63
"""Open brackets at a time beyond which pairs are not looked for (BD16)."""


def levels(text: str) -> list[int]:
    """The embedding level of each character: even ones run from left to right, odd ones from right to left."""
    base = base_level(text)
    types = [unicodedata.bidirectional(character) or "L" for character in text]
    _resolve_weak(types, "R" if base else "L")
    _resolve_brackets(text, types, base)
    _resolve_neutral(types, base)
    found = [_level(kind, base) for kind in types]
    for index in range(len(text) - 1, -1, -1):  # L1: spaces at the end lie where the line ends
        if not text[index].isspace():
            break
        found[index] = base
    return found


def base_level(text: str) -> int:
    """1 for a text whose first letter runs from right to left, 0 for any other (P2, P3)."""
    for character in text:
        kind = unicodedata.bidirectional(character)
        if kind in _STRONG:
            return int(kind != "L")
    return 0


def visual_order(items: Sequence[_T], level_of: Callable[[_T], int]) -> list[_T]:
    """``items`` of a line from left to right (L2)."""
    ordered = list(items)
    highest = max((level_of(item) for item in ordered), default=0)
    for level in range(highest, 0, -1):
        stretches = [list(group) for _, group in groupby(ordered, key=lambda item: level_of(item) >= level)]
        ordered = [
            item for stretch in stretches for item in (reversed(stretch) if level_of(stretch[0]) >= level else stretch)
        ]
    return ordered


def _resolve_weak(types: list[str], start: str) -> None:
    """W1 … W7."""
    _resolve_marks_and_digits(types, start)
    for index in range(1, len(types) - 1):  # W4
        around = types[index - 1], types[index + 1]
        if around == ("EN", "EN") and types[index] in ("ES", "CS"):
            types[index] = "EN"
        elif around == ("AN", "AN") and types[index] == "CS":
            types[index] = "AN"
    position = 0
    for kind, group in groupby(list(types)):  # W5
        length = len(list(group))
        beside = types[max(position - 1, 0) : position] + types[position + length : position + length + 1]
        if kind == "ET":
            types[position : position + length] = ["EN" if "EN" in beside else "ON"] * length
        position += length
    strong = start
    for index, kind in enumerate(types):  # W6, W7
        if kind in _STRONG:
            strong = kind
        elif kind in ("ES", "CS"):
            types[index] = "ON"
        elif kind == "EN" and strong == "L":
            types[index] = "L"


def _resolve_marks_and_digits(types: list[str], start: str) -> None:
    """W1 … W3."""
    strong = before = start
    for index, given in enumerate(types):
        kind = before if given in ("NSM", "BN") else given
        if kind in _STRONG:
            strong = kind
        before = "AN" if kind == "EN" and strong == "AL" else kind
        types[index] = "R" if before == "AL" else before


def _resolve_brackets(text: str, types: list[str], base: int) -> None:
    """N0: a pair of brackets goes with what is inside it, or with what it stands in."""
    embedding = "R" if base else "L"
    for opening, closing in _bracket_pairs(text, types):
        inside = {_direction(kind) for kind in types[opening + 1 : closing]}
        if embedding in inside:
            found = embedding
        elif inside & {"L", "R"}:
            before = next((kind for kind in map(_direction, reversed(types[:opening])) if kind), embedding)
            found = before if before in inside else embedding
        else:
            continue
        types[opening] = types[closing] = found


def _bracket_pairs(text: str, types: Sequence[str]) -> list[tuple[int, int]]:
    """BD16, in order of the opening brackets."""
    pairs: list[tuple[int, int]] = []
    waiting: list[tuple[str, int]] = []
    for index, character in enumerate(text):
        if types[index] != "ON":
            continue
        if character in _PAIRS:
            if len(waiting) == _BRACKETS_MAX:
                return []
            waiting.append((_PAIRS[character], index))
        else:
            place = next((at for at in range(len(waiting) - 1, -1, -1) if waiting[at][0] == character), None)
            if place is not None:
                pairs.append((waiting[place][1], index))
                del waiting[place:]
    return sorted(pairs)


def _resolve_neutral(types: list[str], base: int) -> None:
    """N1 and N2: what has no direction takes that of both sides if it is the same, else the line's."""
    embedding = "R" if base else "L"
    position = 0
    for neutral, group in groupby(list(types), key=lambda kind: kind in _NEUTRAL):
        length = len(list(group))
        if neutral:
            before = _direction(types[position - 1]) if position else embedding
            after = _direction(types[position + length]) if position + length < len(types) else embedding
            types[position : position + length] = [before if before == after else embedding] * length
        position += length


def _direction(kind: str) -> str:
    """The strong direction that a resolved type counts as; empty for none."""
    if kind == "L":
        return "L"
    return "R" if kind in ("R", "EN", "AN") else ""


def _level(kind: str, base: int) -> int:
    """I1 and I2."""
    if base == 0:
        return {"R": 1, "AN": 2, "EN": 2}.get(kind, 0)
    return 1 if kind == "R" else 2
