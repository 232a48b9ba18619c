"""Another film of a recording, made from its kept capture."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from reelkit.control.hosted import Hosted
from reelkit.db.renders import RenderRow


class RenderStatus(StrEnum):
    """The last three statuses of recordings."""

    UPLOADING = "UPLOADING"
    """Being made, or waiting for its turn."""
    UPLOADED = "UPLOADED"
    ERRORED = "ERRORED"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rerender(Hosted):
    """One further film as callers see it."""

    recording_id: str
    status: RenderStatus
    created_at: datetime

    @classmethod
    def of(cls, row: RenderRow) -> Self:
        return cls(
            **cls.fields_of(row),
            id=row.id,
            app_id=row.app_id,
            recording_id=row.recording_id,
            status=RenderStatus(row.status),
            created_at=row.created_at,
        )
