"""A file of one track in WebM or Matroska (RFC 9559, the WebM guidelines) that grows cluster by cluster.

The head has the same length from the beginning; its numbers are filled in at the end, when the cues, which say where
the clusters are, are written behind the last one. So finishing takes the same time however long the track is.
"""

import os
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from reelkit.durable import sync_directory
from reelkit.publish import ebml
from reelkit.publish.tracks.errors import StateError

TICKS_PER_S = 1_000
"""Time stamps are milliseconds, as WebM wants them."""
MAX_BLOCK_TICKS = (1 << 15) - 1
"""How far a block may lie behind its cluster's beginning."""
OPUS_RATE_HZ = 48_000
OPUS_DELAY_SAMPLES = 312
"""By which libopus, which browsers encode with, delays sound: 6.5 ms. It is to be left out at the beginning."""
_SEEK_PREROLL_NS = 80_000_000
"""How much sound before a place a decoder has to be given to be right there (RFC 7845, 4.6)."""
_NS_PER_MS = 1_000_000
_EPOCH_2001_MS = 978_307_200_000
"""From which Matroska counts dates."""
_TRACK_NUMBER = 1
_VIDEO_TYPE, _AUDIO_TYPE = 1, 2
_KEYFRAME = 0x80
_WRITER = "Reelkit"
_HEAD_OF_CLUSTER_BYTES = 64

# The elements' ids (RFC 9559, 5.1).
_EBML, _SEGMENT, _SEEK_HEAD, _INFO, _TRACKS, _CLUSTER, _CUES = (
    0x1A45DFA3,
    0x18538067,
    0x114D9B74,
    0x1549A966,
    0x1654AE6B,
    0x1F43B675,
    0x1C53BB6B,
)
_TIMESTAMP, _SIMPLE_BLOCK = 0xE7, 0xA3
_CLUSTER_ID = _CLUSTER.to_bytes(4, "big")


@dataclass(frozen=True, slots=True)
class Block:
    """A packet; ``tick`` counts from the beginning of the file."""

    tick: int
    data: bytes
    is_keyframe: bool = True


@dataclass(frozen=True, slots=True)
class TrackHead:
    """What stands before the packets: the kind of document, when its time zero was on the wall clock, and the track."""

    document: Literal["webm", "matroska"]
    start_ms: int
    title: str
    entry: bytes

    @classmethod
    def opus(cls, start_ms: int, title: str) -> Self:
        """Sound in Opus, which decodes to two channels whatever was sent."""
        private = struct.pack("<8sBBHIhB", b"OpusHead", 1, 2, OPUS_DELAY_SAMPLES, OPUS_RATE_HZ, 0, 0)
        delay_ns = OPUS_DELAY_SAMPLES * 1_000_000_000 // OPUS_RATE_HZ
        entry = _track(
            _AUDIO_TYPE,
            "A_OPUS",
            ebml.unsigned(0x56AA, delay_ns),
            ebml.unsigned(0x56BB, _SEEK_PREROLL_NS),
            ebml.master(0x63A2, private),
            ebml.master(0xE1, ebml.number(0xB5, OPUS_RATE_HZ), ebml.unsigned(0x9F, 2)),
        )
        return cls("webm", start_ms, title, entry)

    @classmethod
    def video(cls, codec: str, width_px: int, height_px: int, start_ms: int, title: str, private: bytes = b"") -> Self:
        """Pictures; ``codec`` is Matroska's name of the encoding, ``private`` what its decoder must know."""
        size = ebml.unsigned(0xB0, width_px) + ebml.unsigned(0xBA, height_px)
        parts = [ebml.master(0x63A2, private)] if private else []
        entry = _track(_VIDEO_TYPE, codec, *parts, ebml.master(0xE0, size, ebml.unsigned(0x9A, 2)))
        return cls("webm" if codec in {"V_VP8", "V_VP9"} else "matroska", start_ms, title, entry)

    def content(self, segment_bytes: int, cues_at: int, duration_ms: int) -> bytes:
        """The head; its length does not depend on the numbers."""
        info = ebml.master(
            _INFO,
            ebml.unsigned(0x2AD7B1, _NS_PER_MS),
            ebml.number(0x4489, duration_ms),
            ebml.fixed(0x4461, (self.start_ms - _EPOCH_2001_MS) * _NS_PER_MS),
            ebml.text(0x7BA9, self.title),
            ebml.text(0x4D80, _WRITER),
            ebml.text(0x5741, _WRITER),
        )
        tracks = ebml.master(_TRACKS, self.entry)
        info_at = len(_seek_head(0, 0, 0))
        places = _seek_head(info_at, info_at + len(info), cues_at)
        return self.prefix + ebml.header(_SEGMENT, segment_bytes, ebml.SIZE_BYTES) + places + info + tracks

    @property
    def prefix(self) -> bytes:
        """The EBML head: versions, lengths of ids and sizes, the document's type and its versions."""
        return ebml.master(
            _EBML,
            ebml.unsigned(0x4286, 1),
            ebml.unsigned(0x42F7, 1),
            ebml.unsigned(0x42F2, 4),
            ebml.unsigned(0x42F3, 8),
            ebml.text(0x4282, self.document),
            ebml.unsigned(0x4287, 4),
            ebml.unsigned(0x4285, 2),
        )

    @property
    def segment_at(self) -> int:
        """Where the content of the Matroska segment begins, from which positions count."""
        return len(self.prefix) + 4 + ebml.SIZE_BYTES


class GrowingTrackFile:
    """Writes a track to ``path``, by way of ``<path>.part``, which is only open while something is written."""

    def __init__(self, path: Path, head: TrackHead, *, size_bytes: int | None = None) -> None:
        """``size_bytes`` is what an earlier writer had written, and is kept; None starts anew.

        Raises OSError, StateError if there is less than that or something else.
        """
        self.path = path
        self.head_bytes = len(head.content(0, 0, 0))
        self._head = head
        self._part = path.with_name(path.name + ".part")
        self._cues: list[tuple[int, int]] = []
        """Tick and place of each cluster that a decoder can begin with."""
        if size_bytes is None:
            self._part.unlink(missing_ok=True)
            self._write(head.content(0, 0, 0), 0)
            self.size_bytes = self.head_bytes
        else:
            if not self._part.exists() and path.exists():
                # The earlier writer had finished it, but not all files.
                path.rename(self._part)
            self.size_bytes = size_bytes
            self._take_up()

    def append(self, blocks: list[Block]) -> None:
        """Writes a cluster of blocks in order of time. Raises OSError."""
        start = blocks[0].tick
        content = ebml.unsigned(_TIMESTAMP, start) + b"".join(_simple_block(block, start) for block in blocks)
        self._note_cue(start, self.size_bytes, is_keyframe=blocks[0].is_keyframe)
        self.size_bytes += self._write(ebml.master(_CLUSTER, content), self.size_bytes)

    def sync(self) -> None:
        """Puts what is written on the disk. Raises OSError."""
        descriptor = os.open(self._part, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)

    def finish(self, duration_ms: int) -> None:
        """Writes cues and numbers and puts the file in its place, durably. Raises OSError."""
        segment_at = self._head.segment_at
        cues_at = self.size_bytes
        points = (
            ebml.master(
                0xBB,
                ebml.unsigned(0xB3, tick),
                ebml.master(0xB7, ebml.unsigned(0xF7, _TRACK_NUMBER), ebml.unsigned(0xF1, at - segment_at)),
            )
            for tick, at in self._cues
        )
        self.size_bytes += self._write(ebml.master(_CUES, *points), cues_at)
        self._write(self._head.content(self.size_bytes - segment_at, cues_at - segment_at, duration_ms), 0)
        self.sync()
        self._part.rename(self.path)
        sync_directory(self.path.parent)

    def _note_cue(self, tick: int, at: int, *, is_keyframe: bool) -> None:
        if is_keyframe:
            self._cues.append((tick, at))

    def _take_up(self) -> None:
        """Cuts off what came later than the state, and finds the clusters before it."""
        descriptor = os.open(self._part, os.O_RDWR | os.O_CLOEXEC)
        try:
            if os.fstat(descriptor).st_size < self.size_bytes:
                raise StateError("a track file is shorter than its state says", file=self.path.name)
            os.ftruncate(descriptor, self.size_bytes)
            at = self.head_bytes
            while at < self.size_bytes:
                length, tick, is_keyframe = _cluster(os.pread(descriptor, _HEAD_OF_CLUSTER_BYTES, at), self.path)
                self._note_cue(tick, at, is_keyframe=is_keyframe)
                at += length
        finally:
            os.close(descriptor)

    def _write(self, data: bytes, at: int) -> int:
        descriptor = os.open(self._part, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            rest, place = memoryview(data), at
            while rest:
                written = os.pwrite(descriptor, rest, place)
                place, rest = place + written, rest[written:]
        finally:
            os.close(descriptor)
        return len(data)


def _seek_head(info_at: int, tracks_at: int, cues_at: int) -> bytes:
    places = ((_INFO, info_at), (_TRACKS, tracks_at), (_CUES, cues_at))
    return ebml.master(
        _SEEK_HEAD,
        *(
            ebml.master(0x4DBB, ebml.master(0x53AB, element.to_bytes(4, "big")), ebml.fixed(0x53AC, at))
            for element, at in places
        ),
    )


def _track(kind: int, codec: str, *rest: bytes) -> bytes:
    return ebml.master(
        0xAE,
        ebml.unsigned(0xD7, _TRACK_NUMBER),
        ebml.unsigned(0x73C5, _TRACK_NUMBER),
        ebml.unsigned(0x83, kind),
        ebml.unsigned(0x9C, 0),
        ebml.text(0x22B59C, "und"),
        ebml.text(0x86, codec),
        *rest,
    )


def _simple_block(block: Block, start: int) -> bytes:
    flags = _KEYFRAME if block.is_keyframe else 0
    return ebml.master(_SIMPLE_BLOCK, struct.pack(">BhB", 0x80 | _TRACK_NUMBER, block.tick - start, flags), block.data)


def _cluster(data: bytes, path: Path) -> tuple[int, int, bool]:
    """Length and tick of the cluster that ``data`` is the beginning of, and whether a decoder can begin with it."""
    if data[:4] != _CLUSTER_ID or len(data) < _HEAD_OF_CLUSTER_BYTES // 2:
        raise StateError("a track file is not what its state says", file=path.name)
    content_bytes, at = _size(data, 4)
    length = at + content_bytes
    tick_bytes, at = _size(data, at + 1)
    tick = int.from_bytes(data[at : at + tick_bytes], "big")
    _, at = _size(data, at + tick_bytes + 1)
    return length, tick, bool(data[at + 3] & _KEYFRAME)


def _size(data: bytes, at: int) -> tuple[int, int]:
    """The size of an element that is written at ``at``, and the place behind it."""
    length = 9 - data[at].bit_length()
    return int.from_bytes(data[at : at + length], "big") & ((1 << 7 * length) - 1), at + length
