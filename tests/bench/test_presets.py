import math

import pytest

from bench.encoder_alone import Encoded
from bench.presets import CRFS, Curve, kilobits_per_s, megabytes_per_hour

FPS = 30


@pytest.fixture
def curve() -> Curve:
    """Half the bits, 0.01 less SSIM and 0.01 less core for each 3 of CRF, from 4000 kb/s at CRF 20."""
    return Curve(
        "some",
        CRFS["H264"],
        tuple(
            Encoded(
                frames=FPS,
                bits=round(4e6 / 2 ** ((crf - 20) / 3)),
                cpu_s=0.2 - (crf - 20) / 300,
                ssim=0.99 - (crf - 20) / 300,
                psnr_db=45 - (crf - 20),
            )
            for crf in CRFS["H264"]
        ),
        FPS,
    )


def test_a_measured_point_is_given_back(curve: Curve) -> None:
    crf, rate, cores = curve.at_ssim(0.98)

    assert crf == pytest.approx(23)
    assert rate == pytest.approx(2_000)
    assert cores == pytest.approx(0.19)


def test_bit_rates_are_interpolated_by_their_logarithms(curve: Curve) -> None:
    assert curve.at_ssim(0.985)[1] == pytest.approx(4_000 / math.sqrt(2), rel=1e-4)
    crf, ssim, psnr_db, _ = curve.at_rate(4_000 / math.sqrt(2))
    assert crf == pytest.approx(21.5)
    assert ssim == pytest.approx(0.985)
    assert psnr_db == pytest.approx(43.5)


def test_nothing_is_told_of_what_was_not_reached(curve: Curve) -> None:
    assert all(math.isnan(value) for value in (*curve.at_ssim(0.91), *curve.at_rate(9_000)))


def test_sizes_include_the_sound() -> None:
    assert megabytes_per_hour(1_031) == pytest.approx(500, rel=1e-3)
    assert kilobits_per_s(megabytes_per_hour(700.0)) == pytest.approx(700.0)
