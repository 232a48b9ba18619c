"""A file that a recording is delivered in."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict

from reelkit.render.formats import Container

DeliveredKind = Literal["video", "audio", "hls", "captions", "cues", "track"]
"""What is rendered (reelkit.render.config.FileKind); beside it timed metadata, as ``captions`` (WebVTT) and as ``cues``
(JSON); one participant's ``track``."""


class DeliveredFile(BaseModel):
    """A finished file, as it lies in the directory in which it was made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: DeliveredKind
    path: Path
    size_bytes: int
    duration_s: float
    container: Container
    content_type: str
    name: str | None = None
    """What it is delivered as; None for the main file and the sound, whose names the recording knows."""
    head_bytes: int = 0
    """How many bytes at its beginning were written when it was finished. The rest grew in order and never changed."""
    blocks_sha256: tuple[str, ...] = ()
    """SHA-256 of each block of 8 MiB of that rest (the last may be shorter), made while it grew; empty if unknown."""
    layer: str | None = None
    """Of a track: the group that it belongs to."""
    custom_participant_id: str | None = None
    """Of a track: what its participant is called by the application."""
