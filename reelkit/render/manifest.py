"""The list of a film's committed segments: one JSON object per line, appended and synced.

A segment belongs to the film from the moment at which its line is complete on the disk; a file without a line is
nothing.
"""

import os
from pathlib import Path
from typing import Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelkit.durable import sync_directory, write_durably
from reelkit.render.errors import CheckpointError

_NEWLINE = b"\n"


class Segment(BaseModel):
    """One committed segment."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    index: int = Field(ge=0)
    file: str
    """Path relative to the job directory."""
    first_frame: int = Field(ge=0)
    frames: int = Field(ge=1)
    first_sample: int = Field(ge=0)
    samples: int = Field(ge=1)
    """Samples of film time at 48 kHz. The audio packets of the file are those of whole blocks: see
    reelkit.render.encoder_audio for where they lie."""
    size_bytes: int = Field(ge=1)
    film_s: float
    """Where the segment begins in the film."""
    wall_s: float
    """The wall-clock instant that its first frame shows."""


class Manifest:
    """The manifest at ``path``, which need not exist yet."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self) -> list[Segment]:
        """The committed segments in order; a torn last line is cut off the file.

        Raises CheckpointError if a whole line is no segment or an index is missing, OSError.
        """
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        end = content.rfind(_NEWLINE) + 1
        if end < len(content):
            with self.path.open("r+b") as file:
                file.truncate(end)
        try:
            segments = [Segment.model_validate_json(line) for line in content[:end].splitlines()]
        except ValidationError as error:
            raise CheckpointError("a line of the manifest is no segment", manifest=self.path) from error
        if [segment.index for segment in segments] != list(range(len(segments))):
            raise CheckpointError("the manifest does not count its segments from 0", manifest=self.path)
        return segments

    def append(self, segment: Segment) -> None:
        """Commits a segment; it is on the disk when this returns. Raises OSError."""
        line = segment.model_dump_json().encode() + _NEWLINE
        created = not self.path.exists()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        try:
            written = os.write(descriptor, line)
            while written < len(line):  # a disk that is nearly full takes a part first and refuses the rest
                written += os.write(descriptor, line[written:])
            os.fdatasync(descriptor)
        finally:
            os.close(descriptor)
        if created:
            sync_directory(self.path.parent)

    def rewrite(self, segments: list[Segment]) -> Self:
        """Replaces the whole list at once. Raises OSError."""
        content = b"".join(segment.model_dump_json().encode() + _NEWLINE for segment in segments)
        write_durably(self.path, content)
        return self
