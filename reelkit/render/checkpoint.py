"""How to go on behind a committed segment."""

import hashlib
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelkit.durable import write_durably
from reelkit.render.config import RenderConfig
from reelkit.render.errors import CheckpointError

_VERSION = 1
"""Raised when what a checkpoint holds changes its meaning."""


class Checkpoint(BaseModel):
    """Everything that the next segment depends on besides the capture."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: int = _VERSION
    config: str
    """Fingerprint of what was asked for."""
    segment: int
    """Index of the segment behind which this is."""
    picture: dict[str, Any]
    """After the segment's last frame."""
    sound: dict[str, Any]
    """Where the next segment's pre-roll begins."""
    witness: dict[str, Any] = Field(default_factory=dict)
    """After the segment."""
    cpu_s: dict[str, float] = Field(default_factory=dict)
    """Spent so far."""
    lag_max_s: float = 0.0

    def write(self, path: Path) -> None:
        """Puts it at ``path``, durably. Raises OSError."""
        write_durably(path, self.model_dump_json().encode())

    @classmethod
    def read(cls, path: Path, config: RenderConfig) -> Self:
        """Raises CheckpointError if it is not there, is damaged or belongs to another config."""
        try:
            checkpoint = cls.model_validate_json(path.read_bytes())
        except FileNotFoundError as error:
            raise CheckpointError("a checkpoint is missing", path=path) from error
        except ValidationError as error:
            raise CheckpointError("a checkpoint cannot be read", path=path) from error
        if checkpoint.version != _VERSION:
            raise CheckpointError("a checkpoint was made by another version", path=path, version=checkpoint.version)
        if checkpoint.config != fingerprint(config):
            raise CheckpointError("a checkpoint was made for another film", path=path)
        return checkpoint


def fingerprint(config: RenderConfig) -> str:
    """Tells configs apart whose films differ; how fast a film is made is no difference."""
    asked = config.model_dump_json(
        exclude={
            "live": True,
            "lag_s": True,
            "examine": True,
            "metadata": True,
            "stream": True,
            "video": {"threads"},
        }
    )
    return hashlib.sha256(asked.encode()).hexdigest()
