"""The RTP stream of one packet file: ordered, de-duplicated, unwrapped, and placed in time.

Everything is decided by the arrival times in the file, never by when it was read: a stream that is followed while it
grows gives the same packets at the same times as one that is read later.
"""

import math
from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from reelkit.capture.capture_time import MEMORY_S, Anchor, CaptureTimeMap, parse_abs_capture_time
from reelkit.capture.errors import CheckpointError, MalformedPacket
from reelkit.capture.mjr import MjrHeader, MjrReader, RawPacket
from reelkit.capture.packet import RtpPacket, parse_rtp
from reelkit.capture.reorder import ReorderBuffer
from reelkit.capture.unwrap import SequenceUnwrapper, TimestampUnwrapper

REORDER_S = 1.0
"""How long a missing packet is waited for after one behind it came; retransmissions at 100 ms RTT take up to 0.32 s."""
SYNC_INTERVAL_S = 0.5
"""How often a place is noted at which reading may start again."""

State = dict[str, Any]
"""A JSON-able checkpoint."""


@dataclass(slots=True)
class StreamCounters:
    """What happened to the packets of a stream since it was opened or restored."""

    received: int = 0
    lost: int = 0
    late: int = 0
    """Duplicates, and packets that came after they were given up."""
    malformed: int = 0
    wild: int = 0
    """Packets whose sequence number has nothing to do with their forerunners'."""


class _Slot:
    """A packet with what is found out about it."""

    __slots__ = ("capture_s", "lost_before", "packet")

    def __init__(self, packet: RtpPacket) -> None:
        self.packet = packet
        self.capture_s: float | None = None
        self.lost_before = 0


class _Sync(BaseModel):
    """A place in the file where reading can start, with the state before its record."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    arrival_s: float
    offset: int
    sequence: list[int | None]
    timestamp: int | None
    anchor: Anchor | None


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    index: int = 0
    next_sequence: int | None = None
    lost_pending: int = 0
    sync: _Sync | None = None


class StreamReader:
    """Random access to the packets ``start`` … ``stop - 1`` of a stream, counted from 0 at its first packet.

    :meth:`poll` adds packets at the end, :meth:`trim` forgets them at the beginning. Packets of padding alone are not
    among them, but do not count as lost. A reader made with the ``state`` of another begins at the packet which that
    state was made for; its packets, indices and capture times are the same as if it had read from the beginning.
    """

    def __init__(
        self,
        path: Path,
        clock_rate_hz: int,
        *,
        abs_capture_time_id: int | None = None,
        state: State | None = None,
    ) -> None:
        """``abs_capture_time_id`` is the id of that header extension, if the stream has it.

        Raises CheckpointError if ``state`` does not belong to this file.
        """
        self.path = path
        self.clock_rate_hz = clock_rate_hz
        self.counters = StreamCounters()
        self.ended = False
        """The complete file has been read: nothing will be added."""
        self._abs_capture_time_id = abs_capture_time_id
        self._restored = _restore(path, state)
        sync = self._restored.sync
        self._start = self._restored.index
        self._ordered: deque[_Slot] = deque()
        self._mjr = MjrReader(path, 0 if sync is None else sync.offset)
        self._sequences = SequenceUnwrapper(None if sync is None else sync.sequence)
        self._timestamps = TimestampUnwrapper(None if sync is None else sync.timestamp)
        self._times = CaptureTimeMap(None if sync is None else sync.anchor)
        self._reorder: ReorderBuffer[_Slot] = ReorderBuffer(
            self._append,
            REORDER_S,
            next_sequence=self._restored.next_sequence,
            lost_pending=self._restored.lost_pending,
        )
        self._syncs: deque[_Sync] = deque()
        self._first_arrival_s = math.inf
        self._last_arrival_s = -math.inf

    @property
    def header(self) -> MjrHeader | None:
        """The file's header; None until the first packet is there."""
        return self._mjr.header

    @property
    def start(self) -> int:
        """Index of the first packet that is held."""
        return self._start

    @property
    def stop(self) -> int:
        """Index behind the last packet that is held."""
        return self._start + len(self._ordered)

    @property
    def at_end(self) -> bool:
        """Whether the last poll read all that was in the file."""
        return self._mjr.at_end

    @property
    def age_s(self) -> float:
        """For how long packets have been coming; negative before the first."""
        return self._last_arrival_s - self._first_arrival_s

    @property
    def gap_age_s(self) -> float:
        """For how long packets have been coming behind one that is missing; negative if none is waited for."""
        return self._last_arrival_s - self._reorder.waiting_since_s

    def behind_gap(self) -> list[RtpPacket]:
        """The packets behind a missing one, in order."""
        return [slot.packet for slot in self._reorder.early]

    def poll(self, horizon_s: float = -math.inf, *, until_s: float = math.inf) -> None:
        """Reads on to the file's end, or until about the first packet that arrived after ``until_s``.

        ``horizon_s`` promises that all packets that arrived before it are in the file: infinity for a file that is
        complete; the present minus the writer's delay for one that grows. What arrived more than :data:`REORDER_S`
        before it is there and its capture time final, whatever was lost or late on the way.

        Raises PacketFileError if the file cannot be understood, OSError if it cannot be read.
        """
        for raw in self._mjr.poll(until_s):
            self._take(raw)
        if self._mjr.at_end:
            self.ended = horizon_s == math.inf
            self._reorder.advance(horizon_s)
            self._times.advance(horizon_s)

    def packet(self, index: int) -> RtpPacket:
        """Raises IndexError outside ``start`` … ``stop - 1``."""
        return self._slot(index).packet

    def capture_time_s(self, index: int) -> float | None:
        """When the packet's media was captured, in wall-clock seconds; None until that is final, which takes packets
        up to one second later or the horizon. Raises IndexError outside ``start`` … ``stop - 1``."""
        return self._slot(index).capture_s

    def lost_before(self, index: int) -> int:
        """How many packets are missing between this one and the one before it. Raises IndexError like
        :meth:`packet`."""
        return self._slot(index).lost_before

    def trim(self, index: int) -> None:
        """Forgets all packets before ``index``."""
        while self._start < index and self._ordered:
            self._ordered.popleft()
            self._start += 1
        needed_s = self._needed_s(self._start)
        while len(self._syncs) > 1 and self._syncs[1].arrival_s < needed_s:
            self._syncs.popleft()

    def state(self) -> State:
        """The checkpoint that begins at packet ``start``."""
        return self.bookmark(self._start)

    def bookmark(self, index: int) -> State:
        """The checkpoint that begins at packet ``index`` (``start`` … ``stop``). It costs nothing to keep."""
        if not self._syncs:
            return self._restored.model_dump(mode="json")
        needed_s = self._needed_s(index)
        sync = self._syncs[0]
        for _, later in pairwise(self._syncs):
            if later.arrival_s >= needed_s:
                break
            sync = later
        next_sequence, lost_pending = self._reorder.next_sequence, self._reorder.lost_pending
        if index < self.stop:
            slot = self._slot(index)
            next_sequence, lost_pending = slot.packet.sequence, slot.lost_before
        state = _State(
            file=self.path.name, index=index, next_sequence=next_sequence, lost_pending=lost_pending, sync=sync
        )
        return state.model_dump(mode="json")

    def _needed_s(self, index: int) -> float:
        """What arrived earlier has no influence on packet ``index`` and those behind it."""
        if index < self.stop:
            arrival_s = self._slot(index).packet.arrival_s
        else:
            arrival_s = min(self._last_arrival_s, self._reorder.waiting_since_s)
        return arrival_s - REORDER_S - MEMORY_S

    def _slot(self, index: int) -> _Slot:
        if not self._start <= index < self.stop:
            raise IndexError(f"packet {index} is not among {self._start} … {self.stop - 1}")
        return self._ordered[index - self._start]

    def _take(self, raw: RawPacket) -> None:
        arrival_s = raw.arrival_s
        went_back = arrival_s < self._last_arrival_s
        if went_back:
            # Only a damaged record does that: what was decided by its time is left behind.
            self._reorder.advance(math.inf)
            self._times.restart()
        if not self._syncs or went_back or arrival_s >= self._syncs[-1].arrival_s + SYNC_INTERVAL_S:
            self._syncs.append(self._sync(raw))
        self._first_arrival_s = min(self._first_arrival_s, arrival_s)
        self._last_arrival_s = arrival_s
        counters = self.counters
        counters.received += 1
        try:
            payload_type, marker, short, timestamp, extensions, payload = parse_rtp(raw.data)
        except MalformedPacket:
            counters.malformed += 1
            return
        sequence = self._sequences.unwrap(short)
        if sequence is None:
            counters.wild += 1
            return
        slot = None
        timestamp = self._timestamps.unwrap(timestamp)
        known = self._restored.next_sequence
        if payload:
            sender_s = None
            if self._abs_capture_time_id is not None and self._abs_capture_time_id in extensions:
                sender_s = parse_abs_capture_time(extensions[self._abs_capture_time_id])
            if known is None or sequence >= known:
                packet = RtpPacket(sequence, timestamp, arrival_s, marker, payload_type, payload, extensions)
                slot = _Slot(packet)
            in_order = sequence == self._sequences.highest
            rtp_s = timestamp / self.clock_rate_hz
            self._times.add(sequence, rtp_s, arrival_s, slot, sender_s=sender_s, in_order=in_order)
        if not self._reorder.add(sequence, arrival_s, slot) and slot is not None:
            counters.late += 1

    def _sync(self, raw: RawPacket) -> _Sync:
        return _Sync(
            arrival_s=raw.arrival_s,
            offset=raw.offset,
            sequence=self._sequences.state(),
            timestamp=self._timestamps.last,
            anchor=self._times.anchor,
        )

    def _append(self, slot: _Slot, lost_before: int) -> None:
        slot.lost_before = lost_before
        self.counters.lost += lost_before
        self._ordered.append(slot)


def _restore(path: Path, state: State | None) -> _State:
    if state is None:
        return _State(file=path.name)
    try:
        restored = _State.model_validate(state)
    except ValidationError as error:
        raise CheckpointError("the state of a stream is malformed", path=path) from error
    if restored.file != path.name:
        raise CheckpointError("the state of a stream belongs to another file", path=path, made_for=restored.file)
    return restored
