"""An MP3 file: the packets of the segments behind a frame that says how long it is, how to seek in it and what of it is
not to be played (the Info frame of Xing and LAME)."""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np

from reelkit.publish.crc16 import Crc16
from reelkit.publish.errors import FilmError
from reelkit.publish.fragment import read_fragment
from reelkit.publish.part_file import PartFile
from reelkit.publish.upload.growth import Growth
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ
from reelkit.render.manifest import Segment
from reelkit.render.sound_codec import SOUND_CODECS

_CODEC = SOUND_CODECS["MP3"]
_DECODER_DELAY_SAMPLES = 529
"""What every decoder adds: the tag's delay is the encoder's alone."""
_ALL_FIELDS = 0xF
"""Of the Info frame: frames, bytes, table of contents, quality."""
_TOC_ENTRIES = 100
_TAG_BYTES = 36
_ENCODER = b"LAME3.100"
_CONSTANT_BIT_RATE = 1
_KBPS = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
"""By index (ISO/IEC 11172-3, 2.4.2.3)."""
_INFO_RATE_INDEX = 5
"""64 kbit/s: the lowest at which the frame has room for the tag."""
_MONO = 3


class _Header(NamedTuple):
    """What is needed of an MPEG-1 Layer III frame header."""

    rate_index: int
    padding: bool
    mode: int

    @property
    def frame_bytes(self) -> int:
        return 144_000 * _KBPS[self.rate_index] // SAMPLE_RATE_HZ + self.padding


class Mp3Writer:
    """Joins the sound of segments, given in order, to a file at ``path``, by way of ``<path>.part``. No packet is
    changed."""

    def __init__(self, path: Path) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self.path = path
        self._part = PartFile(path)
        self._file = self._part.file
        self._header: bytes | None = None
        self._info_bytes = 0
        self._segments = 0
        self._samples = 0
        """Film time so far."""
        self._frames = 0
        self._bytes = 0
        """Of all frames but the Info frame."""
        self._places: list[tuple[int, int]] = []
        """(frames, bytes) before each segment."""
        self._crc = Crc16()

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""
        fragment = read_fragment(file)
        audio = fragment.audio
        start = self._frames * _CODEC.frame_samples
        if segment.index != self._segments or audio.start != start or audio.timescale_hz != SAMPLE_RATE_HZ:
            raise FilmError("a segment does not follow the one before it", segment=segment.index, file=segment.file)
        data = fragment.samples(audio)
        if self._header is None:
            self._header = data[:4]
            self._info_bytes = len(self._info(data[:4], 0))
            self._file.write(bytes(self._info_bytes))
            self._part.growth.head_bytes = self._info_bytes
        self._places.append((self._frames, self._bytes))
        self._part.append(data)
        self._crc.update(data)
        self._segments += 1
        self._samples += segment.samples
        self._frames += len(audio.sizes)
        self._bytes += len(data)

    def growths(self) -> list[Growth]:
        """What can be read of the file. Raises OSError."""
        self._part.flush()
        return [self._part.growth]

    def finish(self) -> None:
        """Writes the Info frame and puts the file in its place, durably. Raises FilmError if there is no segment,
        OSError."""
        if self._header is None:
            raise FilmError("a film needs at least one segment", film=self.path)
        delay = _CODEC.priming_samples - _DECODER_DELAY_SAMPLES
        padding = max(0, self._frames * _CODEC.frame_samples - delay - self._samples)
        self._file.seek(0)
        self._file.write(self._info(self._header, delay << 12 | padding))
        self._part.keep()

    def discard(self) -> None:
        """Gives up an unfinished file; harmless after :meth:`finish`. Raises OSError."""
        self._part.discard()

    def _info(self, first: bytes, delay_and_padding: int) -> bytes:
        """The Info frame: silence to decoders that do not know it, of the kind of the frames that follow."""
        header = _parse(first)
        index = max(header.rate_index, _INFO_RATE_INDEX)
        frame_header = bytes([first[0], first[1] | 1, index << 4 | first[2] & 0xC, first[3]])
        total = _Header(index, False, header.mode).frame_bytes
        total_bytes = total + self._bytes
        xing = b"Info" + struct.pack(">III", _ALL_FIELDS, self._frames, total_bytes) + self._toc(total)
        xing += struct.pack(">I", 0)
        tag = _ENCODER + struct.pack(
            ">BB8xBB3sxxHI",
            _CONSTANT_BIT_RATE,
            0,
            0,
            min(255, _KBPS[header.rate_index]),
            delay_and_padding.to_bytes(3, "big"),
            0,
            total_bytes,
        )
        side_info = bytes(17 if header.mode == _MONO else 32)
        data = frame_header + side_info + xing + tag + struct.pack(">H", self._crc.value)
        data += struct.pack(">H", Crc16(data).value)
        return data + bytes(total - len(data))

    def _toc(self, info_bytes: int) -> bytes:
        """For each hundredth of the time the place in the file, in 256ths of its bytes."""
        if not self._frames:
            return bytes(_TOC_ENTRIES)
        frames, places = zip(*self._places, (self._frames, self._bytes), strict=True)
        wanted = np.arange(_TOC_ENTRIES) * self._frames / _TOC_ENTRIES
        at = np.interp(wanted, frames, places) + info_bytes
        return bytes(np.minimum(255, at * 256 // (info_bytes + self._bytes)).astype(np.uint8))


def _parse(header: bytes) -> _Header:
    """Raises FilmError if it is not the header of a frame of MPEG-1 Layer III at 48 kHz."""
    index = header[2] >> 4
    if header[0] != 0xFF or header[1] & 0xFE != 0xFA or not 0 < index < len(_KBPS) or header[2] & 0xC != 0x4:
        raise FilmError("a segment's sound is not MP3 of 48 kHz", header=header.hex())
    return _Header(index, bool(header[2] & 0x2), header[3] >> 6)
