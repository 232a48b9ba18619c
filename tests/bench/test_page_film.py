import math

import numpy as np
import pytest

from bench.frame_number import stamp
from bench.page_film import CLOCK_BELOW_PX, MODULUS, Change, PageView, numbered, tiles


def view(numbers: list[float], clock_ms: list[float] | None = None, loop: int = MODULUS) -> PageView:
    """Of a film with 30 frames a second."""
    return PageView(
        times_s=np.arange(len(numbers)) / 30,
        seconds=len(numbers) / 30,
        numbers=np.array(numbers).reshape(-1, 1),
        loop=loop,
        clock_ms=None if clock_ms is None else np.array(clock_ms),
        kilobits_per_s=0.0,
    )


def test_every_picture_once_is_nothing_to_complain_of() -> None:
    seen = view([1022, 1023, 0, 1])

    assert (seen.repeated, seen.left_out, seen.unread) == (0, 0, 0)
    assert seen.distinct_per_s == pytest.approx(3 / 4 * 30)


def test_a_loop_begins_anew_without_a_fault() -> None:
    assert view([478, 479, 0, 1], loop=480).left_out == 0


def test_counts_what_is_repeated_left_out_and_unreadable() -> None:
    seen = view([1, 1, 2, 5, math.nan, 6])

    assert (seen.repeated, seen.left_out, seen.unread) == (1, 2, 1)


def test_tells_how_late_and_how_evenly_pictures_are_shown() -> None:
    clock_ms = [(1000 + at * 100 / 3) % MODULUS for at in range(30)]
    even = view(list(range(30)), clock_ms)
    # Those of every other frame come 10 ms early.
    uneven = view(list(range(30)), [time_ms - 10 * (at % 2) for at, time_ms in enumerate(clock_ms)])

    assert even.uneven_ms == pytest.approx(0.0, abs=1e-6)
    assert uneven.uneven_ms == pytest.approx(10.0)
    assert even.late_ms(first_s=1.04) == pytest.approx(40.0)
    assert math.isnan(view([1, 2]).late_ms(0.0))


def test_reads_a_canvas_by_its_number_and_its_clock() -> None:
    luma = np.full((720, 1280), 90, np.uint8)
    stamp(luma, 700)
    stamp(luma[CLOCK_BELOW_PX:], 33)

    assert numbered(luma).numbers == (700,)
    assert numbered(luma).clock_ms == 33


def test_reads_four_people_row_by_row() -> None:
    luma = np.full((720, 1280), 90, np.uint8)
    for index, (top, left) in enumerate([(0, 0), (0, 640), (360, 0), (360, 640)]):
        stamp(luma[top : top + 360, left : left + 640], index + 1)

    assert tiles(luma).numbers == (1, 2, 3, 4)


def test_pictures_without_numbers_are_told_apart_by_what_changes() -> None:
    change = Change()
    slide, next_slide = np.full((720, 1280), 90, np.uint8), np.full((720, 1280), 90, np.uint8)
    next_slide[100:300] = 200

    assert [change(each).numbers[0] for each in (slide, slide, next_slide, next_slide, slide)] == [0, 0, 1, 1, 2]
