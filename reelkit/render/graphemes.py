"""What a reader takes for one character: grapheme clusters, and names without what is no text.

The clusters follow UAX #29 as far as the standard library's character data go: marks, joiners, emoji sequences, flags,
Hangul syllables and the conjuncts of Indic scripts stay together.
"""

import unicodedata
from collections.abc import Iterator

LONGEST = 160
"""Clusters of a text that are looked at; no tile has room for as many."""
_CLUSTER_MAX = 16
"""Code points of a cluster; the longest emoji, a kiss of two people of two colours, has 10. Fonts draw those that do
not belong together side by side, and a name of one cluster would be thousands of pixels wide."""
_MARKS_MAX = 4
"""Marks on one character that are kept. Living languages need three; piles of them paint over the picture."""

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_BLACK_FLAG = "\U0001f3f4"
"""The only emoji that tag characters follow: the flags of England, Scotland and Wales."""
_MARK_CATEGORIES = frozenset(("Mn", "Me", "Mc"))
_NO_TEXT = frozenset(("Cc", "Cf", "Cs", "Co", "Cn"))
_VIRAMA_CLASS = 9
"""Canonical combining class of what joins two consonants to a conjunct."""


def displayable(text: str) -> str:
    """``text`` as it may be painted: on one line, with single spaces, without controls, bidirectional overrides,
    unassigned and private characters, and without piles of marks."""
    kept: list[str] = []
    marks = 0
    for character in " ".join(text[: LONGEST * 16].split()):
        category = unicodedata.category(character)
        before = kept[-1] if kept else ""
        if category in _MARK_CATEGORIES:
            marks += 1
            if not before.strip() or marks > _MARKS_MAX:
                continue
        elif category in _NO_TEXT and not _belongs_to_a_sequence(character, before):
            continue
        else:
            marks = 0
        kept.append(character)
    clusters = graphemes(" ".join("".join(kept).split()).strip(_ZWJ + _ZWNJ))
    return "".join(clusters[:LONGEST])


def graphemes(text: str) -> list[str]:
    """The clusters of ``text`` in its order."""
    return list(_clusters(text))


def is_emoji(cluster: str) -> bool:
    """Whether a cluster is shown as a coloured picture rather than as a letter or a sign."""
    first = cluster[0]
    if "\ufe0e" in cluster:  # the variation selector for text
        return False
    if "\ufe0f" in cluster or "\u20e3" in cluster:
        return True
    return "\U0001f000" <= first <= "\U0001faff" or first in _EMOJI_BY_THEMSELVES


def _belongs_to_a_sequence(character: str, before: str) -> bool:
    if character in (_ZWJ, _ZWNJ):
        return bool(before.strip()) and before not in (_ZWJ, _ZWNJ)
    return _is_tag(character) and (before == _BLACK_FLAG or _is_tag(before))


def _clusters(text: str) -> Iterator[str]:
    cluster = ""
    for character in text:
        if cluster and (len(cluster) == _CLUSTER_MAX or not _continues(cluster, character)):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def _continues(cluster: str, character: str) -> bool:
    """Whether ``character`` belongs to the cluster before it."""
    last = cluster[-1]
    if unicodedata.category(character) in _MARK_CATEGORIES or character in (_ZWJ, _ZWNJ):
        return not cluster.isspace()
    if "\U0001f3fb" <= character <= "\U0001f3ff" or _is_tag(character):  # skin tones
        return is_emoji(cluster)
    if last == _ZWJ:
        return is_emoji(cluster[0]) or is_emoji(cluster) or _joins(cluster[:-1], character)
    if _is_regional(character):
        return _is_regional(last) and len(cluster) == 1
    return _is_syllable(last, character) or _joins(cluster, character)


def _joins(cluster: str, character: str) -> bool:
    """Whether a virama makes a conjunct of two letters of one script."""
    return (
        unicodedata.combining(cluster[-1]) == _VIRAMA_CLASS
        and unicodedata.category(character) == "Lo"
        and _script(cluster[0]) == _script(character)
    )


def _is_syllable(last: str, character: str) -> bool:
    """Whether two Hangul jamo belong to one syllable."""
    if "\u1100" <= last <= "\u115f":  # a leading consonant
        return "\u1100" <= character <= "\u11a7" or "\uac00" <= character <= "\ud7a3"
    if "\u1160" <= last <= "\u11a7" or "\uac00" <= last <= "\ud7a3":  # a vowel or a whole syllable
        return "\u1160" <= character <= "\u11ff"
    return "\u11a8" <= last <= "\u11ff" and "\u11a8" <= character <= "\u11ff"


def _is_regional(character: str) -> bool:
    return "\U0001f1e6" <= character <= "\U0001f1ff"


def _is_tag(character: str) -> bool:
    return "\U000e0020" <= character <= "\U000e007f"


def _script(character: str) -> str:
    return unicodedata.name(character, "").partition(" ")[0]


_EMOJI_BY_THEMSELVES = frozenset(
    "⌚⌛⏩⏪⏫⏬⏰⏳◽◾☔☕♈♉♊♋♌♍♎♏♐♑♒♓♿⚓⚡⚪⚫⚽⚾⛄⛅⛎⛔⛪⛲⛳⛵⛺⛽✅✊✋✨❌❎❓❔❕❗➕➖➗➰➿⬛⬜⭐⭕"
)
"""Characters outside the emoji blocks that are coloured without a variation selector (emoji-data.txt)."""
