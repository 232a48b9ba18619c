"""One stream of a client: what it has written and nobody has heard yet."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reelkit.page.pulse_protocol import NO_INDEX, VOLUME_NORMAL, Command
from reelkit.page.sample_queue import SampleQueue
from reelkit.page.sample_spec import SampleSpec
from reelkit.page.sound_block import SAMPLE_RATE_HZ
from reelkit.page.sound_converter import SoundConverter

TARGET_S = 0.04
"""How far ahead of the ear a client is asked to be. It is asked once in 20 ms, so that it is never behind while it
answers within another 20 ms. That it is behind is heard only after ``LATE_S`` more (sound_mixer.py)."""
_LEAST_REQUEST_S = 0.005
_MOST_WAITING_S = 1.0
"""Nobody is asked for as much. What goes beyond is dropped."""

MixFunction = Callable[[int, NDArray[np.float32]], None]
TellFunction = Callable[[Command], None]


@dataclass(frozen=True, slots=True)
class BufferSizes:
    """What a client is told about its buffer, in bytes."""

    most: int
    target: int
    begin: int
    """How much there has to be before the stream starts."""
    least_request: int


class Playback:
    """A queue with a clock.

    All times are samples of the machine's monotonic clock (SoundBlock). A sample of a stream that runs is heard at its
    time, whether or not it is there by then: ``play`` is called later, and takes whatever has come. ``mix`` gets the
    samples with the time of the first; ``tell`` gets what the client has to know.
    """

    def __init__(
        self,
        spec: SampleSpec,
        positions: Sequence[int],
        begin_bytes: int,
        *,
        corked: bool,
        mix: MixFunction,
        tell: TellFunction,
    ) -> None:
        self.spec = spec
        self.positions = tuple(positions)
        self.underruns = 0
        """How often there was nothing to play although the stream ran."""
        self._converter = SoundConverter(spec, positions)
        self._mix = mix
        self._tell = tell
        self._queue = SampleQueue()
        self._target_frames = self._frames(TARGET_S)
        self._begin_frames = self._target_frames
        if begin_bytes != NO_INDEX:
            self._begin_frames = min(self._target_frames, begin_bytes // spec.frame_bytes)
        self._corked = corked
        self._draining = False
        self._volumes: Sequence[int] = [VOLUME_NORMAL] * spec.channels
        self._muted = False
        self._written_frames = 0
        self._requested_frames = 0
        """Less what has come since; below 0 when more came than was asked for, which clients account for too."""
        self._next: int | None = None
        """When the first sample of the queue is heard; None while the stream stands still."""

    @property
    def sizes(self) -> BufferSizes:
        size = self.spec.frame_bytes
        return BufferSizes(
            most=self._frames(_MOST_WAITING_S) * size,
            target=self._target_frames * size,
            begin=self._begin_frames * size,
            least_request=self._frames(_LEAST_REQUEST_S) * size,
        )

    def set_volumes(self, volumes: Sequence[int]) -> None:
        """Of each channel, for what is written from now on."""
        self._volumes = volumes
        self._converter.set_gains([0] * len(volumes) if self._muted else volumes)

    def mute(self, muted: bool) -> None:
        """Makes it silent, or not, for what is written from now on."""
        self._muted = muted
        self.set_volumes(self._volumes)

    def write(self, data: bytes, now: int) -> None:
        """Takes what the client sends; an incomplete frame at its end is dropped."""
        frames = len(data) // self.spec.frame_bytes
        self._requested_frames -= frames
        room = self._frames(_MOST_WAITING_S) - self._waiting_frames(len(self._queue))
        if frames > room:
            self._tell(Command.OVERFLOW)
            frames = max(0, room)
        if not frames:
            return
        self._queue.push(self._converter.convert(data[: frames * self.spec.frame_bytes]))
        self._written_frames += frames
        self._draining = False
        self._start_if_ready(now)

    def request_bytes(self, now: int) -> int:
        """What the client is to be asked for, which it now has been."""
        missing_frames = self._target_frames - self._waiting_frames(self._ahead(now))
        frames = missing_frames - self._requested_frames
        if missing_frames <= 0 or frames < self._frames(_LEAST_REQUEST_S):
            return 0
        self._requested_frames += frames
        return frames * self.spec.frame_bytes

    def play(self, until: int) -> None:
        """Mixes what is heard before ``until``."""
        if self._next is None or until <= self._next:
            return
        count = min(until - self._next, len(self._queue))
        for piece in self._queue.take(count):
            self._mix(self._next, piece)
            self._next += piece.shape[1]
        if self._next < until:
            self._next = None
            if not self._draining:
                self.underruns += 1
                self._tell(Command.UNDERFLOW)

    def cork(self, now: int) -> None:
        """Stops the stream; what was not heard by now is kept."""
        self.play(now)
        self._corked = True
        self._next = None

    def uncork(self, now: int) -> None:
        """Lets it run, as soon as there is enough."""
        self._corked = False
        self._start_if_ready(now)

    def flush(self, now: int) -> None:
        """Drops what was not heard by now."""
        self.play(now)
        self._written_frames -= self._waiting_frames(len(self._queue))
        self._queue.clear()
        self._converter.forget()
        self._next = None

    def rebuffer(self, now: int) -> None:
        """Stops until there is enough to begin with."""
        self.play(now)
        self._next = None
        self._start_if_ready(now)

    def drain(self, now: int) -> None:
        """Nothing more comes for now: what there is need not be enough."""
        self._draining = True
        self._queue.push(self._converter.rest())
        self._start_if_ready(now)

    def drained(self, now: int) -> bool:
        """Everything has been heard."""
        return self._ahead(now) <= 0

    @property
    def running(self) -> bool:
        """Its time goes on, also while the client is late."""
        return self._next is not None

    def indexes(self, at: int) -> tuple[int, int]:
        """How many bytes had been written and heard at a time, which may be a moment ago.

        While the client is late more has been heard than written. That is the truth, as what is late gets its place in
        time, and a client's idea of time goes wrong for long if the ear stands still for it.
        """
        size = self.spec.frame_bytes
        waiting = self._waiting_frames(self._ahead(at))
        return self._written_frames * size, (self._written_frames - waiting) * size

    def _ahead(self, at: int) -> int:
        """Samples of the queue that have not been heard; below 0 those that should be in it and are late."""
        return len(self._queue) - (0 if self._next is None else max(0, at - self._next))

    def _waiting_frames(self, samples: int) -> int:
        """In the client's rate, with what the converter has not given back."""
        return round(samples * self.spec.rate_hz / SAMPLE_RATE_HZ) + self._converter.delay_frames

    def _frames(self, duration_s: float) -> int:
        return round(duration_s * self.spec.rate_hz)

    def _start_if_ready(self, now: int) -> None:
        if self._corked or self._next is not None or not self._queue:
            return
        if self._draining or self._waiting_frames(len(self._queue)) >= self._begin_frames:
            self._next = now
            self._tell(Command.STARTED)
