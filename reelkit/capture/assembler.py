"""Puts access units together from an ordered stream of packets."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from reelkit.capture.access_unit import AccessUnit
from reelkit.capture.depacketize.base import Depacketizer, Fragment, Size, Start
from reelkit.capture.errors import CheckpointError, MalformedPayload
from reelkit.capture.packet import RtpPacket

MAX_UNIT_PACKETS = 4_096
"""About 5 MB: no frame is larger, and a sender that never ends one shall not fill the memory."""

_UNKNOWN = Size(0, 0)
_ROTATION_STEP_DEG = 90


class Frame(NamedTuple):
    """A finished unit, the stream's index of its first packet, and the assembler's state before it."""

    unit: AccessUnit
    first_packet: int
    state: dict[str, Any]


@dataclass(slots=True)
class _Open:
    """The unit that is being put together."""

    index: int
    """The stream's index of the first packet."""
    first: RtpPacket
    capture_s: float
    lost_before: int
    state: dict[str, Any]
    """The assembler's before this unit."""
    last_sequence: int = 0
    fragments: list[Fragment] = field(default_factory=list)
    whole: bool = True
    keyframe: bool = False
    rotation_deg: int = 0


class FrameAssembler:
    """Video: the packets of one time stamp are one frame, the marker bit ends it.

    A frame is complete when it surely begins with its first packet, none is missing inside, and either the marker is
    there or the packet that follows begins the next frame. Every loss breaks the chain of references until the next
    complete keyframe.
    """

    def __init__(
        self, depacketizer: Depacketizer, orientation_id: int | None = None, state: dict[str, Any] | None = None
    ) -> None:
        """``orientation_id`` is the id of the header extension video-orientation, if the stream has it. Raises
        CheckpointError."""
        self._depacketizer = depacketizer
        self._orientation_id = orientation_id
        self._open: _Open | None = None
        self._unbroken = False
        self._size = _UNKNOWN
        self._index = 0
        if state is not None:
            try:
                self._index = int(state["index"])
                self._size = Size(*state["size"])
                depacketizer.restore(state["codec"])
            except (KeyError, TypeError, ValueError) as error:
                raise CheckpointError("the state of an assembler is malformed") from error

    @property
    def index(self) -> int:
        """Index of the next unit."""
        return self._index

    @property
    def awaits_keyframe(self) -> bool:
        """Whether nothing can be decoded before the next keyframe, of which no packet was added yet."""
        return not self._unbroken and (self._open is None or not self._open.keyframe)

    def state(self) -> dict[str, Any]:
        """What an assembler takes that goes on with the next unit, if that is a keyframe."""
        return {"index": self._index, "size": list(self._size), "codec": self._depacketizer.state()}

    def add(self, index: int, packet: RtpPacket, capture_s: float, lost_before: int) -> list[Frame]:
        """Takes the next packet in order, ``index`` in its stream; gives the units that it ends."""
        done = []
        unit = self._open
        if unit is not None and packet.timestamp != unit.first.timestamp:
            done.append(self._close(unit, ended=lost_before == 0))
            unit = None
        if unit is None:
            unit = self._open = _Open(index, packet, capture_s, lost_before, self.state())
        elif lost_before:
            unit.whole = False
        self._take(unit, packet)
        if packet.marker:
            done.append(self._close(unit, ended=True))
        return done

    def flush(self) -> list[Frame]:
        """The unit that the stream's end cut off, if any."""
        return [] if self._open is None else [self._close(self._open, ended=False)]

    def oldest_packet(self, default: int) -> int:
        """The stream's index of the unfinished unit's first packet; ``default`` if there is none."""
        return default if self._open is None else self._open.index

    def _take(self, unit: _Open, packet: RtpPacket) -> None:
        unit.last_sequence = packet.sequence
        if self._orientation_id is not None and (orientation := packet.extensions.get(self._orientation_id)):
            unit.rotation_deg = (orientation[0] & 3) * _ROTATION_STEP_DEG
        if len(unit.fragments) >= MAX_UNIT_PACKETS:
            unit.whole = False
            return
        try:
            fragment = self._depacketizer.fragment(packet.payload)
        except MalformedPayload:
            unit.whole = False
            return
        unit.fragments.append(fragment)
        unit.keyframe |= fragment.keyframe
        if packet is unit.first:
            follows = unit.lost_before == 0 and self._index > 0
            unit.whole &= fragment.start is Start.CERTAIN or (fragment.start is Start.POSSIBLE and follows)

    def _close(self, unit: _Open, *, ended: bool) -> Frame:
        self._open = None
        data = self._depacketizer.join(unit.fragments) if unit.fragments else b""
        complete = unit.whole and ended
        keyframe = False
        if unit.keyframe and complete and (found := self._depacketizer.keyframe(data)) is not None:
            data, self._size = found
            keyframe = True
        self._unbroken = complete and (keyframe or (self._unbroken and unit.lost_before == 0))
        done = AccessUnit(
            index=self._index,
            data=data,
            keyframe=keyframe,
            complete=complete,
            decodable=self._unbroken,
            timestamp=unit.first.timestamp,
            first_sequence=unit.first.sequence,
            last_sequence=unit.last_sequence,
            capture_s=unit.capture_s,
            lost_before=unit.lost_before,
            width_px=self._size.width_px,
            height_px=self._size.height_px,
            rotation_deg=unit.rotation_deg,
        )
        self._index += 1
        return Frame(done, unit.index, unit.state)
