"""The values in a packet, each of which begins with a letter that tells its type (src/pulsecore/tagstruct.c)."""

import struct
from collections.abc import Sequence
from typing import Self

from reelkit.page.errors import MalformedMessage
from reelkit.page.pulse_protocol import MOST_CHANNELS
from reelkit.page.sample_spec import SampleSpec

_TEXT, _NO_TEXT, _U32, _U64, _S64 = b"t", b"N", b"L", b"R", b"r"
_TRUE, _FALSE, _TIME, _DURATION = b"1", b"0", b"T", b"U"
_SPEC, _POSITIONS, _VOLUMES, _PROPERTIES = b"a", b"m", b"v", b"P"
_MICROSECONDS = 1_000_000


class TagReader:
    """Reads one packet from its beginning. Every method raises MalformedMessage for what is not there."""

    def __init__(self, packet: bytes) -> None:
        self._packet = packet
        self._at = 0

    def number(self) -> int:
        self._expect(_U32)
        return self._u32()

    def text(self) -> str | None:
        tag = self._take(1)
        if tag == _NO_TEXT:
            return None
        end = self._packet.find(b"\0", self._at)
        if tag != _TEXT or end < 0:
            raise MalformedMessage("there is no text where one belongs")
        text = self._packet[self._at : end]
        self._at = end + 1
        return text.decode("utf-8", "replace")

    def flag(self) -> bool:
        tag = self._take(1)
        if tag not in {_TRUE, _FALSE}:
            raise MalformedMessage("there is no flag where one belongs")
        return tag == _TRUE

    def time(self) -> tuple[int, int]:
        """Seconds since the epoch, and microseconds."""
        self._expect(_TIME)
        return self._u32(), self._u32()

    def sample_spec(self) -> SampleSpec:
        self._expect(_SPEC)
        sample_format, channels = self._take(2)
        return SampleSpec(sample_format, channels, self._u32())

    def positions(self) -> tuple[int, ...]:
        """Where each channel's loudspeaker stands."""
        self._expect(_POSITIONS)
        return tuple(self._take(self._channels()))

    def volumes(self) -> tuple[int, ...]:
        """Of each channel."""
        self._expect(_VOLUMES)
        return tuple(self._u32() for _ in range(self._channels()))

    def _channels(self) -> int:
        channels = self._take(1)[0]
        if channels > MOST_CHANNELS:
            raise MalformedMessage("there are too many channels", channels=channels)
        return channels

    def _u32(self) -> int:
        return int.from_bytes(self._take(4), "big")

    def _expect(self, tag: bytes) -> None:
        if self._take(1) != tag:
            raise MalformedMessage("a value has the wrong type", wanted=tag.decode())

    def _take(self, count: int) -> bytes:
        taken = self._packet[self._at : self._at + count]
        if len(taken) < count:
            raise MalformedMessage("a packet ends too early")
        self._at += count
        return taken


class TagWriter:
    """Makes one packet."""

    def __init__(self) -> None:
        self._packet = bytearray()

    @property
    def packet(self) -> bytes:
        return bytes(self._packet)

    def numbers(self, *values: int) -> Self:
        for value in values:
            self._packet += _U32 + struct.pack(">I", value)
        return self

    def text(self, text: str | None) -> Self:
        self._packet += _NO_TEXT if text is None else _TEXT + text.encode() + b"\0"
        return self

    def flag(self, flag: bool) -> Self:
        self._packet += _TRUE if flag else _FALSE
        return self

    def time(self, seconds: int, microseconds: int) -> Self:
        self._packet += _TIME + struct.pack(">II", seconds, microseconds)
        return self

    def duration(self, duration_s: float) -> Self:
        self._packet += _DURATION + struct.pack(">Q", round(duration_s * _MICROSECONDS))
        return self

    def counts(self, *values: int) -> Self:
        """Numbers of 64 bits that are never negative."""
        for value in values:
            self._packet += _U64 + struct.pack(">Q", value)
        return self

    def positions_in_stream(self, *values: int) -> Self:
        """Numbers of 64 bits with a sign."""
        for value in values:
            self._packet += _S64 + struct.pack(">q", value)
        return self

    def sample_spec(self, spec: SampleSpec) -> Self:
        self._packet += _SPEC + struct.pack(">BBI", spec.format, spec.channels, spec.rate_hz)
        return self

    def positions(self, positions: Sequence[int]) -> Self:
        self._packet += _POSITIONS + bytes([len(positions), *positions])
        return self

    def volumes(self, volumes: Sequence[int]) -> Self:
        self._packet += _VOLUMES + struct.pack(f">B{len(volumes)}I", len(volumes), *volumes)
        return self

    def no_properties(self) -> Self:
        self._packet += _PROPERTIES + _NO_TEXT
        return self
