"""A walk through the video units of one packet file that reads only a little ahead."""

import math
from collections.abc import Mapping
from pathlib import Path

import structlog

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.errors import PacketFileError
from reelkit.capture.stream import State
from reelkit.capture.unit_reader import UnitReader

log = structlog.get_logger(__name__)

READ_AHEAD_S = 3.0
"""Units are wanted up to 0.4 s ahead of the instant shown; they become final when packets that arrived up to 2 s later
have been read (one for reordering, one for capture times)."""
PATIENCE_S = 0.4
"""Janus asks twice for a missing packet, the second time 0.16 s after the first: at 100 ms round trip it has come by
0.32 s or never will."""
_LATELY_S = 1.0
"""Looking into the file for every single frame would cost more than reading it."""
_STEP_S = 5.0
"""A long way is read in steps of this length, so that what is skipped is not held in memory all at once."""


class UnitCursor:
    """The units of the file at ``path`` from its beginning, or from the keyframe of ``state``, one after the other.

    ``begins_s`` is a wall-clock time at or before the first unit's. Raises UnsupportedCodec, CheckpointError.
    """

    def __init__(
        self, path: Path, codec: str, extmap: Mapping[str, int], begins_s: float, state: State | None = None
    ) -> None:
        self.path = path
        self._reader = UnitReader(path, codec, extmap=extmap, state=state)
        self._next = self._reader.start
        self._until_s = self._wanted_s = begins_s
        self._horizon_s = -math.inf
        self._broken = False

    @property
    def next_index(self) -> int:
        """Index of the unit that :meth:`take` gives."""
        return self._next

    @property
    def held_until_s(self) -> float:
        """The capture time of the last unit that was read; minus infinity if none is held."""
        if self._reader.stop == self._reader.start:
            return -math.inf
        return self._reader.unit(self._reader.stop - 1).capture_s

    @property
    def is_stuck(self) -> bool:
        """Whether what was written last cannot be decoded and no keyframe has come since."""
        return not self._broken and self._reader.awaits_keyframe(PATIENCE_S)

    @property
    def has_keyframe_ahead(self) -> bool:
        """Whether a keyframe follows, as far as was read."""
        return self._reader.has_keyframe(self._next)

    def read(self, horizon_s: float) -> None:
        """Reads what was added to the file; ``horizon_s`` is that of :meth:`UnitReader.poll`."""
        self._horizon_s = horizon_s
        self._step()

    def peek(self, wall_s: float) -> AccessUnit | None:
        """The next unit; None if there is none up to well behind ``wall_s`` as far as the file was written."""
        self._wanted_s = wall_s + READ_AHEAD_S
        while self._next >= self._reader.stop and self._until_s < self._wanted_s:
            self._step()
        return self._reader.unit(self._next) if self._next < self._reader.stop else None

    def read_ahead(self, wall_s: float) -> None:
        """Reads what lies shortly behind ``wall_s``, unless that was done lately."""
        self._wanted_s = wall_s + READ_AHEAD_S
        while self._until_s < self._wanted_s - _LATELY_S:
            self._step()

    def take(self) -> State | None:
        """Steps over the unit that :meth:`peek` gave. For a keyframe, gives the state that leads back to it."""
        unit = self._reader.unit(self._next)
        self._reader.trim(self._next)
        self._next += 1
        return self._reader.state() if unit.keyframe else None

    def _step(self) -> None:
        self._until_s = max(self._until_s, min(self._until_s + _STEP_S, self._wanted_s))
        # A poll always reads on by a block: while rendering lags behind the file, that much would pile up each time.
        if self._broken or self.held_until_s >= self._until_s:
            return
        try:
            self._reader.poll(self._horizon_s, until_s=self._until_s)
        except PacketFileError as error:
            self._broken = True
            log.warning("left out a packet file that cannot be read", path=str(self.path), reason=str(error))
