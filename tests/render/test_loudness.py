"""Loudness against FFmpeg's meter, and a meter that was interrupted."""

import json
from fractions import Fraction

import av
import numpy as np
import pytest
from av.filter import Graph
from numpy.typing import NDArray

from reelkit.render.errors import CheckpointError
from reelkit.render.loudness import SAMPLE_RATE_HZ, Loudness, LoudnessMeter

Sound = NDArray[np.float32]


def tone(level_db: float, seconds: float, hertz: float = 997.0) -> Sound:
    """The same sine in both channels."""
    time_s = np.arange(round(seconds * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    wave = 10 ** (level_db / 20) * np.sin(2 * np.pi * hertz * time_s)
    return np.asarray(np.stack((wave, wave)), np.float32)


def speech(seconds: float, seed: int = 1) -> Sound:
    """Coloured noise that comes and goes, with pauses, like people who talk."""
    draw = np.random.default_rng(seed)
    count = round(seconds * SAMPLE_RATE_HZ)
    noise = np.cumsum(draw.normal(0, 1, (2, count)), axis=1)
    noise -= np.array([np.convolve(channel, np.ones(200) / 200, "same") for channel in noise])
    noise[:, :200] = noise[:, -4_800:] = 0
    syllables = np.repeat(draw.uniform(0, 1, count // 4_800 + 1) ** 2, 4_800)[:count]
    turns = np.repeat(draw.uniform(0, 1, count // 96_000 + 1) > 0.3, 96_000)[:count]
    noise *= syllables * turns
    return np.asarray(0.4 * noise / np.abs(noise).max(), np.float32)


def by_ffmpeg(sound: Sound) -> tuple[float, float]:
    """Integrated loudness and true peak (dBTP) by libavfilter's ``ebur128``."""
    graph = Graph()
    layout = "mono" if len(sound) == 1 else "stereo"
    source = graph.add_abuffer(format="fltp", sample_rate=SAMPLE_RATE_HZ, layout=layout, time_base=Fraction(1, 48_000))
    meter = graph.add("ebur128", "metadata=1:peak=true")
    sink = graph.add("abuffersink")
    source.link_to(meter)
    meter.link_to(sink)
    graph.configure()
    found: dict[str, str] = {}
    peaks = [-200.0]

    def drain() -> None:
        while True:
            try:
                frame = graph.pull()
            except (av.BlockingIOError, av.EOFError):
                return
            found.update(frame.metadata)
            peaks.extend(float(found[f"lavfi.r128.true_peaks_ch{channel}"]) for channel in range(len(sound)))

    for start in range(0, sound.shape[1], 4_800):
        block = np.ascontiguousarray(sound[:, start : start + 4_800])
        frame = av.AudioFrame.from_ndarray(block, "fltp", layout)
        frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
        source.push(frame)
        drain()
    source.push(None)
    drain()
    return float(found["lavfi.r128.I"]), 20 * float(np.log10(max(peaks)))


def measured(sound: Sound, step: int = 5_120) -> Loudness:
    meter = LoudnessMeter(len(sound))
    for start in range(0, sound.shape[1], step):
        meter.hear(sound[:, start : start + step])
    return meter.result()


def test_the_reference_tone_has_the_loudness_that_the_standard_gives() -> None:
    """BS.1770: a full-scale 997 Hz sine in one channel has -3.01 LKFS; two channels have 3.01 more."""
    loud = tone(0.0, 5.0)
    assert measured(loud[:1]).integrated_lufs == pytest.approx(-3.01, abs=0.02)
    assert measured(tone(-23.0, 5.0)).integrated_lufs == pytest.approx(-23.0, abs=0.02)
    assert measured(tone(-23.0, 5.0)).momentary_max_lufs == pytest.approx(-23.0, abs=0.02)


@pytest.mark.parametrize(
    "sound",
    [
        speech(30.0),
        speech(20.0, seed=2)[:1],
        np.concatenate((tone(-20, 5), tone(-45, 10), tone(-80, 5), tone(-15, 3)), axis=1),
        np.concatenate((tone(-26, 4, 60), tone(-30, 4, 6_000)), axis=1),
    ],
    ids=["speech", "mono", "levels", "frequencies"],
)
def test_as_loud_as_ffmpeg_says(sound: Sound) -> None:
    found = measured(sound)
    integrated, peak = by_ffmpeg(sound)
    assert found.integrated_lufs == pytest.approx(integrated, abs=0.1)
    assert found.true_peak_dbtp == pytest.approx(peak, abs=0.3)


def test_a_peak_between_samples_is_found() -> None:
    """A quarter of the sampling rate, sampled 45° off its peaks: 3 dB above all samples (EBU Tech 3341, case 15)."""
    time = np.arange(48_000)
    wave = 0.5 * np.sin(np.pi / 2 * time + np.pi / 4)
    found = measured(np.stack((wave, wave)).astype(np.float32))
    assert found.sample_peak_dbfs == pytest.approx(-9.03, abs=0.02)
    assert found.true_peak_dbtp == pytest.approx(-6.02, abs=0.2)


def test_clipped_and_silent_sound_is_told() -> None:
    loud = np.clip(4 * tone(0.0, 1.0), -1, 1)
    found = measured(np.concatenate((loud, np.zeros((2, 144_000), np.float32)), axis=1))
    assert found.clipped_samples > 10_000
    assert found.silent_share == pytest.approx(0.75, abs=0.03)
    assert found.sample_peak_dbfs == 0.0
    nothing = measured(np.zeros((2, 96_000), np.float32))
    assert nothing.integrated_lufs is None
    assert nothing.true_peak_dbtp is None
    assert nothing.silent_share == 1.0
    assert LoudnessMeter(2).result().silent_share == 0.0


def test_an_interrupted_meter_finds_the_same_to_the_last_bit() -> None:
    sound = speech(12.0)
    whole = LoudnessMeter(2)
    broken = LoudnessMeter(2)
    for start in range(0, sound.shape[1], 7_777):
        block = sound[:, start : start + 7_777]
        whole.hear(block)
        broken = LoudnessMeter(2, json.loads(json.dumps(broken.state())))
        broken.hear(block)
    assert broken.state() == whole.state()
    assert broken.result() == whole.result()
    assert broken.samples == sound.shape[1]


def test_memory_does_not_grow_with_the_film() -> None:
    meter = LoudnessMeter(2)
    for level in np.linspace(-75, 0, 400):
        meter.hear(tone(float(level), 0.5))
    first = len(json.dumps(meter.state()))
    for level in np.linspace(-75, 0, 400):
        meter.hear(tone(float(level), 0.5))
    assert len(json.dumps(meter.state())) < first * 1.5


def test_what_is_no_state_of_a_meter_is_refused() -> None:
    with pytest.raises(CheckpointError):
        LoudnessMeter(2, {"channels": 2})
    with pytest.raises(CheckpointError):
        LoudnessMeter(1, LoudnessMeter(2).state())
    with pytest.raises(ValueError, match="channels"):
        LoudnessMeter(1).hear(np.zeros((2, 10), np.float32))
