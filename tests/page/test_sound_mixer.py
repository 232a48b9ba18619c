import numpy as np
import pytest

from reelkit.page.playback import Playback
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_block import BLOCK_SAMPLES, SAMPLE_RATE_HZ, SoundBlock
from reelkit.page.sound_mixer import LATE_S, SoundMixer
from tests.page.sound import interleaved, joined, tone
from tests.rooms.manual_clock import ManualClock

BLOCK_S = BLOCK_SAMPLES / SAMPLE_RATE_HZ


class Room:
    """A mixer, and what is heard."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.blocks: list[SoundBlock] = []
        self.mixer = SoundMixer(self.clock, self.blocks.append)

    async def wait(self, duration_s: float) -> int:
        await self.clock.advance(duration_s)
        return self.mixer.advance()

    def stream(self) -> Playback:
        spec = SampleSpec(SampleFormat.FLOAT32LE, 2, SAMPLE_RATE_HZ)
        stream = Playback(spec, (1, 2), 0, corked=False, mix=self.mixer.mix, tell=lambda _: None)
        self.mixer.add(stream)
        return stream


async def test_blocks_come_without_a_gap_also_after_a_pause() -> None:
    room = Room()
    first = room.mixer.now()
    await room.wait(LATE_S + BLOCK_S - 0.001)
    assert room.blocks == []
    assert room.mixer.due_s == pytest.approx(room.clock.monotonic_s() + 0.001, rel=0, abs=1e-4)
    await room.wait(0.0011)
    assert room.blocks == [SoundBlock(first, None)]
    await room.wait(1.0)
    assert len(room.blocks) == 51
    assert joined(room.blocks).shape == (2, 51 * BLOCK_SAMPLES)
    assert room.mixer.due_s == pytest.approx(room.clock.monotonic_s() + BLOCK_S - 0.0001, rel=0, abs=1e-4)
    room.mixer.finish()
    assert len(room.blocks) == 51 + round(LATE_S / BLOCK_S)


async def test_streams_are_added_up_and_not_cut_off() -> None:
    room = Room()
    await room.wait(0.0051)
    left, right, quiet = tone(440, 0.05, level=0.9), tone(550, 0.05, level=0.8), np.zeros(2_400, np.float32)
    begun = room.mixer.now()
    room.stream().write(interleaved(left, quiet), begun)
    room.stream().write(interleaved(left, right), begun)
    await room.wait(LATE_S + 0.1)
    offset = begun - room.blocks[0].first_sample
    assert offset % BLOCK_SAMPLES, "it is heard from the middle of a block on"
    heard = joined(room.blocks)[:, offset : offset + 2_400]
    assert np.array_equal(heard, [left * 2, right])
    assert room.blocks[-1].samples is None
    assert room.mixer.underruns == 2


async def test_of_a_stream_that_is_removed_stays_what_was_heard() -> None:
    room = Room()
    stream = room.stream()
    begun = room.mixer.now()
    stream.write(interleaved(np.ones(4_000, np.float32), np.ones(4_000, np.float32)), begun)
    ended = await room.wait(0.0301)
    room.mixer.remove(stream)
    assert room.mixer.streams == 0
    await room.wait(0.3)
    assert joined(room.blocks)[0].sum() == ended - begun
    assert room.mixer.underruns == 0
