"""The access units of one packet file."""

import math
from collections import deque
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from reelkit.capture.access_unit import AccessUnit, audio_unit
from reelkit.capture.assembler import Frame, FrameAssembler
from reelkit.capture.depacketize import VIDEO_DEPACKETIZERS
from reelkit.capture.depacketize.opus import CLOCK_RATE_HZ as OPUS_CLOCK_RATE_HZ
from reelkit.capture.errors import CheckpointError, MalformedPayload, UnsupportedCodec
from reelkit.capture.packet import ABS_CAPTURE_TIME_URI, VIDEO_ORIENTATION_URI, RtpPacket
from reelkit.capture.stream import State, StreamCounters, StreamReader

VIDEO_CLOCK_RATE_HZ = 90_000


class UnitReader:
    """Random access to the access units ``start`` … ``stop - 1`` of a packet file, counted from 0 at its first.

    All that are held are final: nothing that is read later changes them. :meth:`poll` adds units at the end,
    :meth:`trim` forgets them at the beginning. A reader made with another's :meth:`state` gives the same units with the
    same indices again, beginning at the last keyframe at or before that reader's ``start`` (audio: at ``start``).
    """

    def __init__(
        self, path: Path, codec: str, *, extmap: Mapping[str, int] | None = None, state: State | None = None
    ) -> None:
        """``codec`` and ``extmap`` are those of ProducerOpened.

        Raises UnsupportedCodec, or CheckpointError if ``state`` does not belong to this file.
        """
        extmap = extmap or {}
        stream_state, assembler_state = (None, None) if state is None else _parts(state, path)
        self._assembler: FrameAssembler | None = None
        """None for audio, whose packets are units."""
        clock_rate_hz = OPUS_CLOCK_RATE_HZ
        if codec in VIDEO_DEPACKETIZERS:
            clock_rate_hz = VIDEO_CLOCK_RATE_HZ
            self._assembler = FrameAssembler(
                VIDEO_DEPACKETIZERS[codec](), extmap.get(VIDEO_ORIENTATION_URI), assembler_state
            )
        elif codec != "opus":
            raise UnsupportedCodec("no depacketizer for this codec", codec=codec, path=path)
        self._stream = StreamReader(
            path, clock_rate_hz, abs_capture_time_id=extmap.get(ABS_CAPTURE_TIME_URI), state=stream_state
        )
        self._units: deque[AccessUnit] = deque()
        self._next_packet = self._stream.start
        self._start = self._stream.start if self._assembler is None else self._assembler.index
        self._resumes: deque[tuple[int, State]] = deque()
        """Unit index and checkpoint of each video keyframe held, and of one place at or before ``start``."""
        if self._assembler is not None:
            self._resumes.append((self._start, _state(self._stream.state(), self._assembler.state())))

        self._probe = VIDEO_DEPACKETIZERS[codec]() if self._assembler is not None else None
        """Looks into packets that are not yet put together."""

    @property
    def path(self) -> Path:
        return self._stream.path

    @property
    def clock_rate_hz(self) -> int:
        """Units of :attr:`AccessUnit.timestamp` in a second."""
        return self._stream.clock_rate_hz

    @property
    def counters(self) -> StreamCounters:
        """What happened to the packets."""
        return self._stream.counters

    @property
    def start(self) -> int:
        """Index of the first unit that is held."""
        return self._start

    @property
    def stop(self) -> int:
        """Index behind the last unit that is held."""
        return self._start + len(self._units)

    def awaits_keyframe(self, patience_s: float) -> bool:
        """Whether video has come to a loss beyond which nothing can be decoded, and no keyframe has come since: told as
        soon as a missing packet was waited for so long, before it is given up. Only where everything in the file was
        read, so that asking the sender can help."""
        stream = self._stream
        if self._assembler is None or not stream.at_end or stream.age_s < patience_s:
            return False
        waiting = stream.behind_gap()
        if stream.gap_age_s > patience_s:
            return not self._has_keyframe(waiting)
        return self._assembler.awaits_keyframe and not self._has_keyframe([*self._pending(), *waiting])

    def has_keyframe(self, index: int) -> bool:
        """Whether a keyframe was read among the units from ``index`` on, or is just being put together."""
        if any(self.unit(at).keyframe for at in range(max(index, self._start), self.stop)):
            return True
        return self._has_keyframe([*self._pending(), *self._stream.behind_gap()])

    def poll(self, horizon_s: float = -math.inf, *, until_s: float = math.inf) -> None:
        """Reads on; ``horizon_s``, ``until_s`` and the errors are those of :meth:`StreamReader.poll`. A unit appears
        when packets that arrived more than one second later were read, or the horizon is that far."""
        stream = self._stream
        stream.poll(horizon_s, until_s=until_s)
        while self._next_packet < stream.stop:
            index = self._next_packet
            capture_s = stream.capture_time_s(index)
            if capture_s is None:
                break
            self._next_packet = index + 1
            packet, lost_before = stream.packet(index), stream.lost_before(index)
            if self._assembler is None:
                self._units.append(audio_unit(index, packet, capture_s, lost_before))
            else:
                self._add_frames(self._assembler.add(index, packet, capture_s, lost_before))
        if self._assembler is not None:
            if stream.ended:
                self._add_frames(self._assembler.flush())
            # A checkpoint at an unfinished frame needs its first packet.
            stream.trim(self._assembler.oldest_packet(default=self._next_packet))

    def unit(self, index: int) -> AccessUnit:
        """Raises IndexError outside ``start`` … ``stop - 1``."""
        if not self._start <= index < self.stop:
            raise IndexError(f"unit {index} is not among {self._start} … {self.stop - 1}")
        return self._units[index - self._start]

    def trim(self, index: int) -> None:
        """Forgets all units before ``index``."""
        while self._start < index and self._units:
            self._units.popleft()
            self._start += 1
        while len(self._resumes) > 1 and self._resumes[1][0] <= self._start:
            self._resumes.popleft()
        if self._assembler is None:
            self._stream.trim(self._start)

    def state(self) -> State:
        """The JSON-able checkpoint: what a reader takes that shall give the units from ``start`` on, and before them
        those back to the last keyframe."""
        if self._assembler is None:
            return _state(self._stream.state(), {})
        return self._resumes[0][1]

    def _pending(self) -> list[RtpPacket]:
        """Packets in order whose capture time is not yet final."""
        return [self._stream.packet(index) for index in range(self._next_packet, self._stream.stop)]

    def _has_keyframe(self, packets: Iterable[RtpPacket]) -> bool:
        """Whether any of the packets begins a keyframe."""
        for packet in packets:
            with suppress(MalformedPayload):
                if self._probe is not None and self._probe.fragment(packet.payload).keyframe:
                    return True
        return False

    def _add_frames(self, frames: list[Frame]) -> None:
        for frame in frames:
            if frame.unit.keyframe:
                state = _state(self._stream.bookmark(frame.first_packet), frame.state)
                self._resumes.append((frame.unit.index, state))
            self._units.append(frame.unit)


def first_byte(state: State) -> int:
    """The offset in its packet file from which on a reader with this state reads. Raises CheckpointError."""
    try:
        sync = state["stream"]["sync"]
        return 0 if sync is None else int(sync["offset"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError("the state of a reader is malformed") from error


def _state(stream: State, assembler: dict[str, Any]) -> State:
    return {"stream": stream, "assembler": assembler}


def _parts(state: State, path: Path) -> tuple[State, dict[str, Any] | None]:
    try:
        return state["stream"], state["assembler"] or None
    except (KeyError, TypeError) as error:
        raise CheckpointError("the state of a reader is malformed", path=path) from error
