"""Processor time is counted by part."""

import time

import pytest

from reelkit.render.report import ENCODE_VIDEO, CpuMeter


def spin(seconds: float) -> None:
    stop_s = time.thread_time() + seconds
    while time.thread_time() < stop_s:
        pass


def test_time_is_counted_where_it_is_spent() -> None:
    meter = CpuMeter()
    with meter.part("mix"):
        spin(0.02)
    with meter.part("mix"):
        spin(0.02)
    with meter.part("mux"):
        spin(0.01)
    with meter.part(ENCODE_VIDEO):  # which is given the time of all other threads, those of earlier tests among them
        spin(0.01)
    spin(0.03)
    parts_s = meter.parts_s()
    assert parts_s["mix"] == pytest.approx(0.04, abs=0.01)
    assert parts_s["mux"] == pytest.approx(0.01, abs=0.005)
    assert parts_s["other"] == pytest.approx(0.03, abs=0.01)


def test_an_error_does_not_lose_the_time() -> None:
    def failing() -> None:
        spin(0.01)
        raise ValueError("x")

    meter = CpuMeter()
    with pytest.raises(ValueError, match="x"), meter.part("mix"):
        failing()
    assert meter.parts_s()["mix"] >= 0.01


def test_what_an_interrupted_run_spent_is_added() -> None:
    meter = CpuMeter()
    meter.add({"mix": 1.0, "other": 2.0, ENCODE_VIDEO: 3.0})
    with meter.part("mix"):
        spin(0.01)
    parts_s = meter.parts_s()
    assert parts_s["mix"] == pytest.approx(1.01, abs=0.005)
    assert parts_s["other"] >= 2.0
    assert parts_s[ENCODE_VIDEO] >= 3.0
