"""A real Chromium plays on the loudspeaker."""

import base64
import io
import os
import time
import wave
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.async_api import Page, async_playwright

from reelkit.page.speaker import SAMPLE_RATE_HZ, SoundBlock, Speaker
from reelkit.process import wait_until
from testbed.chromium import BINARY, QUIET_FLAGS
from tests.page.sound import breaks, frequency_hz, joined, levels, onsets, sounding, tone

pytestmark = [pytest.mark.e2e, pytest.mark.alone, pytest.mark.timeout(90)]

STEADY_S = 10.0
START_TIMEOUT_S = 20.0
# A tone on the left for as long as the page is there, and short ones on the right, each of which is told.
BEEPS = """() => {
    const wall = () => performance.timeOrigin + performance.now();
    const context = new AudioContext();
    const merger = context.createChannelMerger(2);
    merger.connect(context.destination);
    const play = (frequency, level, channel, start, end) => {
        const source = context.createOscillator(), gain = context.createGain();
        source.frequency.value = frequency;
        gain.gain.value = level;
        source.connect(gain).connect(merger, 0, channel);
        source.start(start);
        if (end) source.stop(end);
    };
    window.beeps = [];
    const beep = () => {
        const start = context.currentTime + 0.15, now = wall(), heard = context.getOutputTimestamp();
        play(1000, 0.5, 1, start, start + 0.03);
        beeps.push({
            wanted: now + 150,
            expected: performance.timeOrigin + heard.performanceTime + (start - heard.contextTime) * 1000,
        });
        setTimeout(beep, 150 + Math.random() * 100);
    };
    play(440, 0.25, 0, 0);
    setTimeout(beep, 1000);
}"""
MANY = """async url => {
    const hum = (rate, frequency) => {
        const context = new AudioContext(rate ? {sampleRate: rate} : {});
        const source = context.createOscillator(), gain = context.createGain();
        source.frequency.value = frequency;
        gain.gain.value = 0.2;
        source.connect(gain).connect(context.destination);
        source.start();
        return context;
    };
    hum(0, 440);
    hum(44100, 1320);
    const audio = new Audio(url);
    audio.volume = 0.5;
    const ended = new Promise(resolve => audio.onended = resolve);
    await audio.play();
    await ended;
}"""


class Listener:
    """A page, and what was heard of it."""

    def __init__(self, page: Page, blocks: Sequence[SoundBlock], speaker: Speaker) -> None:
        self.page = page
        self.blocks = blocks
        self.speaker = speaker

    async def hear(self, duration_s: float) -> None:
        """Waits until something has been heard for so long."""

        async def heard() -> bool:
            return (
                sum(block.samples is not None and bool(block.samples.any()) for block in self.blocks) > 50 * duration_s
            )

        await wait_until(heard, timeout_s=duration_s + START_TIMEOUT_S)


@pytest.fixture
async def listener(tmp_path: Path) -> AsyncIterator[Listener]:
    socket_path, blocks = tmp_path / "pulse", list[SoundBlock]()
    env: dict[str, str | float | bool] = {
        **os.environ,
        "PULSE_SERVER": f"unix:{socket_path}",
        "HOME": str(tmp_path),
    }
    async with Speaker(socket_path, blocks.append) as speaker, async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=BINARY,
            headless=False,
            args=["--headless=new", *QUIET_FLAGS, "--autoplay-policy=no-user-gesture-required"],
            ignore_default_args=["--mute-audio"],
            env=env,
        )
        yield Listener(await browser.new_page(), blocks, speaker)
        await browser.close()


def wav(frequency_hz: float, duration_s: float) -> str:
    """The URL of a tone, in mono and with the rate of a CD."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(1)
        writer.setsampwidth(2)
        writer.setframerate(44_100)
        writer.writeframes((tone(frequency_hz, duration_s, 44_100) * 32_767).astype("<i2").tobytes())
    return "data:audio/wav;base64," + base64.b64encode(file.getvalue()).decode()


def spread(values: np.ndarray) -> float:
    """Without the lowest and the highest tenth: on a busy machine a page does not always read two clocks at once."""
    low, high = np.percentile(values, [10, 90])
    return float(high - low)


async def test_nothing_is_lost_and_everything_is_heard_when_the_page_expects_it(listener: Listener) -> None:
    await listener.page.evaluate(BEEPS)
    await listener.hear(STEADY_S + 0.5)
    wall_offset_s = time.time() - time.monotonic()
    beeps: list[dict[str, Any]] = await listener.page.evaluate("beeps")
    underruns = listener.speaker.underruns
    await listener.page.close()
    left, right = joined(listener.blocks)

    begin, _ = sounding(left)
    steady = left[begin + 480 : begin + 480 + round(STEADY_S * SAMPLE_RATE_HZ)]
    assert frequency_hz(steady) == pytest.approx(440, abs=0.01)
    assert np.abs(steady).max() == pytest.approx(0.25, abs=1e-3)
    assert not breaks(steady, 440, 1e-4).size
    assert underruns == 0

    heard_s = (listener.blocks[0].first_sample + onsets(right, 0.02, 0.05)) / SAMPLE_RATE_HZ + wall_offset_s
    late_ms = {
        name: np.array(
            [1000 * heard_s[np.argmin(abs(heard_s - beep[name] / 1000))] - beep[name] for beep in beeps[:-2]]
        )
        for name in ("wanted", "expected")
    }
    assert len(beeps) > 20
    # Web Audio tells pages how late they are heard, which is what video is synchronised by.
    assert abs(np.median(late_ms["expected"])) < 12
    assert spread(late_ms["expected"]) < 20
    # A page that does not ask is heard a little later than it says.
    assert 20 < np.median(late_ms["wanted"]) < 75
    assert spread(late_ms["wanted"]) < 50


async def test_all_that_a_page_plays_is_heard_together(listener: Listener) -> None:
    await listener.page.evaluate(MANY, wav(880, 2.0))
    await listener.page.close()
    left, right = joined(listener.blocks)
    assert np.array_equal(left, right)
    sounds = [levels(left[start : start + 9_600], 440, 880, 1_320) for start in range(0, len(left) - 9_600, 4_800)]
    together = [sound for sound in sounds if min(sound) > 0.01]
    assert len(together) >= 15
    assert np.median(together, axis=0) == pytest.approx([0.2, 0.25, 0.2], abs=0.01)
