"""The film: one MP4 file that grows with the recording and is finished at once, however long it is.

The media data of committed segments is appended behind room that is kept for the index, so that finishing is writing
the index into that room, in front of the data (a "faststart" file), and not moving the data. The room doubles whenever
it becomes too small, which moves what is there so far while the recording still runs.

A writer whose process died is not continued: appending all segments to a new one takes about a second per half hour of
film.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

from reelkit.durable import sync_directory
from reelkit.publish.boxes import HEADER_BYTES, LARGE_HEADER_BYTES, box, large_header
from reelkit.publish.errors import FilmError
from reelkit.publish.fragment import Fragment, Track, read_fragment
from reelkit.publish.moov import SampleTable, moov, moov_bound_bytes
from reelkit.render.encoder_audio import FRAME_SAMPLES, PRIMING_SAMPLES, SAMPLE_RATE_HZ
from reelkit.render.encoder_video import TICKS_PER_FRAME
from reelkit.render.manifest import Segment

log = structlog.get_logger(__name__)

_FTYP = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
_CHUNK_S = 0.5
"""Pictures and sound alternate in the file at this interval: what a player must at most read ahead."""
_ROOM_BYTES = 64 << 10
"""For the index at first: enough for three minutes."""
_LARGE_ROOM_BYTES = 1 << 20
"""From here on (50 minutes) the room grows by eight, because moving the data begins to take seconds."""
_COMPACT_BYTES = 32 << 20
"""A film up to this size is written again without unused room: that takes some hundredths of a second."""


@dataclass(frozen=True, slots=True)
class Film:
    """A finished film."""

    path: Path
    size_bytes: int
    duration_s: float
    frames: int
    samples: int
    """Per channel, at 48 kHz."""


class FilmWriter:
    """Joins segments, given in order, to a film at ``path``, by way of ``<path>.part``. No packet is changed.

    A context manager: what is not finished at its end is removed.
    """

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file = self._part.open("w+b", buffering=0)
        self._room_bytes = _ROOM_BYTES
        self._data_bytes = 0
        self._video = SampleTable(b"vide", 0, TICKS_PER_FRAME)
        self._audio = SampleTable(b"soun", SAMPLE_RATE_HZ, FRAME_SAMPLES, edit_ticks=PRIMING_SAMPLES)
        self._segments = 0
        self._samples = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.discard()

    @property
    def segments(self) -> int:
        """How many segments are in the film."""
        return self._segments

    @property
    def duration_s(self) -> float:
        """Film time so far."""
        return self._video.ticks / self._video.timescale_hz if self._segments else 0.0

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""
        fragment = read_fragment(file)
        self._check(fragment, segment)
        if not self._segments:
            self._begin(fragment.video)
        chunks = round(segment.frames * TICKS_PER_FRAME / self._video.timescale_hz / _CHUNK_S) or 1
        keyframes = self._video.keyframes
        keyframes.extend(len(self._video.sizes) + 1 + at for at, sync in enumerate(fragment.video.sync) if sync)
        first_byte = self._data_bytes
        content: list[memoryview] = []
        for pieces in zip(
            _pieces(fragment, fragment.video, chunks), _pieces(fragment, fragment.audio, chunks), strict=True
        ):
            for table, track, piece in zip(
                (self._video, self._audio), (fragment.video, fragment.audio), pieces, strict=True
            ):
                table.add_chunk(self._data_bytes, piece.sizes, table.describe(track.description))
                content.append(piece.data)
                self._data_bytes += len(piece.data)
        while self._room_needed_bytes() > self._room_bytes:
            self._make_room(first_byte)
        self._write(content, self._room_bytes + first_byte)
        self._segments += 1
        self._samples += segment.samples

    def finish(self) -> Film:
        """Writes the index and puts the film in its place, durably. The time this takes does not depend on the film's
        length. Raises FilmError if there is no segment, OSError."""
        if not self._segments:
            raise FilmError("a film needs at least one segment", film=self.path)
        if self._data_bytes <= _COMPACT_BYTES:
            self._move_data(len(_FTYP) + len(self._moov(self._room_bytes)) + LARGE_HEADER_BYTES, self._data_bytes)
        index = _FTYP + self._moov(self._room_bytes)
        free = self._room_bytes - LARGE_HEADER_BYTES - len(index)
        if free:
            index += box(b"free", bytes(free - HEADER_BYTES))
        os.pwrite(self._file.fileno(), index + large_header(b"mdat", self._data_bytes), 0)
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self.path)
        sync_directory(self.path.parent)
        film = Film(
            self.path,
            self.path.stat().st_size,
            self.duration_s,
            len(self._video.sizes),
            self._samples,
        )
        log.info("finished the film", path=str(self.path), bytes=film.size_bytes, duration_s=film.duration_s)
        return film

    def discard(self) -> None:
        """Gives up an unfinished film; harmless after :meth:`finish`."""
        if not self._file.closed:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def _begin(self, video: Track) -> None:
        self._video.timescale_hz = video.timescale_hz
        # The picture's size in an AVC sample entry (ISO/IEC 14496-12, 12.1.3).
        self._video.width_px, self._video.height_px = struct.unpack_from(">HH", video.description, 32)

    def _check(self, fragment: Fragment, segment: Segment) -> None:
        video, audio = fragment.video, fragment.audio
        shift = video.timescale_hz * PRIMING_SAMPLES // SAMPLE_RATE_HZ
        fits = (
            segment.index == self._segments
            and len(video.sizes) == segment.frames
            and video.start - shift == segment.first_frame * TICKS_PER_FRAME == self._video.ticks
            and video.duration == segment.frames * TICKS_PER_FRAME
            and video.timescale_hz == (self._video.timescale_hz or video.timescale_hz)
            and video.sync[:1] == [True]
            and audio.start == self._audio.ticks
            and audio.duration == len(audio.sizes) * FRAME_SAMPLES
            and audio.timescale_hz == SAMPLE_RATE_HZ
        )
        if not fits:
            raise FilmError("a segment does not follow the one before it", segment=segment.index, file=segment.file)

    def _room_needed_bytes(self) -> int:
        bound = moov_bound_bytes((self._video, self._audio))
        return len(_FTYP) + bound + HEADER_BYTES + LARGE_HEADER_BYTES

    def _make_room(self, data_bytes: int) -> None:
        factor = 2 if self._room_bytes < _LARGE_ROOM_BYTES else 8
        self._move_data(self._room_bytes * factor, data_bytes)

    def _move_data(self, room_bytes: int, data_bytes: int) -> None:
        """Copies the media data to a new file that keeps ``room_bytes`` free in front of it."""
        grown = self._part.with_name(self._part.name + ".new")
        target = grown.open("w+b", buffering=0)
        try:
            target.seek(room_bytes)
            at, end = self._room_bytes, self._room_bytes + data_bytes
            while at < end:
                sent = os.sendfile(target.fileno(), self._file.fileno(), at, end - at)
                at += sent
            grown.rename(self._part)
        except BaseException:
            target.close()
            grown.unlink(missing_ok=True)
            raise
        self._file.close()
        self._file = target
        self._room_bytes = room_bytes

    def _write(self, content: list[memoryview], at: int) -> None:
        descriptor = self._file.fileno()
        data = memoryview(b"".join(content))
        written = 0
        while written < len(data):
            written += os.pwrite(descriptor, data[written:], at + written)
        # Starts writing to the disk, so that little is left to wait for when the film is finished.
        os.posix_fadvise(descriptor, at, len(data), os.POSIX_FADV_DONTNEED)

    def _moov(self, data_offset: int) -> bytes:
        tracks = [self._video, self._audio]
        return moov(tracks, self._video.timescale_hz, self._video.ticks, data_offset)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Consecutive samples of a track."""

    sizes: list[int]
    data: memoryview


def _pieces(fragment: Fragment, track: Track, count: int) -> Iterator[_Piece]:
    """A track's samples in ``count`` pieces of about the same length."""
    sizes = track.sizes
    data = memoryview(_samples(fragment, track))
    ends = [0, *accumulate(sizes)]
    for first, stop in pairwise(len(sizes) * piece // count for piece in range(count + 1)):
        yield _Piece(sizes[first:stop], data[ends[first] : ends[stop]])


def _samples(fragment: Fragment, track: Track) -> bytes:
    """The samples of all runs of a track, one behind the other."""
    found: list[bytes] = []
    first = 0
    for offset, count in track.runs:
        found.append(fragment.data[offset : offset + sum(track.sizes[first : first + count])])
        first += count
    return b"".join(found)
