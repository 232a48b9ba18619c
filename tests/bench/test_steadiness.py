import numpy as np

from bench.steadiness import On, steadiness
from testbed.checker.sight import UNREAD
from testbed.timeline import FPS, LOOP_FRAMES

FIRST_S = 1_000.0


def times(frames: int) -> np.ndarray:
    return np.arange(frames) / FPS


def counts(numbers: list[int]) -> np.ndarray:
    return np.array(numbers, np.int32)


def test_a_camera_that_shows_each_picture_once_has_no_faults() -> None:
    numbers = counts([(LOOP_FRAMES - 30 + number) % LOOP_FRAMES for number in range(90)])

    found = steadiness(times(90), numbers, FIRST_S, [On(FIRST_S, FIRST_S, FIRST_S + 3)])

    assert found.owed == 90
    assert found.faults("Ada") == []


def test_tells_missing_repeated_and_left_out_pictures_apart() -> None:
    numbers = [*range(30), UNREAD, 31, 31, *range(34, 60)]

    found = steadiness(times(len(numbers)), counts(numbers), FIRST_S, [On(FIRST_S, FIRST_S, FIRST_S + 9)])

    assert found.missing == (30 / FPS,)
    assert found.repeated == (32 / FPS,)
    assert found.left_out == (33 / FPS,)
    assert [fault.split(":")[0] for fault in found.faults("Ada")] == ["Ada"] * 3


def test_going_back_is_a_fault() -> None:
    found = steadiness(times(3), counts([7, 6, 7]), FIRST_S, [On(FIRST_S, FIRST_S, FIRST_S + 1)])

    assert found.left_out == (1 / FPS,)


def test_nothing_is_owed_outside_the_stretches() -> None:
    numbers = [UNREAD] * 30 + list(range(30)) + [UNREAD] * 30 + list(range(500, 530))
    stretches = [On(FIRST_S + 0.9, FIRST_S + 1, FIRST_S + 2), On(FIRST_S + 2.9, FIRST_S + 3, FIRST_S + 4)]

    found = steadiness(times(120), counts(numbers), FIRST_S, stretches)

    assert found.owed == 60
    assert found.faults("Ada") == []
    assert found.last_shown_s == (FIRST_S + 59 / FPS, FIRST_S + 119 / FPS)


def test_a_picture_that_is_held_after_the_end_does_not_count_as_shown() -> None:
    numbers = [*range(30), *[29] * 15, *[UNREAD] * 15]

    found = steadiness(times(60), counts(numbers), FIRST_S, [On(FIRST_S, FIRST_S, FIRST_S + 0.9)])

    assert found.last_shown_s == (FIRST_S + 29 / FPS,)
    assert found.faults("Ada") == []


def test_a_camera_that_was_never_seen_has_no_last_picture() -> None:
    found = steadiness(times(30), counts([UNREAD] * 30), FIRST_S, [On(FIRST_S, FIRST_S, FIRST_S + 1)])

    assert len(found.missing) == 30
    assert found.last_shown_s == (None,)
