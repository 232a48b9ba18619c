"""The film: one MP4 file that grows with the recording and is finished at once, however long it is. Without its
pictures it is an M4A file.

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
from reelkit.publish.upload.growth import Growth
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.encoder_video import TICKS_PER_FRAME
from reelkit.render.manifest import Segment
from reelkit.render.segment import priming_ticks
from reelkit.render.sound_codec import SOUND_CODECS, SoundCodec

log = structlog.get_logger(__name__)

_MP4_FTYP = box(b"ftyp", b"isom", struct.pack(">I", 512), b"isomiso2avc1mp41")
_M4A_FTYP = box(b"ftyp", b"M4A ", struct.pack(">I", 512), b"M4A isomiso2mp42")
_CHUNK_S = 0.5
"""Pictures and sound alternate in the file at this interval: what a player must at most read ahead."""
_ROOM_BYTES = 64 << 10
"""For the index at first: enough for three minutes."""
_LARGE_ROOM_BYTES = 1 << 20
_HUGE_ROOM_BYTES = 8 << 20
"""From the first to the second (45 minutes to 6 hours) the room grows at once, because moving the data begins to take
seconds. Beyond, it doubles: unused room has to be sent to wherever the film goes."""
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

    ``sound`` is the codec of the segments' sound. Without ``pictures`` the film is their sound alone, whether or not
    they have pictures.

    A context manager: what is not finished at its end is removed.
    """

    def __init__(self, path: Path, sound: SoundCodec = SOUND_CODECS["AAC"], *, pictures: bool = True) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._file = self._part.open("w+b", buffering=0)
        self._growth = Growth(path, self._part, _ROOM_BYTES)
        self._room_bytes = _ROOM_BYTES
        self._data_bytes = 0
        self._sound = sound
        self._ftyp = _MP4_FTYP if pictures else _M4A_FTYP
        self._video = SampleTable(b"vide", 0, TICKS_PER_FRAME) if pictures else None
        self._audio = SampleTable(b"soun", SAMPLE_RATE_HZ, sound.frame_samples, edit_ticks=sound.priming_samples)
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
        duration, timescale_hz = self._duration()
        return duration / timescale_hz if self._segments else 0.0

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""
        fragment = read_fragment(file)
        self._check(fragment, segment)
        if not self._segments:
            self._begin(fragment)
        tracks = self._tracks(fragment)
        chunks = max(1, round(segment.samples / SAMPLE_RATE_HZ / _CHUNK_S))
        if self._video is not None and fragment.video is not None:
            self._video.keyframes.extend(
                len(self._video.sizes) + 1 + at for at, sync in enumerate(fragment.video.sync) if sync
            )
        first_byte = self._data_bytes
        content: list[memoryview] = []
        for pieces in zip(*(_pieces(fragment, track, chunks) for _, track in tracks), strict=True):
            for (table, track), piece in zip(tracks, pieces, strict=True):
                table.add_chunk(self._data_bytes, piece.sizes, table.describe(track.description))
                content.append(piece.data)
                self._data_bytes += len(piece.data)
        while self._room_needed_bytes() > self._room_bytes:
            self._make_room(first_byte)
        self._write(content, self._room_bytes + first_byte)
        self._segments += 1
        self._samples += segment.samples

    def growths(self) -> list[Growth]:
        """What can be read of the file."""
        return [self._growth]

    def finish(self) -> Film:
        """Writes the index and puts the film in its place, durably. The time this takes does not depend on the film's
        length. Raises FilmError if there is no segment, OSError."""
        if not self._segments:
            raise FilmError("a film needs at least one segment", film=self.path)
        if self._data_bytes <= _COMPACT_BYTES:
            self._move_data(len(self._ftyp) + len(self._moov(self._room_bytes)) + LARGE_HEADER_BYTES, self._data_bytes)
        index = self._ftyp + self._moov(self._room_bytes)
        free = self._room_bytes - LARGE_HEADER_BYTES - len(index)
        if free:
            # Its content is zeros already: nothing was ever written there.
            index += struct.pack(">I4s", free, b"free")
        self._pwrite(index, 0)
        self._pwrite(large_header(b"mdat", self._data_bytes), self._room_bytes - LARGE_HEADER_BYTES)
        os.fsync(self._file.fileno())
        self._file.close()
        self._part.rename(self.path)
        sync_directory(self.path.parent)
        film = Film(
            self.path,
            self.path.stat().st_size,
            self.duration_s,
            0 if self._video is None else len(self._video.sizes),
            self._samples,
        )
        log.info("finished the film", path=str(self.path), bytes=film.size_bytes, duration_s=film.duration_s)
        return film

    def discard(self) -> None:
        """Gives up an unfinished film; harmless after :meth:`finish`."""
        if not self._file.closed:
            self._file.close()
            self._part.unlink(missing_ok=True)

    def _begin(self, fragment: Fragment) -> None:
        """The first segment tells what the film's pictures are."""
        if self._video is not None and fragment.video is not None:
            self._video.timescale_hz = fragment.video.timescale_hz
            # The picture's size in an AVC sample entry (ISO/IEC 14496-12, 12.1.3).
            self._video.width_px, self._video.height_px = struct.unpack_from(">HH", fragment.video.description, 32)

    def _check(self, fragment: Fragment, segment: Segment) -> None:
        audio = fragment.audio
        fits = (
            segment.index == self._segments
            and audio.start == self._audio.ticks
            and audio.duration == len(audio.sizes) * self._sound.frame_samples
            and audio.timescale_hz == SAMPLE_RATE_HZ
        )
        if self._video is not None:
            fits = fits and fragment.video is not None and self._follows(self._video, fragment.video, segment)
        if not fits:
            raise FilmError("a segment does not follow the one before it", segment=segment.index, file=segment.file)

    def _follows(self, table: SampleTable, video: Track, segment: Segment) -> bool:
        fps = video.timescale_hz // TICKS_PER_FRAME
        return (
            len(video.sizes) == segment.frames
            and video.start - priming_ticks(self._sound, fps) == segment.first_frame * TICKS_PER_FRAME == table.ticks
            and video.duration == segment.frames * TICKS_PER_FRAME
            and video.timescale_hz == (table.timescale_hz or video.timescale_hz)
            and video.sync[:1] == [True]
        )

    def _tracks(self, fragment: Fragment) -> list[tuple[SampleTable, Track]]:
        """Which track of a segment goes into which of the film."""
        tracks = [(self._audio, fragment.audio)]
        if self._video is not None and fragment.video is not None:
            tracks.insert(0, (self._video, fragment.video))
        return tracks

    def _duration(self) -> tuple[int, int]:
        """Film time so far, and the units that it is in."""
        if self._video is None:
            return self._samples, SAMPLE_RATE_HZ
        return self._video.ticks, self._video.timescale_hz

    def _all(self) -> list[SampleTable]:
        return [self._audio] if self._video is None else [self._video, self._audio]

    def _room_needed_bytes(self) -> int:
        bound = moov_bound_bytes(self._all())
        return len(self._ftyp) + bound + HEADER_BYTES + LARGE_HEADER_BYTES

    def _make_room(self, data_bytes: int) -> None:
        grown_bytes = 2 * self._room_bytes
        if _LARGE_ROOM_BYTES < grown_bytes < _HUGE_ROOM_BYTES:
            grown_bytes = _HUGE_ROOM_BYTES
        self._move_data(grown_bytes, data_bytes)

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
        self._room_bytes = self._growth.head_bytes = room_bytes

    def _write(self, content: list[memoryview], at: int) -> None:
        data = b"".join(content)
        self._pwrite(data, at)
        self._growth.digests.add(data)
        # Starts writing to the disk, so that little is left to wait for when the film is finished.
        os.posix_fadvise(self._file.fileno(), at, len(data), os.POSIX_FADV_DONTNEED)

    def _pwrite(self, data: bytes, at: int) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file.fileno(), rest, at)
            at, rest = at + written, rest[written:]

    def _moov(self, data_offset: int) -> bytes:
        duration, timescale_hz = self._duration()
        return moov(self._all(), timescale_hz, duration, data_offset)


@dataclass(frozen=True, slots=True)
class _Piece:
    """Consecutive samples of a track."""

    sizes: list[int]
    data: memoryview


def _pieces(fragment: Fragment, track: Track, count: int) -> Iterator[_Piece]:
    """A track's samples in ``count`` pieces of about the same length."""
    sizes = track.sizes
    data = memoryview(fragment.samples(track))
    ends = [0, *accumulate(sizes)]
    for first, stop in pairwise(len(sizes) * piece // count for piece in range(count + 1)):
        yield _Piece(sizes[first:stop], data[ends[first] : ends[stop]])
