"""What a worker tells its supervisor: one JSON object per line of its standard output."""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter


class _Message(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Progress(_Message):
    """Sent at the start, after each segment and about once a second while following a live meeting."""

    event: Literal["progress"] = "progress"
    film_s: float
    """Length of what is rendered and committed."""
    lag_s: float
    """How far the newest rendered instant lies behind the wall clock; 0 when the recording has ended."""
    segments: int
    rss_bytes: int


class Done(_Message):
    """The film is finished."""

    event: Literal["done"] = "done"
    film: Path
    duration_s: float
    frames: int
    report: dict[str, Any]


class Failed(_Message):
    """No retry can mend this; ``film`` is what could be saved, if anything. The process ends."""

    event: Literal["failed"] = "failed"
    message: str
    film: Path | None = None
    duration_s: float = 0.0
    frames: int = 0
    report: dict[str, Any] = Field(default_factory=dict)


Message = Annotated[Progress | Done | Failed, Field(discriminator="event")]
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
