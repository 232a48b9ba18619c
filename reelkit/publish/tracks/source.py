"""The access units of one packet file, in order, with a mark from which they can be had again."""

import math
from collections.abc import Mapping
from typing import Any

import structlog

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.capture_time import WINDOW_S
from reelkit.capture.catalog import PacketFile
from reelkit.capture.errors import CheckpointError, MalformedPacket, PacketFileError
from reelkit.capture.stream import REORDER_S
from reelkit.capture.unit_reader import UnitReader, first_byte
from reelkit.publish.tracks.errors import StateError

log = structlog.get_logger(__name__)

SETTLED_S = WINDOW_S + REORDER_S + 0.1
"""What was captured so long before the horizon has been read, late packets and the network's delay included."""
_READ_AHEAD_S = SETTLED_S + 0.9

SourceState = dict[str, Any]


class FileSource:
    """Walks through the units of a packet file, keeping those from :attr:`marked` on."""

    def __init__(
        self, file: PacketFile, codec: str, extmap: Mapping[str, int], state: SourceState | None = None
    ) -> None:
        """``state`` is that of an earlier source. Raises StateError if it belongs to another file."""
        self.file = file
        try:
            self._reader = UnitReader(file.path, codec, extmap=extmap, state=None if state is None else state["reader"])
            self.next: int = self._reader.start if state is None else state["next"]
        except (CheckpointError, KeyError) as error:
            raise StateError("a saved state does not fit its packet file", file=file.path.name) from error
        self.marked = self.next
        self._horizon_s = -math.inf
        self._until_s = file.created_s
        self.problem: str | None = None
        """Why nothing more can be read of the file."""

    @property
    def name(self) -> str:
        return self.file.path.name

    def poll(self, horizon_s: float) -> None:
        """Reads what was added to the file; ``horizon_s`` is that of UnitReader.poll. Raises OSError."""
        self._horizon_s = horizon_s
        self._read_on()

    def peek(self, until_s: float) -> AccessUnit | None:
        """The next unit; None if there is none captured up to ``until_s``, as far as can be known. Raises OSError."""
        while self.next >= self._reader.stop and self._until_s < until_s + _READ_AHEAD_S and self.problem is None:
            self._until_s = min(self._until_s + _READ_AHEAD_S, until_s + _READ_AHEAD_S)
            self._read_on()
        # A restored reader of video begins earlier, at a keyframe.
        if self._reader.stop <= self.next:
            return None
        unit = self._reader.unit(self.next)
        return unit if unit.capture_s <= until_s else None

    def step(self) -> None:
        """Goes on behind the unit that :meth:`peek` gave."""
        self.next += 1

    def mark(self, index: int) -> None:
        """Units before ``index`` will not be asked for again."""
        self.marked = index
        self._reader.trim(index)

    def awaits_keyframe(self, patience_s: float) -> bool:
        """As UnitReader's."""
        return self._reader.awaits_keyframe(patience_s)

    def state(self) -> SourceState:
        """JSON-able: what another source takes to go on with unit :attr:`marked`."""
        return {"next": self.marked, "reader": self._reader.state()}

    def needed_from(self) -> int:
        """The offset in the packet file from which on :meth:`state` leads to reading."""
        return first_byte(self._reader.state())

    def _read_on(self) -> None:
        if self.problem is not None:
            return
        reader = self._reader
        held_s = reader.unit(reader.stop - 1).capture_s if reader.stop > reader.start else -math.inf
        # A poll always reads on by a block: while the job lags behind the file, that much would pile up each time.
        if reader.stop > self.next and held_s >= self._until_s:
            return
        try:
            reader.poll(self._horizon_s, until_s=self._until_s)
        except FileNotFoundError:
            return
        except (PacketFileError, MalformedPacket) as error:
            self.problem = error.message
            log.warning("left out a packet file that cannot be read", path=str(self.file.path), reason=str(error))
