"""A file that a recording is delivered in."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict

from reelkit.render.config import FileKind
from reelkit.render.formats import Container


class DeliveredFile(BaseModel):
    """A finished file, as it lies in the directory in which it was made."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    kind: FileKind
    path: Path
    size_bytes: int
    duration_s: float
    container: Container
    content_type: str
