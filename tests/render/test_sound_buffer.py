"""Sound that waits to be asked for."""

import numpy as np

from reelkit.render.sound_buffer import SoundBuffer


def ones(count: int) -> np.ndarray:
    return np.ones((count, 2), np.float32)


def test_overlapping_sound_is_summed() -> None:
    buffer = SoundBuffer(100)
    buffer.add(110, ones(20))
    buffer.add(120, ones(20))
    taken = buffer.take(100, 50)
    assert taken is not None
    assert taken[:, 0].tolist() == [0.0] * 10 + [1.0] * 10 + [2.0] * 10 + [1.0] * 10 + [0.0] * 10


def test_silence_is_none() -> None:
    buffer = SoundBuffer()
    assert buffer.take(0, 100) is None
    buffer.add(250, ones(10))
    first = buffer.take(100, 100)
    assert first is not None
    assert not first.any()
    second = buffer.take(200, 100)
    assert second is not None
    assert second[50:60].all()
    assert buffer.take(300, 100) is None


def test_what_comes_late_is_dropped() -> None:
    buffer = SoundBuffer(1_000)
    buffer.add(900, ones(50))
    assert buffer.take(1_000, 10) is None
    buffer.add(1_005, ones(10))
    taken = buffer.take(1_010, 10)
    assert taken is not None
    assert taken[:, 0].tolist() == [1.0] * 5 + [0.0] * 5


def test_time_may_jump_ahead() -> None:
    buffer = SoundBuffer()
    buffer.add(10, ones(100))
    taken = buffer.take(90, 40)
    assert taken is not None
    assert taken[:, 0].tolist() == [1.0] * 20 + [0.0] * 20
    assert buffer.stop == buffer.start == 130


def test_much_sound_fits() -> None:
    buffer = SoundBuffer()
    for at in range(0, 100_000, 960):
        buffer.add(at, ones(960))
    taken = buffer.take(0, 96_000)
    assert taken is not None
    assert taken.all()
