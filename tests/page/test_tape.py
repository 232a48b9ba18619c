import numpy as np

from reelkit.page.sound_block import SAMPLE_RATE_HZ, SoundBlock
from reelkit.page.tape import SoundTape


def block(first: int, value: float, count: int = 960) -> SoundBlock:
    return SoundBlock(first, np.full((2, count), value, np.float32), count)


def test_what_was_played_is_read_across_blocks_with_silence_between() -> None:
    tape = SoundTape()
    for each in (block(0, 0.1), SoundBlock(960, None, 960), block(1_920, 0.3)):
        tape.put(each)
    heard = tape.read(900, 1_080)
    assert heard is not None
    assert heard.shape == (1_080, 2)
    assert np.allclose(heard[:60], 0.1)
    assert not heard[60:1_020].any()
    assert np.allclose(heard[1_020:], 0.3)
    assert tape.complete == 2_880


def test_silence_is_told_as_such() -> None:
    tape = SoundTape()
    tape.put(SoundBlock(0, None, 960))
    assert tape.read(0, 960) is None
    assert tape.complete == 960


def test_what_was_forgotten_is_silent() -> None:
    tape = SoundTape()
    for first in range(0, 9_600, 960):
        tape.put(block(first, 0.5))
    tape.forget(4_800)
    assert tape.read(0, 4_800) is None
    assert tape.read(4_800, 960) is not None


def test_a_tape_that_nobody_reads_stays_bounded() -> None:
    tape = SoundTape()
    for first in range(0, 130 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ):
        tape.put(block(first, 0.5, SAMPLE_RATE_HZ))
    assert tape.read(0, SAMPLE_RATE_HZ) is None
    assert tape.lost == 10 * SAMPLE_RATE_HZ
    assert tape.read(20 * SAMPLE_RATE_HZ, SAMPLE_RATE_HZ) is not None
