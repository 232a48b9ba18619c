"""When a track is open, and the fades at its edges."""

import numpy as np
import pytest

from reelkit.render.gate import FADE_SAMPLES, Gate, envelope, fade_in, fading


def gate_of(*intervals: tuple[int, int | None]) -> Gate:
    gate = Gate()
    for begin, end in intervals:
        gate.open(begin)
        if end is not None:
            gate.close(end)
    return gate


@pytest.mark.parametrize(
    ("start", "stop", "expected"),
    [
        (0, 100, False),
        (0, 101, True),
        (150, 151, True),
        (199, 300, True),
        (200, 300, False),
        (200, 301, True),
        (10_000, 10_001, True),
    ],
)
def test_open_within(start: int, stop: int, *, expected: bool) -> None:
    assert gate_of((100, 200), (300, None)).is_open_within(start, stop) is expected


def test_next_opening() -> None:
    gate = gate_of((100, 200), (300, None))
    assert [gate.next_opening(at) for at in (0, 99, 100, 299, 300)] == [100, 100, 300, 300, None]


def test_repeated_events_change_nothing() -> None:
    gate = Gate()
    gate.close(5)
    gate.open(10)
    gate.open(20)
    gate.close(30)
    gate.close(40)
    assert not gate.is_open
    assert not gate.is_open_within(30, 50)
    assert gate.is_open_within(10, 11)


def test_an_event_that_goes_back_does_not_turn_an_interval_round() -> None:
    gate = Gate()
    gate.open(100)
    gate.close(90)
    gate.open(95)
    assert gate.is_open_within(100, 101)
    assert not gate.is_open_within(90, 100)


def test_nothing_is_multiplied_far_from_edges() -> None:
    gate = gate_of((0, 10_000), (20_000, None))
    assert gate.envelope(1_000, 5_000) is None
    assert gate.envelope(21_000, 5_000) is None
    closed = gate.envelope(11_000, 1_000)
    assert closed is not None
    assert not closed.any()


def test_edges_fade_over_five_milliseconds() -> None:
    gain = gate_of((1_000, 3_000)).envelope(0, 4_000)
    assert gain is not None
    assert not gain[:1_000].any()
    assert not gain[3_000:].any()
    assert (gain[1_000 + FADE_SAMPLES : 3_000 - FADE_SAMPLES] == 1).all()
    assert np.abs(np.diff(gain)).max() < 1.5 / FADE_SAMPLES


def test_the_envelope_is_the_same_in_pieces() -> None:
    gate = gate_of((1_000, 1_300), (1_400, 3_000), (3_001, None))
    whole = gate.envelope(0, 5_000)
    pieces = [gate.envelope(at, 100) for at in range(0, 5_000, 100)]
    assert whole is not None
    assert np.array_equal(whole, np.concatenate([np.ones(100) if piece is None else piece for piece in pieces]))


def test_an_interval_without_end() -> None:
    assert envelope([(0, None)], 500, 100) is None
    begun = envelope([(0, None)], 0, 100)
    assert begun is not None
    assert 0 < begun[0] < begun[-1] < 1


def test_fades_begin_and_end_in_silence() -> None:
    sound = np.ones((FADE_SAMPLES, 2), np.float32)
    out = fading(sound)
    assert out[0, 0] > 0.99
    assert out[-1, 0] < 0.01
    fade_in(sound, 0)
    assert sound[0, 0] < 0.01
    later = np.ones((10, 2), np.float32)
    fade_in(later, FADE_SAMPLES)
    assert (later == 1).all()
