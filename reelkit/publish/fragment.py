"""Reads the segments that the renderer writes: fragmented MP4 files (ISO/IEC 14496-12, 8.8).

FFmpeg's demuxer could do it, but opens a file by decoding some of it, which takes longer than everything else that is
done to join segments.
"""

import struct
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelkit.publish.boxes import Box, boxes, child, children
from reelkit.publish.errors import FilmError

_DATA_OFFSET = 0x1
_FIRST_SAMPLE_FLAGS = 0x4
_BASE_DATA_OFFSET = 0x1
_DEFAULT_BASE_IS_MOOF = 0x020000
_TFHD_FIELDS = ((0x2, "description"), (0x8, "duration"), (0x10, "size"), (0x20, "flags"))
_TRUN_FIELDS = ((0x100, "duration"), (0x200, "size"), (0x400, "flags"), (0x800, "composition_offset"))
_NOT_SYNC = 0x010000
_MAX_SAMPLES = 1 << 16
"""Of a run; a segment of some seconds has some hundreds."""

_U32 = NDArray[np.uint32]


@dataclass(slots=True)
class Track:
    """One track of a segment: ``handler`` is ``vide`` or ``soun``."""

    handler: bytes
    timescale_hz: int
    description: bytes
    """The sample entry: what a decoder must know (ISO/IEC 14496-12, 8.5.2)."""
    start: int = 0
    """Decode time of the first sample, in units of the timescale."""
    duration: int = 0
    """Of all samples, in units of the timescale."""
    sizes: list[int] = field(default_factory=list)
    """Bytes of each sample."""
    sync: list[bool] = field(default_factory=list)
    """Whether a decoder can begin with the sample."""
    runs: list[tuple[int, int]] = field(default_factory=list)
    """(offset, samples): where samples lie side by side in ``Fragment.data``."""


@dataclass(frozen=True, slots=True)
class Fragment:
    """A whole segment."""

    data: bytes
    video: Track | None
    """None in a recording of sound alone."""
    audio: Track

    def samples(self, track: Track) -> bytes:
        """The samples of all runs of a track, one behind the other."""
        found: list[bytes] = []
        first = 0
        for offset, count in track.runs:
            found.append(self.data[offset : offset + sum(track.sizes[first : first + count])])
            first += count
        return b"".join(found)


def read_fragment(path: Path) -> Fragment:
    """Reads a segment. Raises FilmError if it is none with one audio track and at most one video track, OSError."""
    data = path.read_bytes()
    tracks: dict[int, Track] = {}
    try:
        for top in boxes(data):
            if top.kind == b"moov":
                tracks = dict(_track(data, trak) for trak in children(data, top) if trak.kind == b"trak")
            elif top.kind == b"moof":
                for traf in children(data, top):
                    if traf.kind == b"traf":
                        _take_run(data, top, traf, tracks)
    except struct.error as error:
        raise FilmError("a box of a segment is too short", segment=path) from error
    by_handler = {track.handler: track for track in tracks.values()}
    if len(tracks) != len(by_handler) or set(by_handler) not in ({b"vide", b"soun"}, {b"soun"}):
        raise FilmError("a segment must have one audio track and at most one video track", segment=path)
    return Fragment(data, by_handler.get(b"vide"), by_handler[b"soun"])


def _track(data: bytes, trak: Box) -> tuple[int, Track]:
    """The track's id, and what the moov tells about it."""
    header = child(data, trak, b"tkhd").content_start
    id_at = header + (20 if data[header] == 1 else 12)
    media = child(data, trak, b"mdia")
    media_header = child(data, media, b"mdhd").content_start
    timescale_at = media_header + (20 if data[media_header] == 1 else 12)
    handler_at = child(data, media, b"hdlr").content_start + 8
    entries = child(data, media, b"minf", b"stbl", b"stsd")
    (count,) = struct.unpack_from(">I", data, entries.content_start + 4)
    if count != 1:
        raise FilmError("a track of a segment must have one sample description", descriptions=count)
    track = Track(
        handler=data[handler_at : handler_at + 4],
        timescale_hz=struct.unpack_from(">I", data, timescale_at)[0],
        description=data[entries.content_start + 8 : entries.stop],
    )
    return struct.unpack_from(">I", data, id_at)[0], track


def _take_run(data: bytes, moof: Box, traf: Box, tracks: dict[int, Track]) -> None:
    """Adds the samples of a ``traf`` to its track."""
    header = child(data, traf, b"tfhd").content_start
    flags, track_id = struct.unpack_from(">II", data, header)
    flags &= 0xFFFFFF
    if flags & _BASE_DATA_OFFSET or not flags & _DEFAULT_BASE_IS_MOOF:
        raise FilmError("a segment's data must be addressed from its fragment")
    defaults: dict[str, int] = {}
    at = header + 8
    for flag, name in _TFHD_FIELDS:
        if flags & flag:
            (defaults[name],) = struct.unpack_from(">I", data, at)
            at += 4
    track = tracks.get(track_id)
    if track is None:
        raise FilmError("a fragment belongs to no track of its segment", track=track_id)
    time_at = child(data, traf, b"tfdt").content_start
    if not track.sizes:
        (track.start,) = struct.unpack_from(">Q" if data[time_at] == 1 else ">I", data, time_at + 4)
    for run in children(data, traf):
        if run.kind == b"trun":
            _take_samples(data, moof, run, defaults, track)


def _take_samples(data: bytes, moof: Box, run: Box, defaults: dict[str, int], track: Track) -> None:
    flags, count = struct.unpack_from(">II", data, run.content_start)
    flags &= 0xFFFFFF
    at = run.content_start + 8
    if not flags & _DATA_OFFSET:
        raise FilmError("a run of a segment does not tell where its data is")
    (offset,) = struct.unpack_from(">i", data, at)
    at += 4
    first_flags = None
    if flags & _FIRST_SAMPLE_FLAGS:
        (first_flags,) = struct.unpack_from(">I", data, at)
        at += 4
    if count > _MAX_SAMPLES:
        raise FilmError("a run of a segment has an impossible length", samples=count)
    names = [name for flag, name in _TRUN_FIELDS if flags & flag]
    if at + 4 * len(names) * count > run.stop:
        raise FilmError("a run of a segment is too short", samples=count)
    table = np.frombuffer(data, ">u4", len(names) * count, at).reshape(count, len(names))
    columns = dict(zip(names, table.T, strict=True))
    if "composition_offset" in columns and columns["composition_offset"].any():
        raise FilmError("segments must be in order of presentation")
    sizes = _column("size", columns, defaults, count)
    sample_flags = _column("flags", columns, defaults, count)
    sync = (sample_flags & _NOT_SYNC) == 0
    if first_flags is not None and count:
        sync[0] = not first_flags & _NOT_SYNC
    start = moof.start + offset
    if start + int(sizes.sum()) > len(data):
        raise FilmError("a segment is shorter than its index says")
    track.runs.append((start, count))
    track.sizes.extend(sizes.tolist())
    track.sync.extend(sync.tolist())
    track.duration += int(_column("duration", columns, defaults, count).sum())


def _column(name: str, columns: dict[str, _U32], defaults: dict[str, int], count: int) -> _U32:
    if name in columns:
        return columns[name].astype(np.uint32)
    return np.full(count, defaults.get(name, 0), np.uint32)
