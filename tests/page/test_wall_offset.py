import itertools

import pytest

from reelkit.page.wall_offset import WallOffset
from tests.page.clocks import WALL_S, SetClock


def test_a_clock_that_is_set_is_followed_at_once() -> None:
    clock = SetClock()
    offset = WallOffset(clock)
    assert offset.now_s() == WALL_S
    clock.ahead_s += 3_600.0
    assert offset.now_s() == WALL_S + 3_600.0


def test_a_clock_that_is_slewed_is_followed_without_jumps() -> None:
    clock = SetClock()
    offset = WallOffset(clock)
    clock.ahead_s += 0.04
    moved = [offset.now_s() - WALL_S for _ in range(200)]
    steps = [after - before for before, after in itertools.pairwise(moved)]
    assert max(steps) <= 0.002
    assert moved[-1] == pytest.approx(0.04, abs=1e-4)
