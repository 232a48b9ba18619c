"""A recording: its states, and which of them follow which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from reelkit.control.caller import Caller
from reelkit.control.hosted import Hosted
from reelkit.db.recordings import RecordingRow


class RecordingStatus(StrEnum):
    INVOKED = "INVOKED"
    """Asked for; nothing is captured yet."""
    RECORDING = "RECORDING"
    PAUSED = "PAUSED"
    UPLOADING = "UPLOADING"
    """Stopped; the film is being finished and stored."""
    UPLOADED = "UPLOADED"
    ERRORED = "ERRORED"


FOLLOWERS: Mapping[RecordingStatus, frozenset[RecordingStatus]] = {
    RecordingStatus.INVOKED: frozenset({RecordingStatus.RECORDING, RecordingStatus.UPLOADING, RecordingStatus.ERRORED}),
    RecordingStatus.RECORDING: frozenset({RecordingStatus.PAUSED, RecordingStatus.UPLOADING, RecordingStatus.ERRORED}),
    RecordingStatus.PAUSED: frozenset({RecordingStatus.RECORDING, RecordingStatus.UPLOADING, RecordingStatus.ERRORED}),
    RecordingStatus.UPLOADING: frozenset({RecordingStatus.UPLOADED, RecordingStatus.ERRORED}),
    RecordingStatus.UPLOADED: frozenset(),
    RecordingStatus.ERRORED: frozenset(),
}
"""INVOKED goes straight to UPLOADING only after a crash, when its capture turns out to have begun."""

RUNNING = frozenset({RecordingStatus.INVOKED, RecordingStatus.RECORDING, RecordingStatus.PAUSED})


class Action(StrEnum):
    """What a caller may do to a recording."""

    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"


ALLOWED_FROM: Mapping[Action, frozenset[RecordingStatus]] = {
    Action.STOP: frozenset({RecordingStatus.RECORDING, RecordingStatus.PAUSED}),
    Action.PAUSE: frozenset({RecordingStatus.RECORDING}),
    Action.RESUME: frozenset({RecordingStatus.PAUSED}),
}


class StartReason(StrEnum):
    API_CALL = "API_CALL"
    RECORD_ON_START = "RECORD_ON_START"


class StopReason(StrEnum):
    API_CALL = "API_CALL"
    """Also, without a caller, when ``max_seconds`` was reached: the call that started it set the end."""
    ALL_PEERS_LEFT = "ALL_PEERS_LEFT"
    INTERNAL_ERROR = "INTERNAL_ERROR"


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording(Hosted):
    """One recording as callers see it. Times are aware UTC datetimes."""

    meeting_id: str
    session_id: str | None
    status: RecordingStatus
    invoked_at: datetime
    started_at: datetime | None
    """The instant from which media is captured."""
    stopped_at: datetime | None
    start_reason: StartReason
    start_caller: Caller | None
    stop_reason: StopReason | None
    stop_caller: Caller | None
    keep_capture: bool | None
    """What the start call said about the capture; None leaves it to the server's settings."""

    @classmethod
    def of(cls, row: RecordingRow) -> Self:
        return cls(
            **cls.fields_of(row),
            id=row.id,
            app_id=row.app_id,
            meeting_id=row.meeting_id,
            session_id=row.session_id,
            status=RecordingStatus(row.status),
            invoked_at=row.invoked_at,
            started_at=row.started_at,
            stopped_at=row.stopped_at,
            start_reason=StartReason(row.start_reason),
            start_caller=Caller.from_json(row.start_caller) if row.start_caller else None,
            stop_reason=StopReason(row.stop_reason) if row.stop_reason else None,
            stop_caller=Caller.from_json(row.stop_caller) if row.stop_caller else None,
            keep_capture=row.keep_capture,
        )
