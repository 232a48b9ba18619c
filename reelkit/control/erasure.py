"""What is left of a recording that was erased, and what of it is still to be removed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict

from reelkit.control.caller import Caller
from reelkit.db.erasures import ErasureRow


class ErasureState(StrEnum):
    ERASING = "ERASING"
    """Something is left that will be tried again."""
    ERASED = "ERASED"
    INCOMPLETE = "INCOMPLETE"
    """Something is left that will not go by itself: whoever owns it has to act, or to ask again."""


class Thing(StrEnum):
    """What a recording has."""

    HOSTED_FILES = "hosted_files"
    STORAGE_FILES = "storage_files"
    """Its files in the caller's own storage."""
    RENDER = "render"
    """A film that was made again, with its files."""
    JOB = "job"
    """Segments and whatever else its renderer wrote."""
    CAPTURE = "capture"
    DIAGNOSIS = "diagnosis"
    """What was kept of a page that failed."""


class Removal(BaseModel):
    """One thing that is to be removed. JSON-able."""

    model_config = ConfigDict(frozen=True)

    what: Thing
    id: str
    """Of the recording, the render or the session that it belongs to."""
    names: tuple[str, ...] = ()
    """Of its files."""
    where: str | None = None
    """The storage, in a word."""
    target: str | None = None
    """What opens the storage, encrypted."""
    uploads: dict[str, str] = {}
    """Unfinished uploads, by name of the file."""
    reason: str | None = None
    """Why it is still there, if it has been tried."""
    again: bool = True
    """Whether it is tried again without being asked for."""

    def told(self) -> dict[str, Any]:
        """What a tombstone says of it once it is removed: nothing personal, and no secret."""
        told = {"what": self.what.value, "where": self.where}
        if self.what is Thing.RENDER:
            told["id"] = self.id
        return {key: value for key, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tombstone:
    """What is known of an erased recording."""

    recording_id: str
    app_id: str
    meeting_id: str
    session_id: str | None
    invoked_at: datetime
    started_at: datetime | None
    stopped_at: datetime | None
    erased_by: Caller
    requested_at: datetime
    completed_at: datetime | None
    removed: tuple[dict[str, Any], ...]
    left: tuple[Removal, ...]

    @classmethod
    def of(cls, row: ErasureRow) -> Self:
        return cls(
            recording_id=row.recording_id,
            app_id=row.app_id,
            meeting_id=row.meeting_id,
            session_id=row.session_id,
            invoked_at=row.invoked_at,
            started_at=row.started_at,
            stopped_at=row.stopped_at,
            erased_by=Caller.from_json(row.erased_by),
            requested_at=row.requested_at,
            completed_at=row.completed_at,
            removed=tuple(row.removed),
            left=tuple(Removal.model_validate(each) for each in row.work),
        )

    @property
    def state(self) -> ErasureState:
        if any(each.again for each in self.left):
            return ErasureState.ERASING
        return ErasureState.INCOMPLETE if self.left else ErasureState.ERASED
