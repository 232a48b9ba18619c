"""Order out of disorder."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from reelkit.capture.reorder import ReorderBuffer

WAIT_S = 1.0


class Recorded:
    """A buffer and what it released: (item, lost before it)."""

    def __init__(self) -> None:
        self.released: list[tuple[str, int]] = []
        self.buffer: ReorderBuffer[str] = ReorderBuffer(self._take, WAIT_S)

    def _take(self, item: str, lost_before: int) -> None:
        self.released.append((item, lost_before))

    def add(self, sequence: int, arrival_s: float) -> bool:
        return self.buffer.add(sequence, arrival_s, f"p{sequence}")


def test_what_comes_in_order_passes_at_once() -> None:
    recorded = Recorded()
    for sequence in (5, 6, 7):
        assert recorded.add(sequence, 0.0)
    assert recorded.released == [("p5", 0), ("p6", 0), ("p7", 0)]


def test_a_late_packet_takes_its_place() -> None:
    recorded = Recorded()
    for sequence, arrival_s in ((1, 0.0), (3, 0.1), (4, 0.2), (2, 1.1)):
        assert recorded.add(sequence, arrival_s)
    assert recorded.released == [("p1", 0), ("p2", 0), ("p3", 0), ("p4", 0)]
    assert recorded.buffer.waiting_since_s == float("inf")


def test_a_missing_packet_is_given_up_a_second_after_the_one_behind_it_came() -> None:
    recorded = Recorded()
    for sequence, arrival_s in ((1, 0.0), (4, 0.1), (5, 1.1)):
        recorded.add(sequence, arrival_s)
    assert recorded.released == [("p1", 0)]
    recorded.buffer.advance(1.1)
    assert recorded.released == [("p1", 0)]
    recorded.buffer.advance(1.11)
    assert recorded.released == [("p1", 0), ("p4", 2), ("p5", 0)]
    assert not recorded.add(3, 1.2)


def test_a_packet_that_arrives_after_the_wait_is_too_late_whoever_notices_first() -> None:
    recorded = Recorded()
    for sequence, arrival_s in ((1, 0.0), (3, 0.1)):
        recorded.add(sequence, arrival_s)
    assert not recorded.add(2, 1.2)
    assert recorded.released == [("p1", 0), ("p3", 1)]


def test_a_second_gap_waits_for_its_own_second() -> None:
    recorded = Recorded()
    for sequence, arrival_s in ((1, 0.0), (3, 0.0), (5, 0.6), (6, 0.7)):
        recorded.add(sequence, arrival_s)
    recorded.buffer.advance(1.5)
    assert recorded.released == [("p1", 0), ("p3", 1)]
    assert recorded.add(4, 1.55)
    assert [item for item, _ in recorded.released] == ["p1", "p3", "p4", "p5", "p6"]


def test_duplicates_are_refused_before_and_after_release() -> None:
    recorded = Recorded()
    assert recorded.add(1, 0.0)
    assert not recorded.add(1, 0.0)
    assert recorded.add(3, 0.0)
    assert not recorded.add(3, 0.0)


def test_padding_fills_its_place_and_does_not_hide_a_loss() -> None:
    recorded = Recorded()
    recorded.add(1, 0.0)
    recorded.buffer.add(2, 0.0, None)
    recorded.add(3, 0.0)
    recorded.buffer.add(5, 0.0, None)
    recorded.add(6, 0.0)
    recorded.buffer.advance(2.0)
    assert recorded.released == [("p1", 0), ("p3", 0), ("p6", 1)]


@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 300)), max_size=60))
def test_whatever_arrives_each_number_is_released_once_in_order_and_losses_add_up(
    steps: list[tuple[int, int]],
) -> None:
    recorded = Recorded()
    now_s = 0.0
    for sequence, step_ms in steps:
        now_s += step_ms / 1000
        recorded.add(sequence, now_s)
    recorded.buffer.advance(float("inf"))
    numbers = [int(item[1:]) for item, _ in recorded.released]
    assert numbers == sorted(set(numbers))
    assert set(numbers) <= {sequence for sequence, _ in steps}
    for (before, after), (_, lost) in zip(pairwise(numbers), recorded.released[1:], strict=True):
        assert after - before - 1 == lost
