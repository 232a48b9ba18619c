"""The loudspeaker, and PulseAudio's own client library."""

import asyncio
import os
import stat
import struct
import time
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from reelkit.page.playback import TARGET_S
from reelkit.page.pulse_frames import packet_frame
from reelkit.page.pulse_protocol import NO_INDEX, VOLUME_NORMAL, Command, Refusal
from reelkit.page.pulse_streams import MOST_STREAMS
from reelkit.page.sample_spec import SampleFormat, SampleSpec
from reelkit.page.sound_mixer import LATE_BLOCKS
from reelkit.page.speaker import SAMPLE_RATE_HZ, SoundBlock, Speaker
from reelkit.page.tagged_values import TagReader
from reelkit.process import wait_until
from tests.page.pulse import pulse_stream
from tests.page.pulse_caller import STEREO, PulseCaller, pulse_caller
from tests.page.sound import breaks, frequency_hz, interleaved, joined, levels, sounding, tone
from tests.page.test_pulse_frames import header
from tests.patience import PATIENCE_S

MONO_CD = SampleSpec(SampleFormat.S16LE, 1, 44_100)
PAUSE_S = 0.02
PARTS, PART_S = 10, 0.2


class Ear:
    """A loudspeaker and what was heard of it."""

    def __init__(self, directory: Path) -> None:
        self.socket_path = directory / "pulse"
        self.blocks: list[SoundBlock] = []
        self.speaker = Speaker(self.socket_path, self.blocks.append)

    async def silence(self) -> None:
        """Waits until everything that was played has been given out."""
        count = len(self.blocks)

        async def silent() -> bool:
            return len(self.blocks) > count + LATE_BLOCKS + 2 and self.blocks[-1].samples is None

        await wait_until(silent, timeout_s=PATIENCE_S)

    @property
    def heard(self) -> np.ndarray:
        return joined(self.blocks)


@pytest.fixture
async def ear(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Ear]:
    monkeypatch.setenv("PULSE_COOKIE", str(tmp_path / "cookie"))
    ear = Ear(tmp_path)
    async with ear.speaker:
        yield ear
    assert not ear.socket_path.exists()


async def played(ear: Ear, spec: SampleSpec, data: bytes) -> None:
    def play() -> None:
        with pulse_stream(ear.socket_path, spec) as stream:
            stream.write(data)
            stream.drain()

    await asyncio.to_thread(play)


async def test_it_is_there_for_its_owner_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "pulse"
    blocks: list[SoundBlock] = []
    begun_s = time.monotonic()
    async with Speaker(path, blocks.append):
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        reader, writer = await asyncio.open_unix_connection(str(path))

        async def some() -> bool:
            return len(blocks) >= 3

        await wait_until(some, timeout_s=PATIENCE_S)
    ended_s = time.monotonic()
    assert await reader.read() == b""
    writer.close()
    assert not path.exists()
    assert 0 <= blocks[0].first_sample / SAMPLE_RATE_HZ - begun_s < 0.5
    assert 0 <= ended_s - (blocks[-1].first_sample + blocks[-1].count) / SAMPLE_RATE_HZ < 0.5
    assert not joined(blocks).any()


async def test_a_path_that_is_taken_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "pulse"
    path.write_text("somebody's")
    with pytest.raises(OSError, match="in use"):
        async with Speaker(path, lambda _: None):
            pass
    assert path.read_text() == "somebody's"


@pytest.mark.e2e
@pytest.mark.alone
async def test_libpulse_plays_every_sample_once(ear: Ear) -> None:
    left, right = tone(440, 2.0), tone(660, 2.0, level=0.25)
    await played(ear, STEREO, interleaved(left, right))
    await ear.silence()
    heard = ear.heard
    begin, _ = sounding(heard[0])
    # The first sample of a tone is 0.
    assert np.array_equal(heard[:, begin - 1 : begin - 1 + len(left)], [left, right])
    assert ear.speaker.underruns == 0


@pytest.mark.e2e
@pytest.mark.alone
async def test_other_formats_come_out_the_same(ear: Ear) -> None:
    await played(ear, MONO_CD, (tone(440, 1.0, 44_100) * 32_767).astype("<i2").tobytes())
    await ear.silence()
    heard = ear.heard
    begin, end = sounding(heard[0])
    assert end - begin == pytest.approx(SAMPLE_RATE_HZ, abs=60)
    assert frequency_hz(heard[0, begin:end]) == pytest.approx(440, abs=0.1)
    assert np.abs(heard[0]).max() == pytest.approx(0.5, abs=0.01)
    assert not breaks(heard[0, begin + 100 : end - 100], 440, 2e-3).size
    assert np.array_equal(heard[0], heard[1])


@pytest.mark.e2e
@pytest.mark.alone
async def test_two_at_once_are_added_up(ear: Ear) -> None:
    low, high = tone(300, 1.5, level=0.3), tone(5_000, 1.5, level=0.2)
    silent = np.zeros_like(low)
    await asyncio.gather(played(ear, STEREO, interleaved(low, silent)), played(ear, STEREO, interleaved(high, low)))
    await ear.silence()
    left, right = ear.heard
    begin, end = sounding(left)
    assert levels(left[begin + 12_000 : end - 12_000], 300, 5_000) == pytest.approx([0.3, 0.2], abs=0.005)
    assert np.abs(left).max() == pytest.approx(0.5, abs=0.02)
    begin, end = sounding(right)
    assert not breaks(right[begin + 9 : end - 9], 300, 1e-5).size


@pytest.mark.e2e
@pytest.mark.alone
@pytest.mark.parametrize("hold_up_s", [0.0, 1.5 * TARGET_S], ids=["free", "held-up"])
async def test_nothing_is_lost_and_the_latency_is_the_truth(ear: Ear, hold_up_s: float) -> None:
    """What a client writes is heard exactly as late as it was told, also when the event loop is held up."""
    told: list[tuple[float, float]] = []

    def play() -> None:
        with pulse_stream(ear.socket_path, STEREO) as stream:
            for _ in range(PARTS):
                stream.write(interleaved(tone(1_000, PART_S), tone(1_000, PART_S)))
                asked_s = time.monotonic()
                told.append((asked_s, stream.latency_s()))
            stream.drain()

    playing = asyncio.create_task(asyncio.to_thread(play))
    while not playing.done():
        await asyncio.sleep(PAUSE_S)
        time.sleep(hold_up_s)  # noqa: ASYNC251 - this is what it is about
    await playing
    await ear.silence()
    heard = ear.heard[0]
    begin, end = sounding(heard)
    assert end - begin == pytest.approx(PARTS * PART_S * SAMPLE_RATE_HZ, abs=2)
    assert not breaks(heard[begin + 2 : end - 2], 1_000, 1e-5).size
    assert ear.speaker.underruns == 0

    begun_s = (ear.blocks[0].first_sample + begin - 1) / SAMPLE_RATE_HZ
    # Who is behind is not told how far.
    errors_s = [at_s + told_s - begun_s - (n + 1) * PART_S for n, (at_s, told_s) in enumerate(told) if told_s]
    assert abs(np.median(errors_s)) < 0.01
    assert np.median([told_s for _, told_s in told]) < TARGET_S + 0.005


async def test_volume_and_mute_are_heeded(ear: Ear) -> None:
    sound = interleaved(np.ones(480, np.float32), np.ones(480, np.float32))
    async with pulse_caller(ear.socket_path) as caller:

        async def heard_level(index: int) -> tuple[float, float]:
            count = len(ear.blocks)
            caller.play(index, sound)
            assert isinstance(
                await caller.ask(Command.TRIGGER_PLAYBACK_STREAM, lambda said: said.numbers(index)), TagReader
            )
            await ear.silence()
            left, right = joined(ear.blocks[count:])
            return float(left.max()), float(right.max())

        index = await caller.open(volumes=(VOLUME_NORMAL, VOLUME_NORMAL // 2))
        assert isinstance(index, int)
        assert await heard_level(index) == (1, 0.125)
        await caller.ask(Command.SET_SINK_INPUT_MUTE, lambda said: said.numbers(index).flag(True))
        assert await heard_level(index) == (0, 0)
        await caller.ask(Command.SET_SINK_INPUT_VOLUME, lambda said: said.numbers(index).volumes([VOLUME_NORMAL // 2]))
        assert await heard_level(index) == (0, 0)
        await caller.ask(Command.SET_SINK_INPUT_MUTE, lambda said: said.numbers(index).flag(False))
        assert await heard_level(index) == (0.125, 0.125)
        muted = await caller.open(muted=True)
        assert isinstance(muted, int)
        assert await heard_level(muted) == (0, 0)


async def test_a_client_that_vanishes_is_silent(ear: Ear) -> None:
    async with pulse_caller(ear.socket_path) as caller, pulse_caller(ear.socket_path) as other:
        index, other_index = await caller.open(), await other.open()
        assert isinstance(index, int)
        assert isinstance(other_index, int)
        caller.play(index, bytes([0, 0, 0, 0x3F]) * 2 * 40_000)
        await caller.told(Command.STARTED)
        caller.send(header(8_000, index) + b"half a fr")
        caller.vanish()
        await ear.silence()
        left, _ = ear.heard
        begin, end = sounding(left)
        assert end - begin < 30_000
        assert isinstance(
            await other.ask(Command.FLUSH_PLAYBACK_STREAM, lambda said: said.numbers(other_index)), TagReader
        )


async def test_what_it_does_not_do_it_refuses(ear: Ear) -> None:
    async with pulse_caller(ear.socket_path) as caller:
        for command in (Command.ERROR, 5, 7, 51, 200, 0xFFFF_FFFF):
            assert await caller.ask(command) is Refusal.NOT_SUPPORTED
        for name in (Command.CORK_PLAYBACK_STREAM, Command.SET_SINK_INPUT_MUTE):
            assert await caller.ask(name, lambda said: said.numbers(7).flag(True)) is Refusal.NO_ENTITY
        for name in (Command.DELETE_PLAYBACK_STREAM, Command.DRAIN_PLAYBACK_STREAM, Command.FLUSH_PLAYBACK_STREAM):
            assert await caller.ask(name, lambda said: said.numbers(7)) is Refusal.NO_ENTITY
        assert await caller.ask(Command.GET_SINK_INFO, lambda said: said.numbers(5).text(None)) is Refusal.NO_ENTITY
        assert await caller.ask(Command.GET_SOURCE_INFO, lambda said: said.numbers(0).text(None)) is Refusal.NO_ENTITY
        assert await caller.open(SampleSpec(1, 2, 48_000)) is Refusal.NOT_SUPPORTED
        assert await caller.open(SampleSpec(SampleFormat.S16LE, 2, 100)) is Refusal.NOT_SUPPORTED
        assert await caller.open(SampleSpec(SampleFormat.S16LE, 2, 0)) is Refusal.INVALID
        assert await caller.open(SampleSpec(SampleFormat.S16LE, 0, 48_000), positions=(), volumes=()) is Refusal.INVALID
        assert await caller.open(positions=(1,)) is Refusal.INVALID
        assert await caller.open(device="other") is Refusal.NO_ENTITY
        caller.play(99, b"for nobody")
        index = await caller.open(device="speaker")
        assert isinstance(index, int)
        caller.play(index, b"odd")
        assert isinstance(await caller.ask(Command.GET_SOURCE_INFO_LIST), TagReader)


async def test_streams_are_limited(ear: Ear) -> None:
    async with pulse_caller(ear.socket_path) as caller, pulse_caller(ear.socket_path) as other:
        indexes = [await caller.open() for _ in range(MOST_STREAMS)]
        assert indexes == list(range(MOST_STREAMS))
        assert await other.open() is Refusal.TOO_LARGE
        assert isinstance(await caller.ask(Command.DELETE_PLAYBACK_STREAM, lambda said: said.numbers(3)), TagReader)
        assert await other.open() == 0


async def test_nobody_has_to_be_known_to_be_refused(ear: Ear) -> None:
    async with pulse_caller(ear.socket_path, known=False) as caller:
        assert await caller.ask(Command.GET_SERVER_INFO) is Refusal.ACCESS
        assert await caller.ask(Command.AUTH, lambda said: said.numbers(12)) is Refusal.VERSION
        assert await caller.ask(Command.GET_SERVER_INFO) is Refusal.ACCESS


@pytest.mark.parametrize(
    "nonsense",
    [
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        header(0xFFFF_FFFF, NO_INDEX),
        header(5, 0, 0x8000_0000),
        packet_frame(b"L\0"),
        packet_frame(struct.pack(">BIBI", ord("L"), Command.GET_PLAYBACK_LATENCY, ord("L"), 9) + b"x"),
        os.urandom(4_096),
    ],
)
async def test_nonsense_ends_the_connection_and_nothing_else(ear: Ear, nonsense: bytes) -> None:
    async with pulse_caller(ear.socket_path) as bad, pulse_caller(ear.socket_path) as good:
        bad.send(nonsense + bytes(64))
        async with asyncio.timeout(PATIENCE_S):
            await bad.cut_off()
        assert isinstance(await good.ask(Command.GET_SERVER_INFO), TagReader)


async def test_a_client_that_does_not_listen_is_cut_off(ear: Ear) -> None:
    async with pulse_caller(ear.socket_path) as deaf:
        await flood(deaf)
        async with asyncio.timeout(PATIENCE_S):
            await deaf.cut_off()


async def flood(caller: PulseCaller) -> None:
    """Asks without reading, until nobody takes the questions any more."""
    for _ in range(40_000):
        await caller.say(Command.GET_SINK_INFO_LIST)
