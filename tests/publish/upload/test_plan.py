"""Parts that keep to the rules and cover a file exactly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelkit.publish.storage.base import PartRules
from reelkit.publish.upload.digest import BLOCK_BYTES
from reelkit.publish.upload.plan import Layout, Span

MIB = 1 << 20
S3 = PartRules(5 * MIB, 1 << 30, 10_000, uniform=False, positional=False)
R2 = PartRules(5 * MIB, 1 << 30, 10_000, uniform=True, positional=False)
AZURE = PartRules(1, 1 << 30, 50_000, uniform=False, positional=False)
SFTP = PartRules(1, 1 << 30, 1 << 30, uniform=False, positional=True)
TIGHT = PartRules(9 * MIB, 40 * MIB, 50, uniform=False, positional=False)


def check(spans: list[Span], rules: PartRules, head_bytes: int, data_bytes: int) -> None:
    assert [span.number for span in spans] == list(range(1, len(spans) + 1))
    assert len(spans) <= rules.max_parts
    at = -head_bytes
    for span in spans:
        assert span.start == at
        at = span.stop
    assert at == data_bytes
    sizes = [span.size_bytes for span in spans]
    assert all(rules.min_bytes <= size for size in sizes[:-1]) or rules.positional
    assert all(0 < size <= rules.max_bytes for size in sizes)
    if rules.uniform:
        assert len(set(sizes[:-1])) <= 1
        assert sizes[-1] <= sizes[0]


@settings(deadline=None, max_examples=60)
@given(
    rules=st.sampled_from([S3, R2, AZURE, SFTP, TIGHT]),
    head_bytes=st.one_of(st.integers(0, 70 * MIB), st.sampled_from([0, 8 * MIB, 16 * MIB])),
    data_bytes=st.one_of(st.integers(0, 1 << 30), st.integers(0, 1 << 36)),
)
def test_a_file_is_covered_whether_it_grew_or_not(rules: PartRules, head_bytes: int, data_bytes: int) -> None:
    size = head_bytes + data_bytes
    if 0 < size <= rules.max_bytes * rules.max_parts:
        whole = Layout.finished(rules, size)
        spans = whole.all_spans(0, size)
        assert spans is not None
        check(spans, rules, 0, size)
    layout = Layout.growing(rules, head_bytes)
    if layout is not None and data_bytes:
        grown = list(layout.data_spans(data_bytes))
        assert all(span.start >= 0 and span.stop <= data_bytes for span in grown)
        assert all(span.start % BLOCK_BYTES == span.stop % BLOCK_BYTES == 0 for span in grown)
        spans = layout.all_spans(head_bytes, data_bytes)
        if spans is not None:
            check(spans, rules, head_bytes, data_bytes)
            first = grown[0].number - 1 if grown else 0
            assert spans[first : first + len(grown)] == grown


@settings(deadline=None, max_examples=60)
@given(
    rules=st.sampled_from([S3, R2, AZURE, SFTP, TIGHT]),
    head_bytes=st.sampled_from([0, 1, 64 << 10, 8 * MIB]),
    steps=st.lists(st.integers(0, 1 << 30), min_size=2, max_size=5),
)
def test_parts_keep_their_places_while_a_file_grows(rules: PartRules, head_bytes: int, steps: list[int]) -> None:
    layout = Layout.growing(rules, head_bytes)
    if layout is None:
        return
    known: list[Span] = []
    for data_bytes in sorted(steps):
        spans = list(layout.data_spans(data_bytes))
        assert spans[: len(known)] == known
        known = spans
    # A restarted process reads its layout back.
    assert list(Layout.model_validate_json(layout.model_dump_json()).data_spans(max(steps))) == known


@pytest.mark.parametrize(
    ("rules", "head_bytes", "fits"),
    [
        (S3, 0, True),
        (S3, 64 << 10, True),
        (R2, 0, True),
        (R2, 64 << 10, False),
        (R2, 8 * MIB, True),
        (R2, 12 * MIB, False),
        (SFTP, 64 << 10, True),
        (PartRules(1, 4 * MIB, 10, uniform=False, positional=False), 0, False),
        (PartRules(1, 16 * MIB, 10, uniform=False, positional=False), 9 * MIB, False),
    ],
)
def test_which_files_can_be_sent_while_they_grow(rules: PartRules, head_bytes: int, fits: bool) -> None:
    assert (Layout.growing(rules, head_bytes) is not None) == fits


def test_a_head_of_any_size_is_in_front_of_what_was_sent() -> None:
    layout = Layout.growing(S3, 64 << 10)
    assert layout is not None
    data = 100 * MIB
    small, large = layout.all_spans(64 << 10, data), layout.all_spans(16 * MIB, data)
    assert small is not None
    assert large is not None
    assert small[1:] == large[1:]
    assert small[0] == Span(1, -(64 << 10), BLOCK_BYTES)
    assert large[0] == Span(1, -16 * MIB, BLOCK_BYTES)


@pytest.mark.parametrize("rules", [R2, SFTP])
def test_a_head_that_moves_parts_must_stay_what_it_was(rules: PartRules) -> None:
    layout = Layout.growing(rules, 8 * MIB)
    assert layout is not None
    assert layout.all_spans(8 * MIB, 100 * MIB) is not None
    assert layout.all_spans(16 * MIB, 100 * MIB) is None


def test_long_files_get_larger_parts() -> None:
    """A day at 30 Mbit/s is 324 GB."""
    layout = Layout.growing(S3, 64 << 10)
    assert layout is not None
    spans = layout.all_spans(64 << 20, 324_000_000_000)
    assert spans is not None
    assert spans[-2].size_bytes == 128 * MIB
    assert layout.all_spans(64 << 20, 600_000_000_000) is None
    assert Layout.finished(S3, 600_000_000_000).part_bytes == 60_000_000


def test_files_beyond_all_rules_are_refused() -> None:
    with pytest.raises(ValueError, match="size"):
        Layout.finished(S3, 10_000 * (1 << 30) + 1)
