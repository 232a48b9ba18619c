"""The index of a finished MP4 file: its ``moov`` box (ISO/IEC 14496-12), read as tables.

FFmpeg would make an object of each packet, which takes seconds and hundreds of megabytes for a film of a day.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelkit.publish.boxes import HEADER_BYTES, LARGE_HEADER_BYTES, Box, boxes, child, children
from reelkit.publish.errors import FilmError

_MAX_MOOV_BYTES = 256 << 20
"""That of a film of a day has 30 MB."""

_MAX_PACKETS = 1 << 25
"""A day has 7 million of sound and pictures."""

_Numbers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class IndexedTrack:
    """What the index tells about the packets of one track."""

    packets: int
    keyframes: int
    media_bytes: int
    start_s: float
    """When its first packet is due; before 0 if it is decoded but not shown."""
    duration_s: float
    missing: int
    """Packets that ought to lie in gaps."""
    duplicate: int
    """Packets with the time stamp of the one before."""
    first_fault_s: float | None
    """The packet behind which the first gap or duplicate lies."""
    beyond: int
    """Packets that lie behind the end of the file."""
    fps: float
    """Packets in a second, going by the usual distance."""


@dataclass(frozen=True, slots=True)
class Mp4Index:
    """Of a whole file."""

    duration_s: float
    video: IndexedTrack | None
    audio: IndexedTrack | None


def read_index(path: Path) -> Mp4Index:
    """Reads the index of a file. Raises FilmError if it has none that can be understood, OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        data = _moov(descriptor, size, path)
    finally:
        os.close(descriptor)
    try:
        moov = next(boxes(data))
        header = child(data, moov, b"mvhd")
        timescale_hz, duration = _times(data, header)
        tracks = dict(_track(data, box, timescale_hz, size) for box in children(data, moov) if box.kind == b"trak")
        return Mp4Index(duration / timescale_hz, tracks.get(b"vide"), tracks.get(b"soun"))
    except (struct.error, LookupError, ValueError, ArithmeticError, StopIteration) as error:
        raise FilmError("the index of an MP4 file is damaged", path=path) from error


def _moov(descriptor: int, size: int, path: Path) -> bytes:
    """The moov box. Boxes are as large as they say, also where the file was cut off."""
    at = 0
    while at + HEADER_BYTES <= size:
        head = os.pread(descriptor, LARGE_HEADER_BYTES, at)
        length, kind = struct.unpack_from(">I4s", head)
        if length == 1 and len(head) == LARGE_HEADER_BYTES:
            (length,) = struct.unpack_from(">Q", head, HEADER_BYTES)
        if kind == b"moov":
            if length > _MAX_MOOV_BYTES or at + length > size:
                break
            return os.pread(descriptor, length, at)
        if length < HEADER_BYTES:
            break
        at += length
    raise FilmError("an MP4 file has no index", path=path)


def _times(data: bytes, header: Box) -> tuple[int, int]:
    """Timescale and duration of an ``mvhd`` or ``mdhd``."""
    at = header.content_start
    if data[at] == 1:
        timescale_hz, duration = struct.unpack_from(">IQ", data, at + 20)
    else:
        timescale_hz, duration = struct.unpack_from(">II", data, at + 12)
    return timescale_hz, duration


def _track(data: bytes, trak: Box, movie_timescale_hz: int, size: int) -> tuple[bytes, IndexedTrack]:
    media = child(data, trak, b"mdia")
    timescale_hz, _ = _times(data, child(data, media, b"mdhd"))
    handler_at = child(data, media, b"hdlr").content_start + 8
    handler = data[handler_at : handler_at + 4]
    found = {box.kind: box for box in children(data, child(data, media, b"minf", b"stbl"))}
    sizes = _sizes(data, found[b"stsz"]) if b"stsz" in found else np.zeros(0, np.int64)
    counts, steps = _pairs(data, found[b"stts"])
    usual = int(steps[np.argmax(counts)]) if len(steps) else 0
    gaps = np.where(steps > 1.5 * usual, np.round(steps / max(usual, 1)).astype(np.int64) - 1, 0)
    # The last packet's length is no distance to another.
    counted = counts.copy()
    if len(counted):
        counted[-1] -= 1
    faulty = np.flatnonzero(((gaps > 0) | (steps == 0)) & (counted > 0))
    first_fault_s = None
    if len(faulty):
        first_fault_s = float((counts[: faulty[0]] * steps[: faulty[0]]).sum() / timescale_hz)
    start_s = _start_s(data, trak, timescale_hz, movie_timescale_hz)
    return handler, IndexedTrack(
        packets=len(sizes),
        keyframes=_count(data, found[b"stss"]) if b"stss" in found else len(sizes),
        media_bytes=int(sizes.sum()),
        start_s=start_s,
        duration_s=float((counts * steps).sum() / timescale_hz),
        missing=int((gaps * counted).sum()),
        duplicate=int(counted[steps == 0].sum()),
        first_fault_s=first_fault_s,
        beyond=_beyond(data, found, sizes, size),
        fps=timescale_hz / usual if usual else 0.0,
    )


def _start_s(data: bytes, trak: Box, timescale_hz: int, movie_timescale_hz: int) -> float:
    """What the edit list puts in front: empty time, or media that is not shown."""
    edits = next((box for box in children(data, trak) if box.kind == b"edts"), None)
    if edits is None:
        return 0.0
    at = child(data, edits, b"elst").content_start
    layout = struct.Struct(">QqI" if data[at] == 1 else ">IiI")
    (count,) = struct.unpack_from(">I", data, at + 4)
    start_s = 0.0
    for number in range(count):
        duration, media_time, _ = layout.unpack_from(data, at + 8 + number * layout.size)
        if media_time >= 0:
            return start_s - float(media_time / timescale_hz)
        start_s += float(duration / movie_timescale_hz)
    return start_s


def _count(data: bytes, box: Box) -> int:
    count: int = struct.unpack_from(">I", data, box.content_start + 4)[0]
    return count


def _sizes(data: bytes, box: Box) -> _Numbers:
    same, count = struct.unpack_from(">II", data, box.content_start + 4)
    if same:
        if count > _MAX_PACKETS:
            raise ValueError("more packets than a film has")
        return np.full(count, same, np.int64)
    return np.frombuffer(data, ">u4", count, box.content_start + 12).astype(np.int64)


def _pairs(data: bytes, box: Box) -> tuple[_Numbers, _Numbers]:
    """Runs of (count, value)."""
    table = np.frombuffer(data, ">u4", 2 * _count(data, box), box.content_start + 8).reshape(-1, 2).astype(np.int64)
    return table[:, 0], table[:, 1]


def _beyond(data: bytes, found: dict[bytes, Box], sizes: _Numbers, size: int) -> int:
    """How many packets lie in chunks that reach behind the file's end."""
    large = b"co64" in found
    box = found[b"co64" if large else b"stco"]
    offsets = np.frombuffer(data, ">u8" if large else ">u4", _count(data, box), box.content_start + 8).astype(np.int64)
    runs = found[b"stsc"]
    table = np.frombuffer(data, ">u4", 3 * _count(data, runs), runs.content_start + 8).reshape(-1, 3).astype(np.int64)
    if not len(offsets) or not len(sizes):
        return 0
    lengths = np.diff(np.append(table[:, 0], len(offsets) + 1))
    samples = np.repeat(table[:, 1], lengths)
    ends = np.append(0, np.cumsum(sizes))
    first = np.append(0, np.cumsum(samples))
    chunk_bytes = ends[np.minimum(first[1:], len(sizes))] - ends[np.minimum(first[:-1], len(sizes))]
    return int(samples[offsets + chunk_bytes > size].sum())
