"""A clip as a track of aiortc: its packets are sent at their times on the timeline's clock, unchanged."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

import av
from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from reelkit.clock import Clock, SystemClock
from testbed.clips import OPUS_FRAME_S, Clip
from testbed.timeline import FPS, Signal

_CLOCK_HZ = {"audio": 48_000, "video": 90_000}
_READY_S = {"audio": OPUS_FRAME_S, "video": 0.0}
"""How long after its time stamp a packet can be sent at the earliest: sound has to be heard to its end first."""
_FOREVER_S = 1e9
_LATE_LIMIT_S = 0.5
"""A sender that was held up for longer leaves out what it missed, as a camera does."""


class ClipTrack(MediaStreamTrack):
    """Plays a clip whose time zero is the wall-clock time ``zero_s``, from the first keyframe that is still to come.

    ``on_signal(instant_s)`` is called when the first packet of a flash or beep is handed over for sending.
    """

    def __init__(
        self,
        kind: Literal["audio", "video"],
        clip: Clip,
        zero_s: float,
        *,
        signal: Signal,
        on_signal: Callable[[float], None],
        clock: Clock | None = None,
    ) -> None:
        super().__init__()
        self.kind = kind
        self._clock = clock or SystemClock()
        self._zero_s = zero_s
        self._on_signal = on_signal
        self._signal = signal
        self._clip = clip
        self._packets = clip.between(max(self._clock.time_s() - zero_s, 0.0), _FOREVER_S)
        self._await_keyframe = True
        self._last_s = -1.0
        self.sent = 0
        self.first_sent_at_s: float | None = None
        self.latest_s = 0.0
        """By how much the latest packet came late."""

    def switch(self, clip: Clip) -> None:
        """Goes on with another clip on the same clock. Only clips whose packets stand alone (audio) can be switched."""
        self._clip = clip
        self._packets = clip.between(self._last_s + 1e-6, _FOREVER_S)

    async def recv(self) -> "av.Packet[Any]":
        """The next packet, when it is due."""
        if self.readyState != "live":
            raise MediaStreamError
        while True:
            packet = next(self._packets)
            ahead_s = self._due_s(packet.time_s) - self._clock.time_s()
            if ahead_s < -_LATE_LIMIT_S:
                self._await_keyframe = True
                self._packets = self._clip.between(self._clock.time_s() - self._zero_s, _FOREVER_S)
            elif packet.keyframe or not self._await_keyframe:
                break
        if ahead_s > 0:
            await self._clock.sleep(ahead_s)
        self._await_keyframe = False
        self._note(packet.time_s)
        sent: av.Packet[Any] = av.Packet(packet.data)
        clock_hz = _CLOCK_HZ[self.kind]
        sent.time_base = Fraction(1, clock_hz)
        sent.pts = sent.dts = round(packet.time_s * clock_hz)
        return sent

    def _due_s(self, time_s: float) -> float:
        return self._zero_s + time_s + _READY_S[self.kind]

    def _note(self, time_s: float) -> None:
        now_s = self._clock.time_s()
        if self.first_sent_at_s is None:
            self.first_sent_at_s = now_s
        self.latest_s = max(self.latest_s, now_s - self._due_s(time_s))
        self.sent += 1
        step_s = 1 / FPS if self.kind == "video" else OPUS_FRAME_S
        for instant_s in self._signal.between(max(time_s - step_s, 0.0), time_s + 1e-6):
            if self._last_s < instant_s - 1e-6:
                self._on_signal(instant_s)
        self._last_s = time_s
