"""When a packet's media was captured, on the SFU's wall clock.

Without help from the sender, capture time is RTP time plus the lower envelope of (arrival − RTP time): the least
delayed of the packets that arrived within one second before and after tells how the clocks stand. The RTP clock may
jump (an underrun, ``replaceTrack(null)``): the envelope never reaches across a jump. A late packet or a stalled network
is no jump.

With abs-capture-time the sender tells capture times on its own clock, and RTP time only bridges the gaps between two
of them. Where that clock agrees with the SFU's to within a plausible network delay it is taken as it is; where it does
not, the lower envelope of (arrival − capture time) corrects it.

A time depends on the packets that arrived up to one second later (:data:`WINDOW_S`), on those of a few seconds before,
and on nothing else: reading again from :data:`MEMORY_S` before gives the same times. A packet that comes out of order
tells nothing about the clocks: it takes its time from the packet behind it, and makes no other packet wait.
"""

import math
from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from operator import attrgetter
from typing import NamedTuple, Protocol

WINDOW_S = 1.0
"""Half of the envelope's width: less follows jitter, more lags behind a sender whose clock drifts or slips."""
JUMP_S = 0.1
"""A step of (arrival − RTP time) by more than this that lasts is a jump of the RTP clock; less is jitter, or a slip
that the envelope follows within a second. Jitter would have to delay every packet of a second to look like a jump."""
LEVEL_S = 3.0
"""A jump is told from a stall that ends by the least delay of so many seconds before."""
MEMORY_S = WINDOW_S + LEVEL_S
"""What arrived earlier than this before a packet has no influence on its time, but for the sender's clock."""
TRUSTED_DELAY_S = 0.1
"""An apparent network delay up to this is believed, so the sender's clock too."""
REFUSED_DELAY_S = 0.2
"""From this on the delay is taken for a wrong clock; in between the correction rises continuously."""
MAX_INTERPOLATION_S = 5.0
"""Senders repeat abs-capture-time at least so often (libwebrtc's AbsoluteCaptureTimeSender)."""

_NTP_EPOCH_S = 2_208_988_800  # 1900 to 1970
_NTP_FRACTION = 1 << 32
_ABS_CAPTURE_TIME_BYTES = 8  # the estimated clock offset that may follow concerns a mixer's sources
_COMPACT_AT = 1_024
_sequence = attrgetter("sequence")


class Timed(Protocol):
    """What a capture time is written to."""

    capture_s: float | None


class Anchor(NamedTuple):
    """An abs-capture-time: the packet of this sequence number was captured at ``capture_s`` by the sender's clock."""

    sequence: int
    rtp_s: float
    capture_s: float


@dataclass(slots=True)
class _Entry:
    """A packet that came in order."""

    sequence: int
    arrival_s: float
    rtp_s: float
    base_s: float
    """Capture time but for the correction that the envelope gives: RTP time, or the sender's capture time."""
    offset_s: float
    """Arrival − base."""
    anchored: bool
    """Whether the base is a time of the sender's clock."""
    target: Timed | None
    breaks: bool = False
    """The clock jumped ahead here, or the base changed: nothing from before counts for this and nothing from here on
    counts for what was before."""
    level_s: float | None = None
    """The clock may have stopped here: it has if all offsets of the next second lie above this."""
    capture_s: float | None = None
    followers: list[tuple[float, Timed]] = field(default_factory=list)
    """RTP times and targets of packets out of order, which take their time from this."""


def parse_abs_capture_time(data: bytes) -> float | None:
    """Seconds since 1970 of an abs-capture-time extension (a 64-bit NTP time stamp); None if it is too short."""
    if len(data) < _ABS_CAPTURE_TIME_BYTES:
        return None
    return int.from_bytes(data[:_ABS_CAPTURE_TIME_BYTES], "big") / _NTP_FRACTION - _NTP_EPOCH_S


def clock_correction_s(delay_s: float) -> float:
    """What to add to a sender's capture times when its packets seem to take ``delay_s`` at least.

    Nothing for a plausible network delay; the whole apparent delay, as if the network took no time, when it is negative
    or too large. Continuous, so that two streams of one sender whose delays differ slightly stay together.
    """
    if delay_s < 0 or delay_s >= REFUSED_DELAY_S:
        return delay_s
    if delay_s <= TRUSTED_DELAY_S:
        return 0.0
    return (delay_s - TRUSTED_DELAY_S) * REFUSED_DELAY_S / (REFUSED_DELAY_S - TRUSTED_DELAY_S)


class CaptureTimeMap:
    """Gives capture times to packets in the order in which they arrived.

    Add every packet with :meth:`add`; its ``capture_s`` is set once it is final: when a packet that arrived more than a
    second later is added, or :meth:`advance` tells that all up to then have been added. O(1) amortised per packet.
    """

    def __init__(self, anchor: Anchor | None = None) -> None:
        self.anchor = anchor
        """The sender's capture time in use, for a later map to start with."""
        self._entries: list[_Entry] = []
        self._head = 0
        """The first entry without a final time."""
        self._ahead = 0
        """The first entry not yet in the envelope."""
        self._added = 0
        """Number of the first of ``_entries``, counted from the first packet."""
        self._envelope: deque[tuple[int, float, float]] = deque()
        """(number, arrival, offset) with rising offsets: the first is the least of the window."""
        self._level: deque[tuple[float, float]] = deque()
        """(arrival, offset) with rising offsets over the last LEVEL_S."""
        self._last: _Entry | None = None
        """The packet before."""

    def add(
        self,
        sequence: int,
        rtp_s: float,
        arrival_s: float,
        target: Timed | None,
        *,
        sender_s: float | None = None,
        in_order: bool = True,
    ) -> None:
        """Takes the next packet: its unwrapped sequence number and time stamp in seconds, when it arrived, where its
        capture time shall go, the abs-capture-time it carries, if any, and whether no packet with a higher sequence
        number came before. Arrivals do not go back."""
        self.advance(arrival_s)
        if sender_s is not None and (self.anchor is None or self.anchor.sequence < sequence):
            self.anchor = Anchor(sequence, rtp_s, sender_s)
        if not in_order and self._last is not None:
            behind = bisect_right(self._entries, sequence, lo=self._head, key=_sequence)
            self._follow(self._entries[behind] if behind < len(self._entries) else self._last, rtp_s, target)
            return
        base_s = rtp_s
        anchor = self.anchor
        is_anchored = anchor is not None and abs(rtp_s - anchor.rtp_s) <= MAX_INTERPOLATION_S
        if anchor is not None and is_anchored:
            base_s = anchor.capture_s + (rtp_s - anchor.rtp_s)
        entry = _Entry(sequence, arrival_s, rtp_s, base_s, arrival_s - base_s, is_anchored, target)
        self._mark_jump(entry)
        self._entries.append(entry)

    def advance(self, horizon_s: float) -> None:
        """Every packet that arrived before ``horizon_s`` has been added: makes final what that allows."""
        entries = self._entries
        while self._head < len(entries) and entries[self._head].arrival_s + WINDOW_S < horizon_s:
            self._finalise(entries[self._head])
            self._head += 1
        if self._head >= _COMPACT_AT:
            del entries[: self._head]
            self._added += self._head
            self._ahead -= self._head
            self._head = 0

    def restart(self) -> None:
        """The clock of the arrivals went back: makes everything final and forgets it."""
        self.advance(math.inf)
        self._envelope.clear()
        self._level.clear()
        self._last = None

    def _follow(self, leader: _Entry, rtp_s: float, target: Timed | None) -> None:
        if target is None:
            return
        if leader.capture_s is None:
            leader.followers.append((rtp_s, target))
        else:
            target.capture_s = leader.capture_s + (rtp_s - leader.rtp_s)

    def _mark_jump(self, entry: _Entry) -> None:
        level, last, offset_s = self._level, self._last, entry.offset_s
        if last is not None and last.anchored is not entry.anchored:
            entry.breaks = True
            level.clear()
        elif last is not None:
            while level[0][0] < last.arrival_s - LEVEL_S:
                level.popleft()
            step_s = offset_s - last.offset_s
            if step_s > JUMP_S:
                entry.level_s = level[0][1] + JUMP_S
            elif step_s < -JUMP_S and offset_s < level[0][1] - JUMP_S:
                entry.breaks = True
        while level and level[-1][1] >= offset_s:
            level.pop()
        level.append((entry.arrival_s, offset_s))
        self._last = entry

    def _finalise(self, entry: _Entry) -> None:
        entries, envelope = self._entries, self._envelope
        end_s = entry.arrival_s + WINDOW_S
        if entry.breaks or (entry.level_s is not None and self._stays_above(entry.level_s, end_s)):
            number = self._added + self._head
            while envelope and envelope[0][0] < number:
                envelope.popleft()
        ahead = self._ahead
        while ahead < len(entries):
            following = entries[ahead]
            if following.arrival_s > end_s or (following.breaks and ahead > self._head):
                break
            while envelope and envelope[-1][2] >= following.offset_s:
                envelope.pop()
            envelope.append((self._added + ahead, following.arrival_s, following.offset_s))
            ahead += 1
        self._ahead = ahead
        start_s = entry.arrival_s - WINDOW_S
        while envelope[0][1] < start_s:
            envelope.popleft()
        floor_s = envelope[0][2]
        capture_s = entry.base_s + (clock_correction_s(floor_s) if entry.anchored else floor_s)
        entry.capture_s = capture_s
        if entry.target is not None:
            entry.target.capture_s = capture_s
        for rtp_s, target in entry.followers:
            target.capture_s = capture_s + (rtp_s - entry.rtp_s)

    def _stays_above(self, level_s: float, end_s: float) -> bool:
        """Whether all offsets from the entry being finalised until ``end_s`` lie above ``level_s``."""
        for number in range(self._head, len(self._entries)):
            following = self._entries[number]
            if following.arrival_s > end_s or (following.breaks and number > self._head):
                break
            if following.offset_s <= level_s:
                return False
        return True
