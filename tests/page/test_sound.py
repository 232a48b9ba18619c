import math
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from reelkit.capture.events import RecordingMarked
from reelkit.page.sound import PageSound
from reelkit.page.sound_block import BLOCK_SAMPLES, SAMPLE_RATE_HZ, SoundBlock
from reelkit.page.tape import SoundTape
from reelkit.page.wall_offset import WallOffset
from reelkit.render.encoder_audio import FRAME_SAMPLES
from reelkit.render.errors import CheckpointError
from reelkit.render.gate import FADE_SAMPLES
from reelkit.render.timeline import Timeline
from tests.page.clocks import WALL_S, SetClock

Mark = Literal["started", "paused", "resumed", "stopped"]


class Film:
    """The sound of a film whose recording begins at a second of the monotonic clock, and a tape whose every sample
    tells its place."""

    def __init__(self, start_s: float = 1.0, *, tape: bool = True) -> None:
        self.clock = SetClock()
        self.timeline = Timeline(30, recording_id="r")
        self.tape = SoundTape() if tape else None
        self.sound = PageSound(self.timeline, self.tape, WallOffset(self.clock))
        self.mark(start_s, "started")

    def mark(self, at_s: float, mark: Mark) -> None:
        self.timeline.extend([RecordingMarked(time_s=WALL_S + at_s, recording_id="r", mark=mark)])

    def play(self, until_s: float) -> None:
        """A ramp that goes from 0 to 0.5 within each second."""
        assert self.tape is not None
        for first in range(max(0, self.tape.complete), round(until_s * SAMPLE_RATE_HZ), BLOCK_SAMPLES):
            place = ramp(first, BLOCK_SAMPLES)
            self.tape.put(SoundBlock(first, np.stack((place, -place)), BLOCK_SAMPLES))


def ramp(first: int, count: int) -> NDArray[np.float32]:
    return ((np.arange(first, first + count) % SAMPLE_RATE_HZ) / (2 * SAMPLE_RATE_HZ)).astype(np.float32)


def test_what_was_played_is_heard_at_its_time() -> None:
    film = Film()
    film.play(3.0)
    heard = film.sound.render(20)
    assert heard.shape == (2, 20 * FRAME_SAMPLES)
    expected = ramp(SAMPLE_RATE_HZ, 20 * FRAME_SAMPLES)
    assert np.allclose(heard[0, FADE_SAMPLES:], expected[FADE_SAMPLES:], atol=1e-6)
    assert np.allclose(heard[1], -heard[0])
    assert film.sound.silenced_s == 0.0


def test_sound_is_ready_as_far_as_the_loudspeaker_is() -> None:
    film = Film()
    film.play(2.0)
    assert film.sound.ready_until_s(WALL_S) == pytest.approx(WALL_S + 2.0, abs=0.01)
    assert film.tape is not None
    film.tape.end()
    assert film.sound.ready_until_s(WALL_S) == math.inf


def test_a_pause_is_not_heard_and_its_edges_are_soft() -> None:
    film = Film()
    film.play(10.0)
    film.mark(2.0, "paused")
    film.mark(5.5, "resumed")
    film.mark(7.5, "stopped")
    heard = film.sound.render(-(-3 * SAMPLE_RATE_HZ // FRAME_SAMPLES))[0]
    seam = SAMPLE_RATE_HZ
    assert np.allclose(
        heard[FADE_SAMPLES : seam - FADE_SAMPLES], ramp(seam, seam)[FADE_SAMPLES:-FADE_SAMPLES], atol=1e-6
    )
    assert abs(float(heard[seam - 1])) < 0.01
    after = ramp(round(5.5 * SAMPLE_RATE_HZ), 2 * SAMPLE_RATE_HZ)
    assert np.allclose(heard[seam + FADE_SAMPLES : seam + 20_000], after[FADE_SAMPLES:20_000], atol=1e-6)
    assert not heard[3 * SAMPLE_RATE_HZ :].any()


def test_the_sound_is_moved_when_the_wall_clock_strays() -> None:
    film = Film()
    film.play(8.0)
    film.sound.render(10)
    film.clock.ahead_s += 0.02
    for _ in range(200):
        film.sound.poll(WALL_S)
    film.sound.render(10)
    heard = film.sound.render(10)[0]
    # The wall clock is 20 ms ahead of where it was: its instants lie 20 ms earlier on the tape.
    expected = ramp(SAMPLE_RATE_HZ + 20 * FRAME_SAMPLES - 960, 10 * FRAME_SAMPLES)
    assert np.allclose(heard, expected, atol=1e-4)


def test_what_is_too_loud_is_limited() -> None:
    film = Film()
    assert film.tape is not None
    for first in range(0, 3 * SAMPLE_RATE_HZ, BLOCK_SAMPLES):
        film.tape.put(SoundBlock(first, np.full((2, BLOCK_SAMPLES), 900.0, np.float32), BLOCK_SAMPLES))
    assert np.abs(film.sound.render(40)).max() < 0.9


def test_sound_that_does_not_come_is_silence_and_counted() -> None:
    film = Film()
    film.play(1.5)
    assert film.tape is not None
    film.tape.end()
    film.sound.render(2 * SAMPLE_RATE_HZ // FRAME_SAMPLES)
    assert film.sound.silenced_s == pytest.approx(1.5, abs=0.05)


def test_another_renderer_goes_on_where_the_sound_was() -> None:
    earlier = Film()
    earlier.play(5.0)
    whole = earlier.sound.render(20)
    checkpoint = earlier.sound.checkpoint()
    following = earlier.sound.render(20)
    later = Film()
    later.play(5.0)
    later.sound.restore(checkpoint)
    assert np.array_equal(later.sound.render(20), following)
    assert whole.shape == following.shape
    with pytest.raises(CheckpointError):
        later.sound.restore({"page": {"position": None}})


def test_without_a_page_there_is_silence() -> None:
    film = Film(tape=False)
    assert not film.sound.render(5).any()
    assert film.sound.ready_until_s(WALL_S) == math.inf


def test_a_renderer_that_is_behind_at_the_end_still_has_all() -> None:
    film = Film()
    film.play(40.0)
    film.mark(35.0, "stopped")
    film.sound.poll(WALL_S + 40.0)
    heard = film.sound.render(50)[0]
    assert np.allclose(heard[FADE_SAMPLES:], ramp(SAMPLE_RATE_HZ, 50 * FRAME_SAMPLES)[FADE_SAMPLES:], atol=1e-6)
    assert film.sound.silenced_s == 0.0


def test_sound_that_was_given_up_is_counted() -> None:
    film = Film()
    film.play(131.0)
    film.sound.render(5 * SAMPLE_RATE_HZ // FRAME_SAMPLES)
    assert film.sound.silenced_s == pytest.approx(5.0, abs=0.05)
