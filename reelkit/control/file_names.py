"""What delivered files are called."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from reelkit.render.config import RenderConfig
from reelkit.render.formats import extension

_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class FileNames:
    """The names of one recording's files in the bucket."""

    output: str
    """The main file: the film, or the sound where there is no film."""
    audio: str | None
    """The file of the sound, if there is to be one: the same name with another ending."""

    @classmethod
    def of(cls, render: RenderConfig, *, prefix: str | None, room: str, at: datetime) -> Self:
        """``{prefix}_{room name}_{unix ms}.{ext}``; a meeting's room name is its id, which every file system takes."""
        stem = f"{prefix}_" if prefix else ""
        stem += f"{room}_{round(at.timestamp() * _MS_PER_S)}"
        audio = stem + extension(render, "audio") if render.has_audio_file else None
        return cls(output=stem + extension(render, render.main_file), audio=audio)

    @classmethod
    def of_tracks(cls, *, prefix: str, room: str, at: datetime) -> Self:
        """Tracks have names of their own; this is what the recording and its record are called."""
        return cls(output=f"{prefix}_{room}_{round(at.timestamp() * _MS_PER_S)}", audio=None)
