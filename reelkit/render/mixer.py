"""The sum of all sound, kept below full scale."""

from base64 import b64decode, b64encode
from collections.abc import Iterable
from typing import Any

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.render.errors import CheckpointError
from reelkit.render.gate import Gain
from reelkit.render.opus_decoder import Sound

CEILING = float(10 ** (-1 / 20))
"""-1 dBFS: what a lossy codec may add on top does not clip."""
_HOP = 32
"""Samples (0.67 ms) between the points at which the gain is decided; in between it is a straight line."""
_AHEAD_HOPS = 8
LOOK_AHEAD_SAMPLES = _HOP * _AHEAD_HOPS
"""5.3 ms in which the gain goes down before a peak comes."""
_RELEASE_S = 0.15
_RELEASE_PER_HOP = 1 - float(np.exp(-_HOP / (48_000 * _RELEASE_S)))
_UNITY = 0.9999
"""From here on the gain is let go."""


class _LimiterState(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    waiting: str
    """The delayed samples, float32."""
    allowed: list[float]
    gain: float


class Limiter:
    """A look-ahead limiter: no sample leaves above ``CEILING``, and what never comes near it leaves unchanged.

    The gain falls in a straight line in the ``LOOK_AHEAD_SAMPLES`` before a peak and recovers exponentially, so there
    is neither clipping nor distortion. The output is as much behind the input.
    """

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        """``state`` is that of another limiter. Raises CheckpointError."""
        self._waiting = np.zeros((LOOK_AHEAD_SAMPLES, 2), np.float32)
        self._allowed = [1.0] * _AHEAD_HOPS
        self._gain = 1.0
        if state is not None:
            self._restore(state)

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        waiting = b64encode(self._waiting.tobytes()).decode()
        return _LimiterState(waiting=waiting, allowed=self._allowed, gain=self._gain).model_dump()

    def limit(self, sound: Sound) -> Sound:
        """Takes the next samples, shape (n, 2), n a multiple of 32; gives as many, delayed."""
        if len(sound) % _HOP:
            raise ValueError(f"the limiter takes multiples of {_HOP} samples, not {len(sound)}")
        both = np.concatenate((self._waiting, sound))
        out, self._waiting = both[: len(sound)], both[len(sound) :].copy()
        peaks = np.abs(sound).max(axis=1).reshape(-1, _HOP).max(axis=1)
        if self._gain == 1.0 and not (peaks > CEILING).any() and min(self._allowed) == 1.0:
            return out.copy()
        allowed = self._allowed + np.minimum(1.0, CEILING / np.maximum(peaks, CEILING)).tolist()
        gains = self._gains(allowed)
        self._allowed = allowed[-_AHEAD_HOPS:]
        limited: Sound = out * gains[:, np.newaxis]
        return limited

    def _gains(self, allowed: list[float]) -> Gain:
        """The gain of each sample, from that allowed for each hop from the first that leaves now."""
        corners = [self._gain]
        for hop in range(len(allowed) - _AHEAD_HOPS):
            gain = corners[-1]
            corner = gain + (1.0 - gain) * _RELEASE_PER_HOP
            if corner > _UNITY:
                corner = 1.0
            corner = min(corner, allowed[hop])
            for distance in range(1, _AHEAD_HOPS + 1):
                limit = allowed[hop + distance]
                if limit < corner:
                    corner = min(corner, gain + (limit - gain) / distance)
            corners.append(corner)
        self._gain = corners[-1]
        known = np.array(corners, np.float32)
        along = np.arange(_HOP, dtype=np.float32) / np.float32(_HOP)
        lines: Gain = known[:-1, np.newaxis] + (known[1:] - known[:-1])[:, np.newaxis] * along
        return lines.reshape(-1)

    def _restore(self, state: dict[str, Any]) -> None:
        try:
            restored = _LimiterState.model_validate(state)
            waiting = np.frombuffer(b64decode(restored.waiting), np.float32).reshape(LOOK_AHEAD_SAMPLES, 2)
        except (ValidationError, ValueError) as error:
            raise CheckpointError("the checkpoint of the mixer is malformed") from error
        self._waiting = waiting.copy()
        self._allowed = list(restored.allowed)
        self._gain = restored.gain


class Mixer:
    """Adds up sources and limits the sum."""

    def __init__(self, state: dict[str, Any] | None = None) -> None:
        """``state`` is that of another mixer. Raises CheckpointError."""
        self._limiter = Limiter(state)

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return self._limiter.state()

    def mix(self, sources: Iterable[Sound], samples: int) -> Sound:
        """The sum of sounds of shape (samples, 2), limited and ``LOOK_AHEAD_SAMPLES`` behind; silence of none."""
        total = np.zeros((samples, 2), np.float32)
        for source in sources:
            total += source
        return self._limiter.limit(total)
