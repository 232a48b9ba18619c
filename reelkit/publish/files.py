"""All files that a recording is delivered in, made from its segments while they are rendered."""

from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.film import FilmWriter
from reelkit.publish.mp3 import Mp3Writer
from reelkit.publish.vorbis_files import VorbisFiles
from reelkit.render.config import FileKind, RenderConfig
from reelkit.render.formats import container, content_type, file_name
from reelkit.render.manifest import Segment
from reelkit.render.sound_codec import SOUND_CODECS


class FileWriter(Protocol):
    """Joins segments to one or more files. What is not finished is removed by :meth:`discard`."""

    def append(self, file: Path, segment: Segment) -> None:
        """Adds the next segment. Raises FilmError if it does not follow the last one, OSError."""

    def finish(self) -> object:
        """Puts the files in their places, durably. The time this takes does not depend on the recording's length.

        Raises FilmError if there is no segment, OSError."""

    def discard(self) -> None:
        """Gives up what is not finished."""


class FilesWriter:
    """Joins segments, given in order, to the files that ``config`` asks for, in ``directory``.

    A context manager: what is not finished at its end is removed.
    """

    def __init__(self, directory: Path, config: RenderConfig) -> None:
        """Starts anew, whatever an earlier writer left. Raises OSError."""
        self._directory = directory
        self._config = config
        self._writers = _writers(directory, config)
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

    def finish(self) -> tuple[DeliveredFile, ...]:
        """Puts the files in their places. Raises FilmError if there is no segment, OSError."""
        for writer in self._writers:
            writer.finish()
        return tuple(self._delivered(kind) for kind in self._config.files)

    def _delivered(self, kind: FileKind) -> DeliveredFile:
        path = self._directory / file_name(self._config, kind)
        made = container(self._config, kind)
        return DeliveredFile(
            kind=kind,
            path=path,
            size_bytes=path.stat().st_size,
            duration_s=self.duration_s,
            container=made,
            content_type=content_type(made),
        )


def _writers(directory: Path, config: RenderConfig) -> list[FileWriter]:
    film = directory / file_name(config, "video") if config.has_video else None
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
