"""A film in WebM: pictures and Vorbis packets, put in order."""

from collections import deque
from collections.abc import Iterable
from pathlib import Path

from reelkit.publish.upload.growth import Growth
from reelkit.publish.vorbis import VorbisPacket
from reelkit.publish.webm import AUDIO_TRACK, TICKS_PER_S, VIDEO_TRACK, AudioTrack, Block, VideoTrack, WebmFile
from reelkit.render.config import RenderConfig
from reelkit.render.encoder_audio import SAMPLE_RATE_HZ


class WebmFilm:
    """Writes a film to ``path``. Packets of sound may come later than the pictures that are seen with them: these wait,
    as the encoder gives its packets some seconds at a time."""

    def __init__(self, path: Path, config: RenderConfig, headers: tuple[bytes, bytes, bytes]) -> None:
        """``headers`` are those of the Vorbis stream. Raises OSError."""
        video = config.video
        self._fps = video.fps
        self._file = WebmFile(
            path,
            VideoTrack(f"V_{video.codec}", video.width_px, video.height_px, video.fps),
            AudioTrack(config.audio.channels, SAMPLE_RATE_HZ, headers),
        )
        self._frames = 0
        self._pictures: deque[list[Block]] = deque()
        """Of segments that are not written."""
        self._sound: deque[VorbisPacket] = deque()
        """Packets that are not written."""

    def show(self, pictures: list[bytes]) -> None:
        """Adds a segment's pictures, the first of which is a keyframe. Raises FilmError, OSError."""
        blocks = []
        for number, data in enumerate(pictures):
            blocks.append(Block(VIDEO_TRACK, self._tick(self._frames), data, number == 0))
            self._frames += 1
        self._pictures.append(blocks)

    def hear(self, packets: Iterable[VorbisPacket]) -> None:
        """Adds packets of sound. Raises FilmError, OSError."""
        self._sound.extend(packets)
        while len(self._pictures) > 1 and self._sound and _tick_of(self._sound[-1]) >= self._pictures[1][0].tick:
            self._write(self._pictures[1][0].tick)

    @property
    def growth(self) -> Growth:
        """How the file grows."""
        return self._file.growth

    def finish(self, samples: int) -> None:
        """Ends the film, whose sound lasts ``samples``. Raises FilmError, OSError."""
        while len(self._pictures) > 1:
            self._write(self._pictures[1][0].tick)
        self._write(None, samples)
        self._file.finish(self._frames / self._fps)

    def discard(self) -> None:
        """Gives up an unfinished film; harmless after :meth:`finish`."""
        self._file.discard()

    def _write(self, stop_tick: int | None, samples: int | None = None) -> None:
        """Writes a segment's pictures and the sound before ``stop_tick``, or all that is left."""
        blocks = self._pictures.popleft()
        while self._sound and (stop_tick is None or _tick_of(self._sound[0]) < stop_tick):
            packet = self._sound.popleft()
            unheard = 0 if samples is None else packet.start + packet.samples - samples
            if unheard <= 0 or unheard < packet.samples:
                discard_s = max(0, unheard) / SAMPLE_RATE_HZ
                blocks.append(Block(AUDIO_TRACK, _tick_of(packet), packet.data, discard_s=discard_s))
        self._file.append(sorted(blocks, key=lambda block: (block.tick, block.track)))

    def _tick(self, frame: int) -> int:
        return (frame * TICKS_PER_S * 2 + self._fps) // (2 * self._fps)


def _tick_of(packet: VorbisPacket) -> int:
    return (packet.start * TICKS_PER_S * 2 + SAMPLE_RATE_HZ) // (2 * SAMPLE_RATE_HZ)
