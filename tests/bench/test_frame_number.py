import numpy as np
import pytest

from bench.frame_number import read, stamp


def picture(number: int, width: int = 640, height: int = 360) -> np.ndarray:
    luma = np.random.default_rng(number).integers(60, 200, (height, width)).astype(np.uint8)
    stamp(luma, number)
    return luma


@pytest.mark.parametrize("number", [0, 1, 170, 479, 1_023])
def test_is_read_back_from_a_picture_whose_edges_are_cut_off(number: int) -> None:
    assert read(picture(number)) == number
    assert read(picture(number)[6:354, 6:634], cut_px=6) == number


def test_is_read_through_noise() -> None:
    noisy = picture(333) + np.random.default_rng(1).normal(0, 15, (360, 640))

    assert read(noisy.clip(0, 255).astype(np.uint8)) == 333


def test_nothing_is_read_where_there_is_no_number() -> None:
    assert read(np.full((348, 628), 90, np.uint8), cut_px=6) is None
    assert read(np.full((20, 100), 90, np.uint8)) is None


def test_one_square_that_contradicts_its_complement_spoils_the_reading() -> None:
    luma = picture(5)
    luma[24:40, 240:256] = luma[40:56, 240:256]

    assert read(luma) is None
