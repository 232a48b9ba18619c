"""The index of an MP4 film: the ``moov`` box (ISO/IEC 14496-12, 8.2 to 8.7)."""

import struct
import sys
from array import array
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import groupby

from reelkit.publish.boxes import MAX_U32, box, full_box

_IDENTITY_MATRIX = struct.pack(">9I", 0x10000, 0, 0, 0, 0x10000, 0, 0, 0, 0x40000000)
_UNDETERMINED_LANGUAGE = 0x55C4
_VOLUME_FULL = 0x0100
_ENABLED_IN_MOVIE = 0x3
_FIXED_BYTES = 2_048
"""More than everything in a moov that does not grow with the film, sample descriptions aside."""


@dataclass(slots=True)
class SampleTable:
    """The samples of one track, which all last ``sample_ticks``, in the chunks in which they lie in the file.

    A few bytes per sample, so that a film of a day fits into memory.
    """

    handler: bytes
    timescale_hz: int
    sample_ticks: int
    edit_ticks: int = 0
    """Media time at which the film begins: what lies before is decoded but not played."""
    width_px: int = 0
    height_px: int = 0
    descriptions: list[bytes] = field(default_factory=list)
    """Sample entries; more than one if the encoder changed on the way."""
    sizes: "array[int]" = field(default_factory=lambda: array("I"))
    keyframes: "array[int]" = field(default_factory=lambda: array("I"))
    """Numbers of sync samples, counted from 1; empty if all are."""
    chunk_offsets: "array[int]" = field(default_factory=lambda: array("Q"))
    """From the beginning of the media data."""
    chunk_samples: "array[int]" = field(default_factory=lambda: array("I"))
    chunk_descriptions: "array[int]" = field(default_factory=lambda: array("I"))
    """Indices into ``descriptions``, counted from 1."""

    @property
    def ticks(self) -> int:
        """Media time of all samples."""
        return len(self.sizes) * self.sample_ticks

    def describe(self, entry: bytes) -> int:
        """The index of a sample entry, counted from 1; it is added if it is new."""
        if entry not in self.descriptions:
            self.descriptions.append(entry)
        return self.descriptions.index(entry) + 1

    def add_chunk(self, offset: int, sizes: list[int], description: int) -> None:
        """Samples that lie side by side in the file."""
        self.sizes.extend(sizes)
        self.chunk_offsets.append(offset)
        self.chunk_samples.append(len(sizes))
        self.chunk_descriptions.append(description)

    def bound_bytes(self) -> int:
        """At least the bytes that the table takes in a moov."""
        descriptions = sum(len(entry) for entry in self.descriptions)
        return 4 * len(self.sizes) + 4 * len(self.keyframes) + 20 * len(self.chunk_offsets) + descriptions


def moov_bound_bytes(tracks: Iterable[SampleTable]) -> int:
    """At least the size of the moov of ``tracks``."""
    return _FIXED_BYTES + sum(track.bound_bytes() for track in tracks)


def moov(tracks: list[SampleTable], timescale_hz: int, duration: int, data_offset: int) -> bytes:
    """The moov of a film that lasts ``duration`` units of ``timescale_hz`` and whose media data begins at
    ``data_offset`` of the file."""
    header = _timed(
        b"mvhd",
        0,
        timescale_hz,
        duration,
        struct.pack(">IH10x", 0x10000, _VOLUME_FULL)
        + _IDENTITY_MATRIX
        + bytes(24)
        + struct.pack(">I", len(tracks) + 1),
    )
    traks = [_trak(track, number, duration, data_offset) for number, track in enumerate(tracks, start=1)]
    return box(b"moov", header, *traks)


def _timed(kind: bytes, flags: int, timescale_hz: int, duration: int, rest: bytes) -> bytes:
    """An ``mvhd`` or ``mdhd``: creation and modification time, timescale and duration come first."""
    if duration <= MAX_U32:
        return full_box(kind, 0, flags, struct.pack(">IIII", 0, 0, timescale_hz, duration), rest)
    return full_box(kind, 1, flags, struct.pack(">QQIQ", 0, 0, timescale_hz, duration), rest)


def _trak(track: SampleTable, number: int, duration: int, data_offset: int) -> bytes:
    is_video = track.handler == b"vide"
    volume = 0 if is_video else _VOLUME_FULL
    shape = struct.pack(">8xHHH2x", 0, 0, volume) + _IDENTITY_MATRIX
    shape += struct.pack(">II", track.width_px << 16, track.height_px << 16)
    if duration <= MAX_U32:
        tkhd = full_box(b"tkhd", 0, _ENABLED_IN_MOVIE, struct.pack(">IIIII", 0, 0, number, 0, duration), shape)
        edit = full_box(b"elst", 0, 0, struct.pack(">IIiI", 1, duration, track.edit_ticks, 0x10000))
    else:
        tkhd = full_box(b"tkhd", 1, _ENABLED_IN_MOVIE, struct.pack(">QQIIQ", 0, 0, number, 0, duration), shape)
        edit = full_box(b"elst", 1, 0, struct.pack(">IQqI", 1, duration, track.edit_ticks, 0x10000))
    mdhd = _timed(b"mdhd", 0, track.timescale_hz, track.ticks, struct.pack(">HH", _UNDETERMINED_LANGUAGE, 0))
    name = b"VideoHandler\0" if is_video else b"SoundHandler\0"
    hdlr = full_box(b"hdlr", 0, 0, struct.pack(">I4s12x", 0, track.handler), name)
    media_header = full_box(b"vmhd", 0, 1, bytes(8)) if is_video else full_box(b"smhd", 0, 0, bytes(4))
    dinf = box(b"dinf", full_box(b"dref", 0, 0, struct.pack(">I", 1), full_box(b"url ", 0, 1)))
    minf = box(b"minf", media_header, dinf, _stbl(track, data_offset))
    return box(b"trak", tkhd, box(b"edts", edit), box(b"mdia", mdhd, hdlr, minf))


def _stbl(track: SampleTable, data_offset: int) -> bytes:
    stsd = full_box(b"stsd", 0, 0, struct.pack(">I", len(track.descriptions)), *track.descriptions)
    stts = full_box(b"stts", 0, 0, struct.pack(">III", 1, len(track.sizes), track.sample_ticks))
    parts = [stsd, stts]
    if track.keyframes:
        parts.append(full_box(b"stss", 0, 0, struct.pack(">I", len(track.keyframes)), _big_endian(track.keyframes)))
    parts.append(_stsc(track))
    parts.append(full_box(b"stsz", 0, 0, struct.pack(">II", 0, len(track.sizes)), _big_endian(track.sizes)))
    parts.append(_chunk_offsets(track, data_offset))
    if track.handler == b"soun":
        # Each packet needs the one before it to be decoded whole: a roll distance of -1 (ISO/IEC 14496-12, 10.1).
        parts.append(full_box(b"sgpd", 1, 0, struct.pack(">4sIIh", b"roll", 2, 1, -1)))
        parts.append(full_box(b"sbgp", 0, 0, struct.pack(">4sIII", b"roll", 1, len(track.sizes), 1)))
    return box(b"stbl", *parts)


def _stsc(track: SampleTable) -> bytes:
    """Chunks by runs of the same number of samples and the same description."""
    runs = []
    chunk = 1
    for key, run in groupby(zip(track.chunk_samples, track.chunk_descriptions, strict=True)):
        runs.append(struct.pack(">III", chunk, *key))
        chunk += sum(1 for _ in run)
    return full_box(b"stsc", 0, 0, struct.pack(">I", len(runs)), *runs)


def _chunk_offsets(track: SampleTable, data_offset: int) -> bytes:
    count = struct.pack(">I", len(track.chunk_offsets))
    offsets = [data_offset + offset for offset in track.chunk_offsets]
    if not offsets or offsets[-1] <= MAX_U32:
        return full_box(b"stco", 0, 0, count, _big_endian(array("I", offsets)))
    return full_box(b"co64", 0, 0, count, _big_endian(array("Q", offsets)))


def _big_endian(values: "array[int]") -> bytes:
    swapped = array(values.typecode, values)
    if sys.byteorder == "little":
        swapped.byteswap()
    return swapped.tobytes()
