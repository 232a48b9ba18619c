"""A livestream: a film of a meeting that is streamed while it is made, to the operator's server, and not kept."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Self

from reelkit.db.livestreams import LivestreamRow


class LivestreamStatus(StrEnum):
    """By the names of the official client."""

    INVOKED = "INVOKED"
    """Asked for; the ingest server has not taken anything yet."""
    LIVE = "LIVE"
    IDLE = "IDLE"
    """It has been stopped, or its meeting is over."""
    ERRORED = "ERRORED"
    """It ended because something failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Livestream:
    """One livestream. It has one run, which the API calls its session."""

    id: str
    app_id: str
    meeting_id: str
    run_id: str
    name: str | None
    stream_key: str | None = field(repr=False)
    """Names the stream at the ingest server. Whoever knows it can stream in its place. None where it is not known."""
    status: LivestreamStatus
    invoked_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    error: str | None
    updated_at: datetime

    @classmethod
    def of(cls, row: LivestreamRow, stream_key: str | None) -> Self:
        return cls(
            id=row.id,
            app_id=row.app_id,
            meeting_id=row.meeting_id,
            run_id=row.run_id,
            name=row.name,
            stream_key=stream_key,
            status=LivestreamStatus(row.status),
            invoked_at=row.invoked_at,
            started_at=row.started_at,
            stopped_at=row.stopped_at,
            error=row.error,
            updated_at=row.updated_at,
        )

    @property
    def running(self) -> bool:
        return self.status in {LivestreamStatus.INVOKED, LivestreamStatus.LIVE}

    def ingest_s(self, now: datetime) -> int:
        """For how long it has been streamed, in whole seconds."""
        if self.started_at is None:
            return 0
        return max(0, int(((self.stopped_at or now) - self.started_at).total_seconds()))
