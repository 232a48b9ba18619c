"""AMF 0, the notation of RTMP's commands (Action Message Format AMF 0, Adobe, December 2007)."""

import struct
from collections.abc import Mapping

from reelkit.publish.rtmp.errors import ProtocolViolation

Value = float | bool | str | None | Mapping[str, "Value"] | list["Value"]
"""Numbers are floats; dates come as numbers."""

_NUMBER, _BOOLEAN, _STRING, _OBJECT = 0x00, 0x01, 0x02, 0x03
_NULL, _UNDEFINED, _ECMA_ARRAY, _OBJECT_END = 0x05, 0x06, 0x08, 0x09
_STRICT_ARRAY, _DATE, _LONG_STRING = 0x0A, 0x0B, 0x0C
_SHORT_MAX = 0xFFFF
_DEEPEST = 16
"""Nobody's commands are nested deeper."""


class EcmaArray(dict[str, Value]):
    """A mapping that is written as an ECMA array, as metadata are."""


def encode(*values: Value) -> bytes:
    """The values one after the other."""
    return b"".join(_encoded(value) for value in values)


def decode(data: bytes) -> list[Value]:
    """All values. Raises ProtocolViolation."""
    reader = _Reader(data)
    values = []
    try:
        while reader.at < len(data):
            values.append(reader.value(0))
    except (struct.error, IndexError, UnicodeDecodeError) as error:
        raise ProtocolViolation("a command of the server cannot be read") from error
    return values


def _encoded(value: Value) -> bytes:
    match value:
        case bool():
            return bytes((_BOOLEAN, value))
        case int() | float():
            return struct.pack(">Bd", _NUMBER, value)
        case str():
            text = value.encode()
            if len(text) > _SHORT_MAX:
                return struct.pack(">BI", _LONG_STRING, len(text)) + text
            return struct.pack(">BH", _STRING, len(text)) + text
        case None:
            return bytes((_NULL,))
        case EcmaArray():
            return struct.pack(">BI", _ECMA_ARRAY, len(value)) + _members(value)
        case list():
            return struct.pack(">BI", _STRICT_ARRAY, len(value)) + encode(*value)
        case Mapping():
            return bytes((_OBJECT,)) + _members(value)


def _members(value: Mapping[str, Value]) -> bytes:
    members = b"".join(_name(name) + _encoded(member) for name, member in value.items())
    return members + _name("") + bytes((_OBJECT_END,))


def _name(name: str) -> bytes:
    text = name.encode()
    return struct.pack(">H", len(text)) + text


class _Reader:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.at = 0

    def value(self, depth: int) -> Value:
        if depth > _DEEPEST:
            raise ProtocolViolation("a command of the server is nested too deeply")
        kind = self._data[self.at]
        self.at += 1
        match kind:
            case 0x00:
                return float(self._unpack(">d"))
            case 0x01:
                return bool(self._unpack(">B"))
            case 0x02:
                return self._text(self._unpack(">H"))
            case 0x0C:
                return self._text(self._unpack(">I"))
            case 0x03:
                return self._object(depth)
            case 0x08:
                self._unpack(">I")
                return EcmaArray(self._object(depth))
            case 0x0A:
                return [self.value(depth + 1) for _ in range(self._unpack(">I"))]
            case 0x0B:
                time_ms = float(self._unpack(">d"))
                self._unpack(">h")
                return time_ms
            case 0x05 | 0x06:
                return None
            case _:
                raise ProtocolViolation("a command of the server holds a value of an unknown type", type=kind)

    def _object(self, depth: int) -> dict[str, Value]:
        members: dict[str, Value] = {}
        while True:
            name = self._text(self._unpack(">H"))
            if not name and self._data[self.at] == _OBJECT_END:
                self.at += 1
                return members
            members[name] = self.value(depth + 1)

    def _text(self, length: int) -> str:
        text = self._data[self.at : self.at + length]
        if len(text) < length:
            raise ProtocolViolation("a command of the server is cut off")
        self.at += length
        return text.decode()

    def _unpack(self, form: str) -> int:
        (value,) = struct.unpack_from(form, self._data, self.at)
        self.at += struct.calcsize(form)
        return value  # type: ignore[no-any-return]
