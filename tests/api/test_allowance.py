from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from reelkit.api.allowance import Allowance
from tests.control.manual_clock import ManualClock

COUNT, WINDOW_S = 5, 7.0


def test_the_documented_limit_is_had_at_once_and_again_after_its_window() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, 3_500, 300.0, 10)
    for _ in range(2):
        assert not any(allowance.wait_s("ada") for _ in range(3_500))
        assert 0 < allowance.wait_s("ada") <= 300 / 3_500
        clock.now_s += 300


@given(pauses_s=st.lists(st.floats(0, 3), min_size=1, max_size=100))
def test_within_a_window_nobody_gets_more_than_twice_the_limit(pauses_s: list[float]) -> None:
    clock = ManualClock()
    allowance = Allowance(clock, COUNT, WINDOW_S, 10)
    admitted: deque[float] = deque()
    for pause_s in pauses_s:
        clock.now_s += pause_s
        wait_s = allowance.wait_s("ada")
        if wait_s:
            # What is told is true: then, and not before, the next one passes.
            clock.now_s += wait_s - 1e-3
            assert allowance.wait_s("ada") > 0
            clock.now_s += 2e-3
            assert allowance.wait_s("ada") == 0
        admitted.append(clock.now_s)
        while admitted[0] <= clock.now_s - WINDOW_S:
            admitted.popleft()
        assert len(admitted) <= 2 * COUNT


def test_what_is_remembered_is_bounded() -> None:
    clock = ManualClock()
    allowance = Allowance(clock, COUNT, WINDOW_S, 10)
    for number in range(100):
        allowance.wait_s(f"holder-{number}")
        assert len(allowance) <= 10
    clock.now_s += WINDOW_S
    for _ in range(5):
        allowance.wait_s("one")
    assert len(allowance) == 1
