"""What a worker tells its supervisor: one JSON object per line of its standard output, and its exit status."""

from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from reelkit.page.status import PageStatus
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.rtmp.status import StreamStatus
from reelkit.publish.upload.growth import GrowingFile
from reelkit.render.progress import StuckTrack

EXIT_DISK_FULL = 73
"""The exit status of a worker that can go on once there is space (EX_CANTCREAT of sysexits.h)."""


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
    wants_keyframes: tuple[StuckTrack, ...] = ()
    """Tracks that cannot go on without a keyframe."""
    needed_from: dict[str, int | None] | None = None
    """As reelkit.render.progress says; None when it has not changed."""
    stream: StreamStatus | None = None
    """None for a job without a stream."""
    page: PageStatus | None = None
    """None for a job without a page."""
    growing: tuple[GrowingFile, ...] = ()
    """The files that have grown since this process last told of them, with the digests of blocks that are new."""

    def with_page(self, page: PageStatus) -> Self:
        """The same, but for what is told only once, with news of the page."""
        return self.model_copy(update={"page": page, "growing": (), "needed_from": None})


class Done(_Message):
    """The recording's files are finished."""

    event: Literal["done"] = "done"
    files: tuple[DeliveredFile, ...]
    duration_s: float
    frames: int
    report: dict[str, Any]
    integrity: dict[str, Any] | None = None
    """What proves that the files are what was recorded."""


class Failed(_Message):
    """No retry can mend this; ``files`` are what could be saved, if anything. The process ends."""

    event: Literal["failed"] = "failed"
    message: str
    files: tuple[DeliveredFile, ...] = ()
    duration_s: float = 0.0
    frames: int = 0
    report: dict[str, Any] = Field(default_factory=dict)
    integrity: dict[str, Any] | None = None


Message = Annotated[Progress | Done | Failed, Field(discriminator="event")]
MESSAGE: TypeAdapter[Message] = TypeAdapter(Message)
