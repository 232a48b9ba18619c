"""Janus' packet files (MJR00002), read while they grow.

Layout: the magic ``MJR00002``; once the first packet came, a 16-bit length and a JSON header; then one record a packet:
``MEET``, milliseconds since the first packet (32 bits), length (16 bits), the packet. Numbers are big-endian. A stream
that never sent anything leaves a file of eight bytes. Janus writes through stdio, so a growing file ends anywhere, and
on a full disk bytes are missing in its middle: the reader then goes on at the next ``MEET``. Behind the header the
records that nobody needs may have been given back to the disk: they read as zeros (see reelkit.capture.reclaim).
"""

import errno
import math
import os
from pathlib import Path
from struct import Struct
from typing import NamedTuple

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelkit.capture.errors import PacketFileError
from reelkit.capture.events import MediaKind
from reelkit.capture.packet import RTP_HEADER_BYTES, RTP_VERSION_BITS

log = structlog.get_logger(__name__)

MAGIC = b"MJR00002"
RECORD = b"MEET"
RECORD_HEADER = Struct("!4sIH")
BLOCK_BYTES = 1 << 18  # what one poll reads at most at a time: some seconds of video
MAX_PACKET_BYTES = 4_096  # Janus' buffers hold 1500; a longer record is the trace of a torn one
_LENGTH = Struct("!H")
_HOLE = bytes(len(RECORD))
_MICROSECONDS_PER_S = 1_000_000


class MjrHeader(BaseModel):
    """The JSON header of a packet file."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind_letter: str = Field(alias="t")
    codec: str = Field(alias="c")
    """Lower-case codec name: opus, vp8, vp9, h264, …"""
    format_parameters: str | None = Field(None, alias="f")
    extensions: dict[int, str] = Field(default_factory=dict, alias="x")
    """Those header extensions that Janus notes (id -> URI); the journal's extmap has all of them."""
    created_us: int = Field(alias="s")
    first_packet_us: int = Field(alias="u")
    encrypted: bool = Field(False, alias="e")

    @property
    def kind(self) -> MediaKind | None:
        return {"a": MediaKind.AUDIO, "v": MediaKind.VIDEO}.get(self.kind_letter)

    @property
    def first_packet_s(self) -> float:
        """Wall-clock time of millisecond 0 of the records."""
        return self.first_packet_us / _MICROSECONDS_PER_S


class RawPacket(NamedTuple):
    """One record: ``arrival_s`` is wall-clock time, ``offset`` the record's position in the file."""

    arrival_s: float
    offset: int
    data: bytes


class MjrReader:
    """Reads a packet file from ``offset`` (a record's position; 0 for the beginning) and follows it.

    :meth:`poll` gives the records completed since the last call. It never waits, and stops in front of a torn record.
    """

    def __init__(self, path: Path, offset: int = 0, *, aligned: bool = True) -> None:
        """With ``aligned`` false the offset may lie inside a record: reading begins with the next one."""
        self.path = path
        self.header: MjrHeader | None = None
        """None until Janus has written the first packet."""
        self.resyncs = 0
        """How often bytes were missing or damaged."""
        self.at_end = False
        """Whether the last poll used all that was there."""
        self._offset = offset
        self._last_record = -1
        self._scanning = not aligned
        """Looking for a record …"""
        self._is_damage = aligned
        """… because bytes are missing, not because the place was chosen so."""

    @property
    def offset(self) -> int:
        """Up to where the file was read."""
        return self._offset

    def poll(self, until_s: float = math.inf) -> list[RawPacket]:
        """Reads what is there, or up to the block that reaches beyond ``until_s``. A file that is missing or has no
        header yet has no packets.

        Raises PacketFileError if it is not an MJR00002 file, OSError if it cannot be read.
        """
        packets: list[RawPacket] = []
        self.at_end = True
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return packets
        try:
            header = self.header or self._read_header(descriptor)
            while header is not None and self._advance(self._block(descriptor), header.first_packet_s, packets):
                if packets and packets[-1].arrival_s > until_s:
                    self.at_end = False
                    break
        finally:
            os.close(descriptor)
        return packets

    def _read_header(self, descriptor: int) -> MjrHeader | None:
        start = len(MAGIC) + _LENGTH.size
        head = os.pread(descriptor, start + 0xFFFF, 0)
        if not MAGIC.startswith(head[: len(MAGIC)]):
            raise PacketFileError("not an MJR00002 file", path=self.path)
        if len(head) < start:
            return None
        stop = start + _LENGTH.unpack_from(head, len(MAGIC))[0]
        if len(head) < stop:
            return None
        try:
            header = MjrHeader.model_validate_json(head[start:stop])
        except ValidationError as error:
            raise PacketFileError("the header of a packet file is damaged", path=self.path) from error
        self._offset = max(self._offset, stop)
        self.header = header
        return header

    def _block(self, descriptor: int) -> bytes:
        """The next bytes; what was given back to the disk is stepped over at once, however long it is."""
        if self._scanning:
            size = os.fstat(descriptor).st_size
            try:
                self._offset = max(self._offset, os.lseek(descriptor, self._offset, os.SEEK_DATA))
            except OSError as error:
                if error.errno != errno.ENXIO:
                    raise
                self._offset = max(self._offset, size)
        return os.pread(descriptor, BLOCK_BYTES, self._offset)

    def _advance(self, block: bytes, first_packet_s: float, packets: list[RawPacket]) -> bool:
        """Uses ``block``, which was read at the offset; False if more bytes must come before more can be used."""
        return self._scan(block) if self._scanning else self._take(block, first_packet_s, packets)

    def _take(self, block: bytes, first_packet_s: float, packets: list[RawPacket]) -> bool:
        base, position, size, last = self._offset, 0, len(block), self._last_record
        unpack, head_bytes, append = RECORD_HEADER.unpack_from, RECORD_HEADER.size, packets.append
        while size - position >= head_bytes:
            mark, arrival_ms, length = unpack(block, position)
            start = position + head_bytes
            if (
                mark != RECORD
                or not RTP_HEADER_BYTES <= length <= MAX_PACKET_BYTES
                or (start < size and block[start] & 0xC0 != RTP_VERSION_BITS)
            ):
                self._scanning = True
                if position == 0 and last < 0 and mark == _HOLE:
                    self._is_damage = False
                    return True
                # The record before may itself be torn and hold the beginning of later ones: look from its inside on.
                self._is_damage = True
                self._offset = (last if last >= 0 else base + position) + 1
                self._last_record = -1
                return True
            stop = start + length
            if stop > size:
                break
            append(RawPacket(first_packet_s + arrival_ms / 1000, base + position, block[start:stop]))
            last = base + position
            position = stop
        self._last_record = last
        self._offset = base + position
        return position > 0

    def _scan(self, block: bytes) -> bool:
        """Looks for the next record after damage."""
        position = block.find(RECORD)
        while position >= 0:
            if len(block) - position <= RECORD_HEADER.size:
                self._offset += position
                return position > 0
            length = RECORD_HEADER.unpack_from(block, position)[2]
            is_rtp = block[position + RECORD_HEADER.size] & 0xC0 == RTP_VERSION_BITS
            if is_rtp and RTP_HEADER_BYTES <= length <= MAX_PACKET_BYTES:
                self._offset += position
                self._scanning = False
                if self._is_damage:
                    self.resyncs += 1
                    log.warning("skipped damaged bytes of a packet file", path=str(self.path), offset=self._offset)
                return True
            position = block.find(RECORD, position + 1)
        skipped = max(0, len(block) - len(RECORD) + 1)
        self._offset += skipped
        return skipped > 0


def records_offset(path: Path) -> int | None:
    """Where the first record of a packet file lies; None while it has no header. Raises PacketFileError, OSError."""
    reader = MjrReader(path)
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return None if reader._read_header(descriptor) is None else reader.offset
    finally:
        os.close(descriptor)
