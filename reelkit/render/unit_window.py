"""The Opus packets of one file: the next one, and as many before it as a decoder needs to begin again."""

import math
from collections.abc import Mapping
from pathlib import Path

import structlog

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.capture_time import WINDOW_S
from reelkit.capture.errors import CheckpointError as CaptureCheckpointError
from reelkit.capture.errors import PacketFileError
from reelkit.capture.stream import REORDER_S, State
from reelkit.capture.unit_reader import UnitReader
from reelkit.render.errors import CheckpointError

log = structlog.get_logger(__name__)

_READ_AHEAD_S = WINDOW_S + REORDER_S + 1.0
"""A unit is final when packets that arrived up to 2 s later have been read."""
_SETTLED_S = WINDOW_S + REORDER_S + 0.1
"""What was captured so long before the horizon has been read, late packets and the network's delay included."""


class UnitWindow:
    """Walks through the units of the file at ``path``, keeping the last ``kept``.

    ``begins_s`` is a wall-clock time at or before the first unit's. ``state`` is that of another window: this one
    begins with the first unit that it had kept. Raises CheckpointError if it belongs to another file.
    """

    def __init__(
        self, path: Path, extmap: Mapping[str, int], begins_s: float, kept: int, state: State | None = None
    ) -> None:
        self.path = path
        try:
            self._reader = UnitReader(path, "opus", extmap=extmap, state=state)
        except CaptureCheckpointError as error:
            raise CheckpointError("the checkpoint of an audio track does not fit its file", file=path.name) from error
        self._kept = kept
        self._next = self._reader.start
        self._horizon_s = -math.inf
        self._until_s = begins_s
        self._broken = False

    @property
    def start(self) -> int:
        """Index of the first unit that is kept."""
        return self._reader.start

    @property
    def next_index(self) -> int:
        """Index of the unit that :meth:`peek` gives."""
        return self._next

    @property
    def late(self) -> int:
        """Packets that were left out because they came too late or twice."""
        return self._reader.counters.late

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the file; ``horizon_s`` is that of UnitReader.poll."""
        self._horizon_s = horizon_s
        self._read_on()

    def settled_until_s(self, wall_s: float) -> float:
        """Up to which capture time, looked at from ``wall_s``, all units are known."""
        self.peek(wall_s)
        return max(self._horizon_s - _SETTLED_S, self._held_until_s())

    def peek(self, until_s: float) -> AccessUnit | None:
        """The next unit; None if there is none captured up to ``until_s``, as far as can be known."""
        while self._next >= self._reader.stop and self._until_s < until_s + _READ_AHEAD_S:
            self._until_s = min(self._until_s + _READ_AHEAD_S, until_s + _READ_AHEAD_S)
            self._read_on()
        return self._reader.unit(self._next) if self._next < self._reader.stop else None

    def step(self) -> None:
        """Goes on behind the unit that :meth:`peek` gave."""
        self._next += 1
        self._reader.trim(self._next - self._kept)

    def before(self, count: int) -> list[AccessUnit]:
        """The last ``count`` units before the next one, as far as they are kept."""
        first = max(self._reader.start, self._next - count)
        return [self._reader.unit(index) for index in range(first, self._next)]

    def state(self) -> State:
        """JSON-able; for a window that begins with the first unit kept."""
        return self._reader.state()

    def _held_until_s(self) -> float:
        reader = self._reader
        return reader.unit(reader.stop - 1).capture_s if reader.stop > reader.start else -math.inf

    def _read_on(self) -> None:
        # A poll always reads on by a block: while rendering lags behind the file, that much would pile up each time.
        if self._broken or self._held_until_s() >= self._until_s:
            return
        try:
            self._reader.poll(self._horizon_s, until_s=self._until_s)
        except PacketFileError as error:
            self._broken = True
            log.warning("left out a packet file that cannot be read", path=str(self.path), reason=str(error))
