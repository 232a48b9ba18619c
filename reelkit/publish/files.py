"""All files that a recording is delivered in, made from its segments while they are rendered."""

from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.film import FilmWriter
from reelkit.publish.hls.writer import HlsWriter
from reelkit.publish.mp3 import Mp3Writer
from reelkit.publish.upload.growth import GrowingFile, Growth
from reelkit.publish.vorbis_files import VorbisFiles
from reelkit.render.config import FileKind, RenderConfig
from reelkit.render.formats import container, content_type, file_name
from reelkit.render.manifest import Segment
from reelkit.render.sound_codec import SOUND_CODECS


class FileWriter(Protocol):
    """Joins segments to one or more files. What is not finished is removed by :meth:`discard`."""

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""

    def growths(self) -> Sequence[Growth]:
        """How its files grow; what they tell of has been written out. Raises OSError."""

    def finish(self) -> object:
        """Puts the files in their places, durably. The time this takes does not depend on the recording's length.

        Raises FilmError if there is no segment, OSError."""

    def discard(self) -> None:
        """Gives up what is not finished."""


class FilesWriter:
    """Joins segments, given in order, to the files that ``config`` asks for, in ``directory``.

    A context manager: what is not finished at its end is removed.
    """

    def __init__(self, directory: Path, config: RenderConfig, capture_dir: Path | None = None) -> None:
        """Starts anew, whatever an earlier writer left. An interactive recording needs ``capture_dir``, where its
        messages are. Raises OSError."""
        self._directory = directory
        self._config = config
        self._hls = _hls_writer(directory, config, capture_dir)
        self._writers = _writers(directory, config) + ([] if self._hls is None else [self._hls])
        self._last: Segment | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for writer in self._writers:
            writer.discard()

    @property
    def segments(self) -> int:
        """How many segments are in the files."""
        return 0 if self._last is None else self._last.index + 1

    @property
    def frames(self) -> int:
        """Frames of film time so far, whether or not there are pictures of them."""
        return 0 if self._last is None else self._last.first_frame + self._last.frames

    @property
    def duration_s(self) -> float:
        """Film time so far."""
        return self.frames / self._config.video.fps

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment to all files. Raises FilmError if it does not follow the last one, OSError."""
        for writer in self._writers:
            writer.append(file, segment)
        self._last = segment

    def growing(self) -> tuple[GrowingFile, ...]:
        """What is new of the files since the last call. Raises OSError."""
        news = (growth.news(kind) for kind, growth in self._growths().items())
        return tuple(each for each in news if each is not None)

    def finish(self) -> tuple[DeliveredFile, ...]:
        """Puts the files in their places. Raises FilmError if there is no segment, OSError."""
        for writer in self._writers:
            writer.finish()
        growths = self._growths()
        files = tuple(self._delivered(kind, growths[kind]) for kind in self._config.files)
        return files + (() if self._hls is None else self._hls.extras())

    def _growths(self) -> dict[FileKind, Growth]:
        """Of the files that were begun."""
        by_name = {growth.path.name: growth for writer in self._writers for growth in writer.growths()}
        names = {kind: file_name(self._config, kind) for kind in self._config.files}
        return {kind: by_name[name] for kind, name in names.items() if name in by_name}

    def _delivered(self, kind: FileKind, growth: Growth) -> DeliveredFile:
        path = self._directory / file_name(self._config, kind)
        made = container(self._config, kind)
        return DeliveredFile(
            kind=kind,
            path=path,
            size_bytes=path.stat().st_size,
            duration_s=self.duration_s,
            container=made,
            content_type=content_type(made),
            head_bytes=growth.head_bytes,
            blocks_sha256=growth.digests.all_blocks(),
        )


def _hls_writer(directory: Path, config: RenderConfig, capture_dir: Path | None) -> HlsWriter | None:
    if "hls" not in config.files:
        return None
    if capture_dir is None:
        raise ValueError("the files of an interactive recording are made from its capture, too")
    return HlsWriter(directory / file_name(config, "hls"), capture_dir, config)


def _writers(directory: Path, config: RenderConfig) -> list[FileWriter]:
    film = directory / file_name(config, "video") if "video" in config.files else None
    sound = directory / file_name(config, "audio") if config.has_audio_file else None
    if config.audio.codec == "VORBIS":
        return [VorbisFiles(film, sound, config)]
    codec = SOUND_CODECS[config.audio.codec]
    writers: list[FileWriter] = []
    if film is not None:
        writers.append(FilmWriter(film, codec))
    if sound is not None:
        writers.append(Mp3Writer(sound) if config.audio.codec == "MP3" else FilmWriter(sound, codec, pictures=False))
    return writers
