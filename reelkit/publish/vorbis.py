"""Vorbis, made by libvorbis by way of libsndfile.

FFmpeg's own encoder is far worse than libvorbis at the same size, and the builds of FFmpeg that come with PyAV have no
libvorbis.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import soundfile
from numpy.typing import NDArray

from reelkit.publish.errors import FilmError
from reelkit.publish.ogg import Page, PageReader
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ

_HEADERS = 3
"""Packets before the sound: identification, comments, setup."""
_BLOCK_SIZES_AT = 28
"""In the identification header (Vorbis I, 4.2.2)."""
_AUDIO_BIT, _LONG_BIT = 0x1, 0x2
"""Of a packet's first byte: whether it is none of sound, and the mode (Vorbis I, 4.3.1). libvorbis sets up two modes,
of which the second has the long blocks."""
_NOMINAL_BPS = {
    1: (48_000, 60_000, 70_000, 80_000, 86_000, 96_000, 110_000, 120_000, 140_000, 160_000, 240_000),
    2: (64_000, 80_000, 96_000, 112_000, 128_000, 160_000, 192_000, 224_000, 256_000, 320_000, 500_000),
}
"""By channels: libvorbis' bit rates at qualities 0, 0.1 … 1 (its setup_44.h)."""

Wave = NDArray[np.int16]
"""Shape (n, channels)."""


@dataclass(frozen=True, slots=True)
class VorbisPacket:
    """A packet of sound: a decoder gives the samples ``start`` … ``start + samples - 1`` for it; none for the first."""

    data: bytes
    start: int
    samples: int


@dataclass(frozen=True, slots=True)
class VorbisPage:
    """An Ogg page and the packets that end on it; the headers are no packets."""

    page: Page
    packets: list[VorbisPacket]


class VorbisEncoder:
    """Encodes 48 kHz sound that is given piece by piece; the same pieces give the same packets.

    Pages come when they are full: a second or less of speech, up to five of silence.
    """

    def __init__(self, channels: int, bitrate_bps: int) -> None:
        """Raises FilmError if this machine's libsndfile has no Vorbis."""
        quality = float(np.interp(bitrate_bps, _NOMINAL_BPS[channels], np.linspace(0.0, 1.0, 11)))
        self._sink = _Sink()
        try:
            self._file = soundfile.SoundFile(
                self._sink,
                "w",
                SAMPLE_RATE_HZ,
                channels,
                subtype="VORBIS",
                format="OGG",
                compression_level=1.0 - quality,
            )
        except soundfile.SoundFileError as error:
            raise FilmError(f"the Vorbis encoder cannot be started: {error}") from error
        self._reader = PageReader()
        self._headers: list[bytes] = []
        self._position = 0
        self._last_block = 0

    @property
    def headers(self) -> tuple[bytes, bytes, bytes] | None:
        """Identification, comments, setup; there with the first pages."""
        if len(self._headers) < _HEADERS:
            return None
        identification, comments, setup = self._headers
        return identification, comments, setup

    def encode(self, wave: Wave) -> list[VorbisPage]:
        """The pages that are full now. Raises FilmError."""
        try:
            self._file.write(wave)
        except soundfile.SoundFileError as error:
            raise FilmError(f"the Vorbis encoder failed: {error}") from error
        return list(self._pages())

    def finish(self) -> list[VorbisPage]:
        """No sound follows; the rest of the pages. Raises FilmError."""
        self._file.close()
        return list(self._pages())

    def discard(self) -> None:
        """Gives up; harmless after :meth:`finish`."""
        self._file.close()

    def _pages(self) -> Iterator[VorbisPage]:
        for page, packets in self._reader.feed(self._sink.take()):
            sound = [packet for data in packets if (packet := self._packet(data)) is not None]
            # Only the last page may end before its last packet does.
            fits = page.granule <= self._position if page.is_last else page.granule == self._position
            if sound and not fits:
                raise FilmError("libvorbis counts other samples than its packets have", page=page.granule)
            yield VorbisPage(page, sound)

    def _packet(self, data: bytes) -> VorbisPacket | None:
        if len(self._headers) < _HEADERS:
            self._headers.append(data)
            return None
        if not data or data[0] & _AUDIO_BIT:
            raise FilmError("libvorbis wrote a packet that is no sound")
        (sizes,) = struct.unpack_from("<B", self._headers[0], _BLOCK_SIZES_AT)
        block = 1 << (sizes >> 4 if data[0] & _LONG_BIT else sizes & 0xF)
        # Each block overlaps half of the one before: what is between their centres is complete (Vorbis I, 4.3.8).
        samples = (self._last_block + block) // 4 if self._last_block else 0
        self._last_block = block
        packet = VorbisPacket(data, self._position, samples)
        self._position += samples
        return packet


class _Sink:
    """A file that is only ever written at its end."""

    def __init__(self) -> None:
        self._written = 0
        self._bytes = bytearray()

    def take(self) -> bytes:
        """What was written since the last time."""
        data = bytes(self._bytes)
        self._bytes.clear()
        return data

    def write(self, data: bytes) -> int:
        self._bytes += data
        self._written += len(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:  # noqa: ARG002 - a file has them
        return self._written

    def tell(self) -> int:
        return self._written

    def read(self, count: int = -1) -> bytes:  # noqa: ARG002 - a file has it
        return b""

    def flush(self) -> None:
        pass
