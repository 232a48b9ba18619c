"""Counts the packets of one file: what came, what came late, what never came.

Every packet is looked at once, in the order of arrival, and decided about by arrival times alone, so that a count which
was interrupted and continued is the same as one that was not.
"""

import math
from collections import deque
from pathlib import Path

import structlog
from pydantic import BaseModel, ConfigDict

from reelkit.capture.capture_time import MAX_INTERPOLATION_S, clock_correction_s, parse_abs_capture_time
from reelkit.capture.depacketize.opus import CLOCK_RATE_HZ as OPUS_CLOCK_RATE_HZ
from reelkit.capture.errors import MalformedPacket, PacketFileError
from reelkit.capture.mjr import MjrReader, RawPacket
from reelkit.capture.packet import parse_rtp
from reelkit.capture.stream import REORDER_S
from reelkit.capture.unit_reader import VIDEO_CLOCK_RATE_HZ
from reelkit.capture.unwrap import SequenceUnwrapper, TimestampUnwrapper
from reelkit.render.stream_tally import Outage, StreamTally
from reelkit.render.timeline import Stretch

log = structlog.get_logger(__name__)

OUTAGE_S = 0.25
"""A shorter hole is an ordinary loss."""
_REMEMBERED_LOST = 512
"""So many of the last lost numbers are remembered, to tell what comes late from what comes twice."""
_MOST_MISSING = 1_024
"""So many numbers are waited for at a time, several times what a camera sends within REORDER_S. Of a wider hole, which
only a broken or hostile sender leaves, the oldest are given up at once."""
_TIE_S = 1.0
"""The least delay of so much time ties the RTP clock to the wall clock, as in reelkit.capture.capture_time."""


class _Tie(BaseModel):
    """How the RTP clock stands to the wall clock in the present second."""

    model_config = ConfigDict(extra="forbid")

    began_s: float
    told: bool
    least_s: float
    """Least (arrival - media time)."""


class CountState(BaseModel):
    """A count that can be continued; JSON-able."""

    model_config = ConfigDict(extra="forbid")

    stream: int
    """Index of the tally that the file belongs to."""
    capture_time_id: int | None
    offset: int = 0
    stretch_s: float | None = None
    """Where the stretch begins that is being counted."""
    sequences: list[int | None] | None = None
    timestamp: int | None = None
    missing: list[tuple[int, float, float]] = []
    """Number, when the first packet behind it came, when the last before it had come."""
    given_up: list[int] = []
    hole: tuple[float, float, int] | None = None
    """When it was noticed, since when nothing had come, how many were given up."""
    last_s: float | None = None
    anchor: tuple[float, float] | None = None
    """RTP time and capture time that the sender told last."""
    tie: _Tie | None = None
    last_tie: tuple[bool, float] | None = None


class PacketCount:
    """Counts the packets of the file at ``path`` into ``tally``, from where ``state`` says."""

    def __init__(self, path: Path, tally: StreamTally, state: CountState) -> None:
        self._path = path
        self._tally = tally
        self._state = state
        self._rate_hz = OPUS_CLOCK_RATE_HZ if tally.kind == "audio" else VIDEO_CLOCK_RATE_HZ
        self._reader = MjrReader(path, state.offset)
        self._pending: deque[RawPacket] = deque()
        self._sequences = SequenceUnwrapper(state.sequences)
        self._timestamps = TimestampUnwrapper(state.timestamp)
        self._missing = {number: (noticed_s, since_s) for number, noticed_s, since_s in state.missing}
        self._given_up = deque(state.given_up, _REMEMBERED_LOST)
        self._broken = False

    def state(self) -> CountState:
        """Where the count stands."""
        self._state.sequences = self._sequences.state()
        self._state.timestamp = self._timestamps.last
        self._state.missing = [(number, *times) for number, times in self._missing.items()]
        self._state.given_up = list(self._given_up)
        return self._state

    def advance(self, until_s: float, stretches: tuple[Stretch, ...]) -> None:
        """Counts what arrived up to ``until_s`` within ``stretches``. Raises OSError."""
        while True:
            if not self._pending and not self._read():
                break
            packet = self._pending[0]
            if packet.arrival_s > until_s:
                break
            self._pending.popleft()
            self._take(packet, stretches)
        if self._pending:
            self._state.offset = self._pending[0].offset
        elif not self._broken:
            self._state.offset = self._reader.offset
        self._enter(_stretch_at(until_s, stretches))

    def close(self) -> None:
        """Nothing comes any more: what is missing is lost."""
        self._enter(None)

    def _read(self) -> bool:
        """Reads the next block: of a file that began long before the film there may be hours."""
        if self._broken:
            return False
        try:
            self._pending.extend(self._reader.poll(-math.inf))
        except PacketFileError as error:
            self._broken = True
            log.warning("packets of a file are not counted", path=str(self._path), reason=str(error))
        return bool(self._pending)

    def _enter(self, stretch: Stretch | None) -> None:
        """Goes to another stretch: what was missing in the last one is lost, and counting begins anew."""
        state = self._state
        start_s = None if stretch is None else stretch.start_s
        if start_s == state.stretch_s:
            return
        self._give_up(math.inf)
        self._end_hole()
        self._end_tie()
        state.stretch_s, state.last_s, state.last_tie, state.anchor = start_s, None, None, None
        self._given_up.clear()
        self._sequences = SequenceUnwrapper()

    def _take(self, packet: RawPacket, stretches: tuple[Stretch, ...]) -> None:
        arrival_s = packet.arrival_s
        stretch = _stretch_at(arrival_s, stretches)
        self._enter(stretch)
        if stretch is None:
            return
        tally = self._tally
        try:
            _, _, short, timestamp, extensions, payload = parse_rtp(packet.data)
        except MalformedPacket:
            tally.malformed += 1
            return
        timestamp = self._timestamps.unwrap(timestamp)
        highest = self._sequences.highest
        sequence = self._sequences.unwrap(short)
        if sequence is None:
            tally.malformed += 1
            return
        if self._missing:
            self._give_up(arrival_s)
        if highest is None or sequence > highest:
            if highest is not None and sequence > highest + 1:
                since_s = arrival_s if self._state.last_s is None else self._state.last_s
                self._miss(highest + 1, sequence, arrival_s, since_s)
            self._state.last_s = arrival_s
            if payload:
                self._tie(timestamp / self._rate_hz, arrival_s, extensions.get(self._state.capture_time_id or 0))
        elif self._missing.pop(sequence, None) is not None:
            tally.recovered += 1
        elif sequence in self._given_up:
            self._given_up.remove(sequence)
            tally.lost -= 1
            tally.late += 1
        else:
            tally.duplicates += 1
            return
        tally.packets += 1
        tally.payload_bytes += len(payload)

    def _miss(self, first: int, stop: int, noticed_s: float, since_s: float) -> None:
        """The packets ``first`` … ``stop - 1`` are waited for from now on."""
        begin = max(first, stop - _MOST_MISSING)
        while len(self._missing) + stop - begin > _MOST_MISSING:
            self._lose_oldest()
        if begin > first:
            self._lose(begin - first, noticed_s, since_s)
        for number in range(begin, stop):
            self._missing[number] = (noticed_s, since_s)

    def _give_up(self, now_s: float) -> None:
        """What was waited for long enough is lost."""
        while self._missing:
            noticed_s, _ = next(iter(self._missing.values()))
            if noticed_s + REORDER_S >= now_s:
                return
            self._lose_oldest()
        self._end_hole()

    def _lose_oldest(self) -> None:
        number, times = next(iter(self._missing.items()))
        del self._missing[number]
        self._given_up.append(number)
        self._lose(1, *times)

    def _lose(self, count: int, noticed_s: float, since_s: float) -> None:
        self._tally.lost += count
        hole = self._state.hole
        if hole is not None and hole[0] != noticed_s:
            self._end_hole()
            hole = None
        self._state.hole = (noticed_s, since_s, count if hole is None else hole[2] + count)

    def _end_hole(self) -> None:
        hole, self._state.hole = self._state.hole, None
        if hole is not None and hole[0] - hole[1] >= OUTAGE_S:
            length_s = round(hole[0] - hole[1], 3)
            self._tally.add_outage(Outage(wall_s=hole[1], length_s=length_s, packets=hole[2]))

    def _tie(self, rtp_s: float, arrival_s: float, told: bytes | None) -> None:
        state = self._state
        if told is not None and (capture_s := parse_abs_capture_time(told)) is not None:
            state.anchor = (rtp_s, capture_s)
        anchor = state.anchor
        is_told = anchor is not None and abs(rtp_s - anchor[0]) <= MAX_INTERPOLATION_S
        media_s = anchor[1] + (rtp_s - anchor[0]) if anchor is not None and is_told else rtp_s
        tie = state.tie
        if tie is not None and tie.told is is_told and arrival_s - tie.began_s < _TIE_S:
            tie.least_s = min(tie.least_s, arrival_s - media_s)
            return
        self._end_tie()
        state.tie = _Tie(began_s=arrival_s, told=is_told, least_s=arrival_s - media_s)

    def _end_tie(self) -> None:
        tie, self._state.tie = self._state.tie, None
        if tie is None:
            return
        clock = self._tally.clock
        clock.seconds += 1
        placed_s = tie.least_s
        if tie.told:
            placed_s = clock_correction_s(tie.least_s)
            clock.told_seconds += 1
            clock.correction_sum_s += placed_s
            clock.delay_sum_s += tie.least_s
        last = self._state.last_tie
        if last is not None and last[0] is tie.told:
            clock.moved(placed_s - last[1])
        self._state.last_tie = (tie.told, placed_s)


def _stretch_at(wall_s: float, stretches: tuple[Stretch, ...]) -> Stretch | None:
    for stretch in reversed(stretches):
        if wall_s >= stretch.start_s:
            return stretch if stretch.end_s is None or wall_s <= stretch.end_s else None
    return None
