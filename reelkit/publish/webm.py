"""A WebM file (RFC 9559, the WebM guidelines) that grows cluster by cluster and is finished at once.

Behind the head there is room for the cues, which say where the keyframes are; those of longer films follow behind the
last cluster. The head's numbers are filled in when the file is finished. One cluster is written for each segment: it
begins with a keyframe.
"""

import os
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from reelkit.publish import ebml
from reelkit.publish.errors import FilmError
from reelkit.publish.part_file import PartFile
from reelkit.publish.upload.growth import Growth
from reelkit.render.colour import MATRIX_TAG, PRIMARIES_TAG, RANGE_TAG, TRANSFER_TAG

VIDEO_TRACK, AUDIO_TRACK = 1, 2
TICKS_PER_S = 1_000
"""Time stamps are milliseconds, as WebM wants them."""
_NS_PER_S = 1_000_000_000
_VIDEO_TYPE, _AUDIO_TYPE = 1, 2
_KEYFRAME = 0x80
_MAX_BLOCK_TICKS = (1 << 15) - 1
"""How far a block may lie behind its cluster's beginning."""
_CUES_ROOM_BYTES = 16 << 10
"""In front of the clusters: enough for 40 minutes."""
_WRITER = "Reelkit"

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


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The pictures: ``codec`` is ``V_VP8`` or ``V_VP9``."""

    codec: str
    width_px: int
    height_px: int
    fps: int


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """The sound, in Vorbis; ``headers`` is what a decoder must know."""

    channels: int
    sample_rate_hz: int
    headers: tuple[bytes, bytes, bytes]


@dataclass(frozen=True, slots=True)
class Block:
    """A packet: ``discard_s`` is what is not to be played of its end."""

    track: int
    tick: int
    data: bytes
    is_keyframe: bool = True
    discard_s: float = 0.0


class WebmFile:
    """Writes a film of one video and one audio track to ``path``, by way of ``<path>.part``."""

    def __init__(self, path: Path, video: VideoTrack, audio: AudioTrack) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = PartFile(path, buffered=False)
        self._file = self._part.file
        self._tracks = _tracks(video, audio)
        self._cues: list[bytes] = []
        self._clusters_at = len(self._head(0, 0, 0)) + _CUES_ROOM_BYTES
        self._end = self._clusters_at
        self._part.growth.head_bytes = self._clusters_at

    @property
    def growth(self) -> Growth:
        """How the file grows: the room for the cues belongs to its head."""
        return self._part.growth

    def append(self, blocks: Iterable[Block]) -> None:
        """Writes a cluster of blocks in order of time, the first of them a keyframe of the pictures if there is one.

        Raises FilmError if they last too long for one, OSError.
        """
        packets = list(blocks)
        if not packets:
            return
        start = packets[0].tick
        if packets[-1].tick - start > _MAX_BLOCK_TICKS:
            raise FilmError("a cluster must not last longer than half a minute", path=self.path)
        content = ebml.unsigned(0xE7, start) + b"".join(_block(packet, start) for packet in packets)
        if packets[0].track == VIDEO_TRACK and packets[0].is_keyframe:
            at = self._end - self._segment_at()
            positions = ebml.unsigned(0xF7, VIDEO_TRACK) + ebml.unsigned(0xF1, at)
            self._cues.append(ebml.master(0xBB, ebml.unsigned(0xB3, start), ebml.master(0xB7, positions)))
        data = ebml.master(_CLUSTER, content)
        self._write(data, self._end)
        self.growth.digests.add(data)
        os.posix_fadvise(self._file.fileno(), self._end, len(data), os.POSIX_FADV_DONTNEED)
        self._end += len(data)

    def finish(self, duration_s: float) -> None:
        """Fills in the head and puts the file in its place, durably. Raises OSError."""
        cues = ebml.master(_CUES, *self._cues)
        room = self._clusters_at - len(self._head(0, 0, 0))
        if len(cues) + 1 + ebml.SIZE_BYTES <= room:
            cues_at = self._clusters_at - room
            self._write(cues + ebml.void(room - len(cues)), cues_at)
        else:
            cues_at = self._end
            self._write(ebml.void(room), self._clusters_at - room)
            self._write(cues, cues_at)
            self.growth.digests.add(cues)
            self._end += len(cues)
        segment_at = self._segment_at()
        self._write(self._head(self._end - segment_at, cues_at - segment_at, duration_s), 0)
        self._part.keep()

    def discard(self) -> None:
        """Gives up an unfinished film; harmless after :meth:`finish`. Raises OSError."""
        self._part.discard()

    def _segment_at(self) -> int:
        """Where the content of the Matroska segment begins, from which positions count."""
        return len(_PREFIX) + 4 + ebml.SIZE_BYTES

    def _head(self, segment_bytes: int, cues_at: int, duration_s: float) -> bytes:
        """Everything before the cues; its length does not depend on the numbers."""
        info = ebml.master(
            _INFO,
            ebml.unsigned(0x2AD7B1, _NS_PER_S // TICKS_PER_S),
            ebml.number(0x4489, duration_s * TICKS_PER_S),
            ebml.text(0x4D80, _WRITER),
            ebml.text(0x5741, _WRITER),
        )
        places = [_seek(element, 0) for element in (_INFO, _TRACKS, _CUES)]
        info_at = len(ebml.master(_SEEK_HEAD, *places))
        tracks_at = info_at + len(info)
        places = [_seek(_INFO, info_at), _seek(_TRACKS, tracks_at), _seek(_CUES, cues_at)]
        seek_head = ebml.master(_SEEK_HEAD, *places)
        return _PREFIX + ebml.header(_SEGMENT, segment_bytes, ebml.SIZE_BYTES) + seek_head + info + self._tracks

    def _write(self, data: bytes, at: int) -> None:
        rest = memoryview(data)
        while rest:
            written = os.pwrite(self._file.fileno(), rest, at)
            at, rest = at + written, rest[written:]


_PREFIX = ebml.master(
    _EBML,
    ebml.unsigned(0x4286, 1),
    ebml.unsigned(0x42F7, 1),
    ebml.unsigned(0x42F2, 4),
    ebml.unsigned(0x42F3, 8),
    ebml.text(0x4282, "webm"),
    ebml.unsigned(0x4287, 4),
    ebml.unsigned(0x4285, 2),
)
"""The EBML head: versions, lengths of ids and sizes, the document's type and its versions."""


def _seek(element: int, at: int) -> bytes:
    return ebml.master(0x4DBB, ebml.master(0x53AB, element.to_bytes(4, "big")), ebml.fixed(0x53AC, at))


def _tracks(video: VideoTrack, audio: AudioTrack) -> bytes:
    colour = ebml.master(
        0x55B0,
        ebml.unsigned(0x55B1, MATRIX_TAG),
        ebml.unsigned(0x55B9, RANGE_TAG),
        ebml.unsigned(0x55BA, TRANSFER_TAG),
        ebml.unsigned(0x55BB, PRIMARIES_TAG),
    )
    size = ebml.unsigned(0xB0, video.width_px) + ebml.unsigned(0xBA, video.height_px)
    pictures = _track(
        VIDEO_TRACK,
        _VIDEO_TYPE,
        video.codec,
        ebml.unsigned(0x23E383, round(_NS_PER_S / video.fps)),
        ebml.master(0xE0, size, ebml.unsigned(0x9A, 2), colour),
    )
    sound = _track(
        AUDIO_TRACK,
        _AUDIO_TYPE,
        "A_VORBIS",
        ebml.master(0x63A2, laced(audio.headers)),
        ebml.master(0xE1, ebml.number(0xB5, audio.sample_rate_hz), ebml.unsigned(0x9F, audio.channels)),
    )
    return ebml.master(_TRACKS, pictures, sound)


def _track(number: int, kind: int, codec: str, *rest: bytes) -> bytes:
    return ebml.master(
        0xAE,
        ebml.unsigned(0xD7, number),
        ebml.unsigned(0x73C5, number),
        ebml.unsigned(0x83, kind),
        ebml.unsigned(0x9C, 0),
        ebml.text(0x22B59C, "und"),
        ebml.text(0x86, codec),
        *rest,
    )


def laced(headers: tuple[bytes, ...]) -> bytes:
    """Packets in one piece of bytes, as the Vorbis mapping of Matroska wants its headers (Xiph lacing)."""
    sizes = b"".join(b"\xff" * (len(header) // 255) + bytes([len(header) % 255]) for header in headers[:-1])
    return bytes([len(headers) - 1]) + sizes + b"".join(headers)


def _block(packet: Block, start: int) -> bytes:
    flags = _KEYFRAME if packet.is_keyframe else 0
    if not packet.discard_s:
        return ebml.master(0xA3, struct.pack(">BhB", 0x80 | packet.track, packet.tick - start, flags), packet.data)
    plain = ebml.master(0xA1, struct.pack(">BhB", 0x80 | packet.track, packet.tick - start, 0), packet.data)
    discarded = round(packet.discard_s * _NS_PER_S)
    return ebml.master(0xA0, plain, ebml.master(0x75A2, discarded.to_bytes(8, "big", signed=True)))
