"""The files whose sound is Vorbis: a WebM film, an Ogg file of the sound, or both with the same packets.

Segments hold their sound without loss; one encoder for the whole film makes the Vorbis here, while the recording runs.
A writer whose process died is not continued: to append all segments to a new one takes about half a minute for each
hour of sound, most of it in the encoder.
"""

from pathlib import Path

import numpy as np
import structlog

from reelkit.publish.errors import FilmError
from reelkit.publish.matroska_segment import read_matroska
from reelkit.publish.ogg_file import OggFile
from reelkit.publish.upload.growth import Growth
from reelkit.publish.vorbis import VorbisEncoder, VorbisPage, Wave
from reelkit.publish.webm_film import WebmFilm
from reelkit.render.config import RenderConfig
from reelkit.render.manifest import Segment

log = structlog.get_logger(__name__)


class VorbisFiles:
    """Joins segments, given in order, to a film at ``film`` and a file of its sound at ``sound``; either may be None.
    No picture's packet is changed."""

    def __init__(self, film: Path | None, sound: Path | None, config: RenderConfig) -> None:
        """Starts anew, whatever an earlier writer left. Raises FilmError if there is no Vorbis, OSError."""
        self._film_path = film
        self._config = config
        self._encoder = VorbisEncoder(config.audio.channels, config.audio.bitrate_bps)
        self._film: WebmFilm | None = None
        self._ogg = None if sound is None else OggFile(sound)
        self._segments = 0
        self._frames = 0
        self._samples = 0
        """Film time so far."""
        self._ahead: Wave = np.zeros((0, config.audio.channels), np.int16)
        """Sound that a segment has behind the end of its last picture."""
        self._heard = 0
        """Samples that were encoded."""

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""
        read = read_matroska(file)
        fits = (
            segment.index == self._segments
            and segment.first_frame == self._frames
            and segment.first_sample == self._samples
            and read.wave.shape[1] == self._config.audio.channels
            and (self._film_path is None or len(read.pictures) == segment.frames)
        )
        if not fits:
            raise FilmError("a segment does not follow the one before it", segment=segment.index, file=segment.file)
        wave = np.concatenate([self._ahead, read.wave])
        self._segments += 1
        self._frames += segment.frames
        self._samples += segment.samples
        # The film may end with this segment's last picture: what is heard after it waits.
        known = min(len(wave), self._samples - self._heard)
        self._heard += known
        self._ahead = wave[known:]
        pages = self._encoder.encode(wave[:known])
        if self._film_path is not None:
            if self._film is None and self._encoder.headers is not None:
                self._film = WebmFilm(self._film_path, self._config, self._encoder.headers)
            if self._film is not None:
                self._film.show(read.pictures)
        self._take(pages)

    def growths(self) -> list[Growth]:
        """What can be read of the files. Raises OSError."""
        growths = [] if self._film is None else [self._film.growth]
        return growths if self._ogg is None else [*growths, *self._ogg.growths()]

    def finish(self) -> None:
        """Puts the files in their places. Raises FilmError if there is no segment, OSError."""
        if not self._segments:
            raise FilmError("a film needs at least one segment", film=self._film_path)
        self._take(self._encoder.finish())
        if self._film is not None:
            self._film.finish(self._heard)
        if self._ogg is not None:
            self._ogg.finish()
        log.info("finished the files", segments=self._segments, frames=self._frames)

    def discard(self) -> None:
        """Gives up unfinished files; harmless after :meth:`finish`."""
        self._encoder.discard()
        if self._film is not None:
            self._film.discard()
        if self._ogg is not None:
            self._ogg.discard()

    def _take(self, pages: list[VorbisPage]) -> None:
        for each in pages:
            if self._film is not None:
                self._film.hear(each.packets)
            if self._ogg is not None:
                self._ogg.append(each.page)
