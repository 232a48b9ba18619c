"""Streams by a clock that is a number."""

from itertools import pairwise

import numpy as np

from reelkit.page.playback import TARGET_S, Playback
from reelkit.page.pulse_protocol import NO_INDEX, Command
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_block import BLOCK_SAMPLES, SAMPLE_RATE_HZ
from tests.page.sound import Samples, interleaved

TARGET = round(TARGET_S * SAMPLE_RATE_HZ)
FRAME_BYTES = 8
START = 1_000_000
_SCALE = 2.0**-20


class Listener:
    """A client with one stream, whose samples are numbered from 1 on, and whoever hears it."""

    def __init__(self, *, rate_hz: int = SAMPLE_RATE_HZ, begin_bytes: int = NO_INDEX, corked: bool = False) -> None:
        spec = SampleSpec(SampleFormat.FLOAT32LE, 2, rate_hz)
        self.heard = np.zeros(SAMPLE_RATE_HZ * 2)
        """Which sample was heard at each time from ``START`` on; 0 is silence."""
        self.news: list[Command] = []
        self.stream = Playback(spec, (1, 2), begin_bytes, corked=corked, mix=self._mix, tell=self.news.append)
        self.written = 0

    def write(self, count: int, now: int) -> None:
        numbers = (np.arange(self.written + 1, self.written + count + 1) * _SCALE).astype(np.float32)
        self.stream.write(interleaved(numbers, numbers), now)
        self.written += count

    def ask(self, now: int) -> int:
        """Samples."""
        return self.stream.request_bytes(now) // FRAME_BYTES

    def runs(self) -> list[tuple[int, int, int]]:
        """What was heard without a break: since when, from which sample on, and how many."""
        heard = np.rint(self.heard / _SCALE).astype(int)
        silence = len(heard)
        run = np.where(heard > 0, heard - np.arange(len(heard)), silence)
        steps = np.flatnonzero(np.diff(run, prepend=silence, append=silence)).tolist()
        return [(START + begin, int(heard[begin]), end - begin) for begin, end in pairwise(steps) if heard[begin]]

    def _mix(self, first_sample: int, samples: Samples) -> None:
        begin = first_sample - START
        assert not self.heard[begin : begin + samples.shape[1]].any(), "something is heard twice"
        self.heard[begin : begin + samples.shape[1]] = samples[0]


def test_it_starts_the_moment_there_is_enough() -> None:
    listener = Listener()
    assert listener.ask(START) == TARGET
    listener.write(TARGET - 1, START + 100)
    assert listener.news == []
    listener.write(1, START + 345)
    assert listener.news == [Command.STARTED]
    listener.stream.play(START + BLOCK_SAMPLES)
    assert listener.runs() == [(START + 345, 1, BLOCK_SAMPLES - 345)]


def test_a_client_that_answers_is_kept_at_the_same_distance() -> None:
    listener = Listener()
    listener.write(listener.ask(START), START)
    for turn in range(1, 20):
        now = START + turn * BLOCK_SAMPLES
        assert listener.ask(now) == BLOCK_SAMPLES
        assert listener.ask(now) == 0
        # Chromium always writes whole buffers of its own.
        due = turn * BLOCK_SAMPLES + TARGET - listener.written
        listener.write(-(-due // 512) * 512, now)
        written_bytes, heard_bytes = listener.stream.indexes(now)
        assert heard_bytes == turn * BLOCK_SAMPLES * FRAME_BYTES
        assert TARGET <= (written_bytes - heard_bytes) // FRAME_BYTES < TARGET + 512
    listener.stream.play(now)
    assert listener.runs() == [(START, 1, now - START)]
    assert listener.stream.underruns == 0


def test_what_comes_late_is_heard_in_time_until_it_has_been_played() -> None:
    listener = Listener()
    listener.write(listener.ask(START), START)
    late = START + TARGET + 3_000
    assert listener.ask(late) == TARGET + 3_000
    assert listener.stream.running
    assert listener.stream.indexes(late) == (TARGET * FRAME_BYTES, (TARGET + 3_000) * FRAME_BYTES)
    listener.write(TARGET + 3_000, late)
    listener.stream.play(late)
    assert listener.runs() == [(START, 1, TARGET + 3_000)]
    assert listener.news == [Command.STARTED]


def test_what_comes_too_late_is_heard_when_it_comes() -> None:
    listener = Listener()
    listener.write(listener.ask(START), START)
    listener.stream.play(START + TARGET + 80)
    assert listener.stream.underruns == 1
    assert not listener.stream.running
    assert listener.ask(START + TARGET + 80) == TARGET
    listener.write(TARGET, START + 5_000)
    listener.stream.play(START + 6_000)
    assert listener.runs() == [(START, 1, TARGET), (START + 5_000, TARGET + 1, 1_000)]
    assert listener.news == [Command.STARTED, Command.UNDERFLOW, Command.STARTED]


def test_a_corked_stream_keeps_its_place() -> None:
    listener = Listener(corked=True)
    listener.write(listener.ask(START), START)
    listener.stream.play(START + 500)
    listener.stream.uncork(START + 700)
    listener.stream.cork(START + 1_000)
    assert listener.stream.indexes(START + 9_000) == (TARGET * FRAME_BYTES, 300 * FRAME_BYTES)
    listener.stream.play(START + 2_000)
    listener.stream.uncork(START + 2_500)
    assert listener.ask(START + 2_500) == 300
    assert listener.news == [Command.STARTED], "there has to be enough again"
    listener.write(300, START + 2_600)
    listener.stream.play(START + 2_700)
    assert listener.runs() == [(START + 700, 1, 300), (START + 2_600, 301, 100)]
    assert listener.stream.underruns == 0


def test_flushing_drops_what_was_not_heard() -> None:
    listener = Listener()
    listener.write(listener.ask(START) + 64, START)
    listener.stream.flush(START + 960)
    assert listener.stream.indexes(START + 960) == (960 * FRAME_BYTES, 960 * FRAME_BYTES)
    # It has written 64 more than it was asked for, and subtracts them.
    assert listener.ask(START + 960) == TARGET + 64
    listener.write(TARGET, START + 1_000)
    listener.stream.play(START + 1_100)
    assert listener.runs() == [(START, 1, 960), (START + 1_000, TARGET + 65, 100)]


def test_the_end_need_not_be_enough_to_begin_with() -> None:
    listener = Listener()
    listener.write(100, START)
    listener.stream.drain(START + 50)
    assert not listener.stream.drained(START + 149)
    assert listener.stream.drained(START + 150)
    listener.stream.play(START + 960)
    assert listener.runs() == [(START + 50, 1, 100)]
    assert listener.stream.underruns == 0
    assert listener.news == [Command.STARTED]


def test_a_client_can_start_with_less() -> None:
    listener = Listener(begin_bytes=0)
    listener.write(10, START + 5)
    listener.stream.play(START + 15)
    assert listener.runs() == [(START + 5, 1, 10)]
    assert Listener(begin_bytes=12_345_678).stream.sizes.begin == TARGET * FRAME_BYTES


def test_a_moment_ago_less_had_been_heard() -> None:
    listener = Listener()
    listener.write(listener.ask(START), START)
    assert listener.stream.indexes(START + 700)[1] == 700 * FRAME_BYTES
    assert listener.stream.indexes(START + 200)[1] == 200 * FRAME_BYTES
    assert listener.stream.indexes(START - 10)[1] == 0


def test_nobody_can_write_without_end() -> None:
    listener = Listener(corked=True)
    for _ in range(4):
        listener.write(30_000, START)
    assert listener.news == [Command.OVERFLOW] * 3
    assert listener.stream.indexes(START)[0] == SAMPLE_RATE_HZ * FRAME_BYTES
    listener.stream.uncork(START)
    assert listener.ask(START + SAMPLE_RATE_HZ - TARGET) == 0
    # What was dropped counts for the client, which has to be asked for as much before it writes again.
    assert listener.ask(START + SAMPLE_RATE_HZ - TARGET + 500) == 120_500


def test_other_rates_are_counted_in_their_own_frames() -> None:
    rate_hz, target = 44_100, round(TARGET_S * 44_100)
    listener = Listener(rate_hz=rate_hz)
    assert listener.ask(START) == target
    listener.write(target, START)
    assert listener.news == [Command.STARTED]
    asked: list[int] = []
    for turn in range(1, 50):
        now = START + turn * BLOCK_SAMPLES
        asked.append(listener.ask(now))
        listener.write(asked[-1], now)
        listener.stream.play(now)
        written_bytes, heard_bytes = listener.stream.indexes(now)
        assert abs((written_bytes - heard_bytes) // FRAME_BYTES - target) <= 2
    assert abs(sum(asked) - 49 * 882) <= 2
    assert listener.stream.underruns == 0
