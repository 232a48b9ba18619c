"""Short counters made endless."""

from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.unwrap import MAX_DROPOUT, MAX_MISORDER, SequenceUnwrapper, TimestampUnwrapper

near = st.integers(-MAX_MISORDER, MAX_DROPOUT)


@given(st.integers(0, 65_535), st.lists(near, max_size=50))
def test_sequence_numbers_follow_the_highest(first: int, steps: list[int]) -> None:
    unwrapper = SequenceUnwrapper()
    assert unwrapper.unwrap(first) == first
    highest = first
    for step in steps:
        assert unwrapper.unwrap((highest + step) & 0xFFFF) == highest + step
        highest = max(highest, highest + step)


@given(st.integers(0, 65_535), st.integers(MAX_DROPOUT + 1, 65_536 - MAX_MISORDER - 1))
def test_a_wild_number_is_dropped_and_counting_goes_on(first: int, jump: int) -> None:
    unwrapper = SequenceUnwrapper()
    unwrapper.unwrap(first)
    assert unwrapper.unwrap((first + jump) & 0xFFFF) is None
    assert unwrapper.unwrap((first + 1) & 0xFFFF) == first + 1


@given(st.integers(0, 65_535), st.integers(MAX_DROPOUT + 1, 65_536 - MAX_MISORDER - 1))
def test_two_wild_numbers_in_a_row_are_a_new_start_behind_a_gap(first: int, jump: int) -> None:
    unwrapper = SequenceUnwrapper()
    unwrapper.unwrap(first)
    unwrapper.unwrap((first + jump) & 0xFFFF)
    numbers = [unwrapper.unwrap((first + jump + step) & 0xFFFF) for step in (1, 2, 3)]
    assert numbers == [first + 2, first + 3, first + 4]


@given(st.lists(st.integers(0, 65_535), min_size=1, max_size=60), st.data())
def test_a_restored_sequence_unwrapper_goes_on_alike(numbers: list[int], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(numbers)))
    whole = SequenceUnwrapper()
    expected = [whole.unwrap(number) for number in numbers]
    first = SequenceUnwrapper()
    head = [first.unwrap(number) for number in numbers[:cut]]
    second = SequenceUnwrapper(first.state())
    assert head + [second.unwrap(number) for number in numbers[cut:]] == expected


@given(st.integers(0, (1 << 32) - 1), st.lists(st.integers(-(1 << 31), (1 << 31) - 1), max_size=30))
def test_time_stamps_take_the_nearest_value(first: int, steps: list[int]) -> None:
    unwrapper = TimestampUnwrapper()
    value = first
    assert unwrapper.unwrap(first) == first
    for step in steps:
        value += step
        assert unwrapper.unwrap(value & 0xFFFFFFFF) == value
    assert TimestampUnwrapper(unwrapper.last).unwrap((value + 1) & 0xFFFFFFFF) == value + 1
