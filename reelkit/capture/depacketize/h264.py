"""H264 in RTP (RFC 6184): single NAL units, STAP-A and FU-A (packetization modes 0 and 1)."""

from collections.abc import Iterable, Iterator, Sequence
from struct import Struct
from typing import Any

from reelkit.capture.depacketize.base import Fragment, Size, Start
from reelkit.capture.depacketize.parameter_sets import (
    NAL_TYPE_MASK,
    PPS_TYPE,
    SPS_TYPE,
    parameter_set_id,
    picture_size,
)
from reelkit.capture.errors import CheckpointError, MalformedPayload

START_CODE = b"\x00\x00\x00\x01"

_LENGTH = Struct("!H")
_SLICE, _IDR, _DELIMITER = 1, 5, 9
_LAST_SINGLE = 23
_STAP_A, _FU_A = 24, 28


class H264Depacketizer:
    """Gives access units in Annex B form. Remembers the newest parameter sets, because a sender may leave them out of
    later keyframes."""

    def __init__(self) -> None:
        self._parameter_sets: dict[str, str] = {}
        """Hexadecimal NAL units by type and id. Replaced, never changed: it is the state."""

    def fragment(self, payload: bytes) -> Fragment:
        kind = payload[0] & NAL_TYPE_MASK
        if kind == _FU_A:
            return _fragmentation_unit(payload)
        if 0 < kind <= _LAST_SINGLE:
            units = [payload]
        elif kind == _STAP_A:
            units = list(_aggregated(payload))
        else:
            raise MalformedPayload("an H264 payload of a kind that packetization mode 1 does not have", kind=kind)
        keyframe = False
        for unit in units:
            kind = unit[0] & NAL_TYPE_MASK
            if kind in (SPS_TYPE, PPS_TYPE):
                self._remember(unit)
            keyframe |= kind == _IDR
        return Fragment(b"".join(START_CODE + unit for unit in units), _start(units[0]), keyframe)

    def join(self, fragments: Sequence[Fragment]) -> bytes:
        return b"".join(fragment.data for fragment in fragments)

    def keyframe(self, data: bytes) -> tuple[bytes, Size] | None:
        sps = _find_sps(nal_units(data))
        if sps is None:
            remembered = [bytes.fromhex(unit) for _, unit in sorted(self._parameter_sets.items())]
            sps = _find_sps(remembered)
            data = b"".join(START_CODE + unit for unit in remembered) + data
        if sps is None:
            return None
        try:
            return data, picture_size(sps)
        except MalformedPayload:
            return None

    def state(self) -> dict[str, Any]:
        return self._parameter_sets

    def restore(self, state: dict[str, Any]) -> None:
        try:
            self._parameter_sets = {key: bytes.fromhex(unit).hex() for key, unit in state.items()}
        except (TypeError, ValueError) as error:
            raise CheckpointError("the state of an H264 stream is malformed") from error

    def _remember(self, unit: bytes) -> None:
        key = f"{unit[0] & NAL_TYPE_MASK}:{parameter_set_id(unit)}"
        if self._parameter_sets.get(key) != unit.hex():
            self._parameter_sets = {**self._parameter_sets, key: unit.hex()}


def nal_units(data: bytes) -> Iterator[bytes]:
    """The NAL units of an access unit in Annex B form as this module makes it."""
    return (unit for unit in data.split(START_CODE) if unit)


def _find_sps(units: Iterable[bytes]) -> bytes | None:
    return next((unit for unit in units if unit[0] & NAL_TYPE_MASK == SPS_TYPE), None)


def _start(unit: bytes) -> Start:
    """Whether a frame begins with this NAL unit: one of the first macroblock, a delimiter or an SPS does."""
    kind = unit[0] & NAL_TYPE_MASK
    if kind in (SPS_TYPE, _DELIMITER):
        return Start.CERTAIN
    if _SLICE <= kind <= _IDR and len(unit) > 1 and unit[1] & 0x80:
        return Start.CERTAIN  # first_mb_in_slice is ue(v): a leading one bit is 0
    return Start.POSSIBLE


def _aggregated(payload: bytes) -> Iterator[bytes]:
    """The NAL units of a STAP-A (RFC 6184 5.7.1)."""
    position = 1
    while position < len(payload):
        start = position + _LENGTH.size
        if start > len(payload):
            raise MalformedPayload("a STAP-A ends inside a length")
        position = start + _LENGTH.unpack_from(payload, position)[0]
        if position > len(payload) or position == start:
            raise MalformedPayload("a STAP-A holds an empty or torn NAL unit")
        yield payload[start:position]
    if position == 1:
        raise MalformedPayload("a STAP-A is empty")


def _fragmentation_unit(payload: bytes) -> Fragment:
    """A part of a NAL unit (RFC 6184 5.8)."""
    if len(payload) <= 2:
        raise MalformedPayload("an FU-A is empty", bytes=len(payload))
    indicator, header = payload[0], payload[1]
    kind = header & NAL_TYPE_MASK
    if not header & 0x80:
        return Fragment(payload[2:], Start.NO, kind == _IDR)
    unit = bytes([indicator & ~NAL_TYPE_MASK & 0xFF | kind]) + payload[2:]
    return Fragment(START_CODE + unit, _start(unit), kind == _IDR)
