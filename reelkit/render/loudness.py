"""Loudness of the mixed sound: ITU-R BS.1770-5 and EBU R 128, block by block.

A meter keeps the same few kilobytes however long the film is, and one that was made with the
:meth:`LoudnessMeter.state` of another goes on as if it had heard everything itself.
"""

import math
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.render.errors import CheckpointError

SAMPLE_RATE_HZ = 48_000
HOP_SAMPLES = 4_800
"""100 ms: gating blocks of 400 ms overlap by three quarters (BS.1770, annex 1)."""
_HOPS_PER_BLOCK = 4
_ABSOLUTE_GATE_LUFS = -70.0
_RELATIVE_GATE_LU = -10.0
_OFFSET_LUFS = -0.691
"""So that a full-scale 997 Hz sine in one channel has -3.01 LUFS."""
_BINS_PER_LU = 10
"""Blocks are counted by loudness in bins of 0.1 LU, each with the sum of its blocks' powers: only which blocks the
relative gate lets through is rounded."""
CLIPPED = 32_767 / 32_768
"""A sample from here on is full scale in 16 bits."""
_SILENT = 1e-3
"""A hop without a sample above -60 dBFS holds nothing that is heard."""

_Wave = NDArray[np.float64]

# K-weighting for 48 kHz (BS.1770, annex 1, tables 1 and 2): the head's shelf, then the high pass.
_STAGES = (
    ((1.53512485958697, -2.69169618940638, 1.19839281085285), (-1.69065929318241, 0.73248077421585)),
    ((1.0, -2.0, 1.0), (-1.99004745483398, 0.99007225036621)),
)
_RUN = 96
"""Samples that are filtered by one matrix product."""
_MOST_RUNS = 64
"""Runs whose states are found by one matrix product."""
_RUNS_PER_HOP = HOP_SAMPLES // _RUN

# The interpolating filter for true peaks (BS.1770, annex 2): 48 taps in four phases.
_PHASES = np.array(
    (
        (0.0017089843750, 0.0109863281250, -0.0196533203125, 0.0332031250000, -0.0594482421875, 0.1373291015625,
         0.9721679687500, -0.1022949218750, 0.0476074218750, -0.0266113281250, 0.0148925781250, -0.0083007812500),
        (-0.0291748046875, 0.0292968750000, -0.0517578125000, 0.0891113281250, -0.1665039062500, 0.4650878906250,
         0.7797851562500, -0.2003173828125, 0.1015625000000, -0.0582275390625, 0.0330810546875, -0.0189208984375),
        (-0.0189208984375, 0.0330810546875, -0.0582275390625, 0.1015625000000, -0.2003173828125, 0.7797851562500,
         0.4650878906250, -0.1665039062500, 0.0891113281250, -0.0517578125000, 0.0292968750000, -0.0291748046875),
        (-0.0083007812500, 0.0148925781250, -0.0266113281250, 0.0476074218750, -0.1022949218750, 0.9721679687500,
         0.1373291015625, -0.0594482421875, 0.0332031250000, -0.0196533203125, 0.0109863281250, 0.0017089843750),
    ),
    np.float32,
)  # fmt: skip
_TAPS = _PHASES.shape[1]
_MOST_GAIN = float(np.abs(_PHASES).sum(axis=1).max())
"""A peak between samples is at most so many times as high as the samples around it."""


class Loudness(BaseModel):
    """What a meter found. Levels of silence are None."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    integrated_lufs: float | None
    """Of the whole film, gated (EBU R 128: -23 for broadcasting; -16 to -14 is usual on the web)."""
    momentary_max_lufs: float | None
    """The loudest 400 ms."""
    true_peak_dbtp: float | None
    """Highest level between the samples too."""
    sample_peak_dbfs: float | None
    clipped_samples: int
    """Samples at full scale, in all channels."""
    silent_share: float
    """Share of the time, 0 … 1, in which no sample is above -60 dBFS."""
    measured_s: float


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    channels: int
    samples: int
    filters: list[list[float]]
    """Of each channel the delays of both stages."""
    rest: list[list[float]]
    """What was heard behind the last whole run, not yet weighted."""
    tail: list[list[float]]
    """The last samples, for the interpolating filter."""
    hop: tuple[int, float, float]
    """Of the hop that is being heard: runs so far, energy, highest level."""
    powers: list[float]
    """Of the last hops, summed over channels."""
    bins: dict[int, tuple[int, float]]
    momentary_max: float
    sample_peak: float
    true_peak: float
    clipped: int
    silent_hops: int


class LoudnessMeter:
    """Measures sound of one or two channels at 48 kHz that it hears in pieces of any length."""

    def __init__(self, channels: int, state: dict[str, Any] | None = None) -> None:
        """``state`` is that of another meter. Raises CheckpointError."""
        self._filter = _KWeighting(channels)
        self._samples = 0
        self._rest = np.zeros((channels, 0), np.float32)
        self._tail = np.zeros((channels, _TAPS - 1), np.float32)
        self._hop = (0, 0.0, 0.0)
        self._powers: list[float] = []
        self._bins: dict[int, tuple[int, float]] = {}
        self._momentary_max = self._sample_peak = self._true_peak = 0.0
        self._clipped = self._silent_hops = 0
        self._channels = channels
        if state is not None:
            self._restore(state)

    @property
    def samples(self) -> int:
        """Heard so far, per channel."""
        return self._samples

    def hear(self, sound: NDArray[np.float32]) -> None:
        """Takes the next samples, shape (channels, n), -1 … 1."""
        if sound.shape[0] != self._channels:
            raise ValueError(f"the meter hears {self._channels} channels, not {sound.shape[0]}")
        if not sound.shape[1]:
            return
        self._samples += sound.shape[1]
        self._find_peaks(sound)
        both = np.concatenate((self._rest, sound), axis=1)
        whole = both.shape[1] // _RUN * _RUN
        self._rest = both[:, whole:].copy()
        if whole:
            self._take_runs(both[:, :whole])

    def result(self) -> Loudness:
        """Of what was heard so far. Whole hops count; what is shorter than a block has peaks but no loudness."""
        hops = self._samples // HOP_SAMPLES
        return Loudness(
            integrated_lufs=_rounded(_gated(self._bins)),
            momentary_max_lufs=_rounded(_lufs(self._momentary_max)),
            true_peak_dbtp=_rounded(_decibels(max(self._true_peak, self._sample_peak))),
            sample_peak_dbfs=_rounded(_decibels(self._sample_peak)),
            clipped_samples=self._clipped,
            silent_share=round(self._silent_hops / hops, 4) if hops else 0.0,
            measured_s=round(self._samples / SAMPLE_RATE_HZ, 3),
        )

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return _State(
            channels=self._channels,
            samples=self._samples,
            filters=self._filter.state.tolist(),
            rest=self._rest.tolist(),
            tail=self._tail.tolist(),
            hop=self._hop,
            powers=self._powers,
            bins=self._bins,
            momentary_max=self._momentary_max,
            sample_peak=self._sample_peak,
            true_peak=self._true_peak,
            clipped=self._clipped,
            silent_hops=self._silent_hops,
        ).model_dump(mode="json")

    def _find_peaks(self, sound: NDArray[np.float32]) -> None:
        levels = np.abs(sound)
        peak = float(levels.max())
        self._sample_peak = max(self._sample_peak, peak)
        if peak >= CLIPPED:
            self._clipped += int(np.count_nonzero(levels >= CLIPPED))
        both = np.concatenate((self._tail, sound), axis=1)
        self._tail = both[:, -(_TAPS - 1) :].copy()
        # Only where a sample is loud enough can a higher peak lie between it and its neighbours.
        for channel in both:
            loud = np.flatnonzero(np.abs(channel) > self._true_peak / _MOST_GAIN)
            if not len(loud):
                continue
            near = np.zeros(len(channel) + _TAPS, bool)
            for behind in range(_TAPS):
                near[loud + behind] = True
            windows = np.lib.stride_tricks.sliding_window_view(channel, _TAPS)[near[_TAPS - 1 : len(channel)]]
            if len(windows):
                self._true_peak = max(self._true_peak, float(np.abs(windows @ _PHASES[:, ::-1].T).max()))

    def _take_runs(self, sound: NDArray[np.float32]) -> None:
        channels = sound.shape[0]
        squares = np.square(self._filter.filter(sound)).reshape(channels, -1, _RUN)
        energies = squares.sum(axis=(0, 2)).tolist()
        peaks = np.abs(sound).reshape(channels, -1, _RUN).max(axis=(0, 2)).tolist()
        runs, energy, peak = self._hop
        for more, level in zip(energies, peaks, strict=True):
            runs, energy, peak = runs + 1, energy + more, max(peak, level)
            if runs == _RUNS_PER_HOP:
                self._end_hop(energy / HOP_SAMPLES, peak)
                runs, energy, peak = 0, 0.0, 0.0
        self._hop = runs, energy, peak

    def _end_hop(self, power: float, peak: float) -> None:
        if peak < _SILENT:
            self._silent_hops += 1
        self._powers.append(power)
        if len(self._powers) < _HOPS_PER_BLOCK:
            return
        power = sum(self._powers[-_HOPS_PER_BLOCK:]) / _HOPS_PER_BLOCK
        self._powers = self._powers[1 - _HOPS_PER_BLOCK :]
        self._momentary_max = max(self._momentary_max, power)
        loudness = _lufs(power)
        if loudness is not None and loudness > _ABSOLUTE_GATE_LUFS:
            number = math.floor(loudness * _BINS_PER_LU)
            count, total = self._bins.get(number, (0, 0.0))
            self._bins[number] = count + 1, total + power

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            restored = _State.model_validate(state)
        except ValidationError as error:
            raise CheckpointError("the checkpoint of the loudness is malformed") from error
        if restored.channels != self._channels:
            raise CheckpointError("the checkpoint of the loudness is for another number of channels")
        self._samples = restored.samples
        self._filter.state = np.array(restored.filters, np.float64)
        self._rest = np.array(restored.rest, np.float32).reshape(self._channels, -1)
        self._tail = np.array(restored.tail, np.float32).reshape(self._channels, -1)
        self._hop = restored.hop
        self._powers = list(restored.powers)
        self._bins = dict(restored.bins)
        self._momentary_max = restored.momentary_max
        self._sample_peak = restored.sample_peak
        self._true_peak = restored.true_peak
        self._clipped = restored.clipped
        self._silent_hops = restored.silent_hops


class _Matrices(NamedTuple):
    """The weighting of ``_RUN`` samples x after a state s: y = x·response + s·ringing. They leave x·charge behind."""

    response: NDArray[np.float32]
    ringing: _Wave
    charge: _Wave
    carry: _Wave
    """From what all runs leave behind to the states before each of them and behind the last."""


class _KWeighting:
    """Both stages of K-weighting as one linear system, run by run: numpy has no recursive filter."""

    def __init__(self, channels: int) -> None:
        self.state: _Wave = np.zeros((channels, 4))
        """Of each channel: two delays of either stage (transposed direct form II)."""

    def filter(self, sound: NDArray[np.float32]) -> _Wave:
        """The next samples, shape (channels, k · 96), weighted."""
        channels = sound.shape[0]
        runs = sound.reshape(channels, -1, _RUN)
        parts = [self._filter(runs[:, first : first + _MOST_RUNS]) for first in range(0, runs.shape[1], _MOST_RUNS)]
        return np.concatenate(parts, axis=1).reshape(channels, -1)

    def _filter(self, runs: NDArray[np.float32]) -> _Wave:
        channels, count = runs.shape[:2]
        # What each run leaves behind, and before the first one what was there.
        left = np.concatenate((self.state[:, np.newaxis], runs @ _MATRICES.charge), axis=1)
        size = 4 * (count + 1)
        states = (left.reshape(channels, -1) @ _MATRICES.carry[:size, :size]).reshape(channels, -1, 4)
        self.state = states[:, -1].copy()
        weighted: _Wave = runs @ _MATRICES.response + states[:, :-1] @ _MATRICES.ringing
        return weighted


def _weighted(sample: float, state: list[float]) -> float:
    """One sample through both stages; changes ``state``."""
    for stage, (ahead, back) in enumerate(_STAGES):
        at = 2 * stage
        out = ahead[0] * sample + state[at]
        state[at] = ahead[1] * sample - back[0] * out + state[at + 1]
        state[at + 1] = ahead[2] * sample - back[1] * out
        sample = out
    return sample


def _matrices() -> _Matrices:
    """Found by asking the filter for its answer to each unit input: it is linear."""
    response, charge = np.empty((_RUN, _RUN)), np.empty((_RUN, 4))
    ringing, decay = np.empty((4, _RUN)), np.empty((4, 4))
    for at in range(_RUN):
        state = [0.0] * 4
        response[at] = [_weighted(float(sample == at), state) for sample in range(_RUN)]
        charge[at] = state
    for at in range(4):
        state = [float(number == at) for number in range(4)]
        ringing[at] = [_weighted(0.0, state) for _ in range(_RUN)]
        decay[at] = state
    powers = [np.linalg.matrix_power(decay, age) for age in range(_MOST_RUNS + 1)]
    carry = np.zeros((4 * (_MOST_RUNS + 1), 4 * (_MOST_RUNS + 1)))
    for source in range(_MOST_RUNS + 1):
        for behind in range(source, _MOST_RUNS + 1):
            block = powers[behind - source]
            carry[4 * source : 4 * source + 4, 4 * behind : 4 * behind + 4] = block
    return _Matrices(response.astype(np.float32), ringing, charge, carry)


_MATRICES = _matrices()


def _gated(bins: dict[int, tuple[int, float]]) -> float | None:
    """The loudness of the blocks that pass both gates (BS.1770, annex 1, equations 5 to 7)."""
    ungated = _mean(bins.values())
    if ungated is None:
        return None
    gate = (_lufs(ungated) or _ABSOLUTE_GATE_LUFS) + _RELATIVE_GATE_LU
    passed = _mean(entry for number, entry in bins.items() if _bin_lufs(number, entry) > gate)
    return None if passed is None else _lufs(passed)


def _bin_lufs(number: int, entry: tuple[int, float]) -> float:
    """The mean loudness of a bin's blocks."""
    return _lufs(entry[1] / entry[0]) or number / _BINS_PER_LU


def _mean(entries: Iterable[tuple[int, float]]) -> float | None:
    """The mean power of (blocks, sum of their powers)."""
    count, total = 0, 0.0
    for blocks, power in entries:
        count += blocks
        total += power
    return total / count if count else None


def _lufs(power: float) -> float | None:
    return _OFFSET_LUFS + 10 * math.log10(power) if power > 0 else None


def _decibels(level: float) -> float | None:
    return 20 * math.log10(level) if level > 0 else None


def _rounded(level: float | None) -> float | None:
    return None if level is None else round(level, 2)
