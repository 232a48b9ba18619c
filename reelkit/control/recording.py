"""A recording: its states, and which of them follow which."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from reelkit.control.caller import Caller
from reelkit.control.hosted import Hosted, StoredExtra
from reelkit.control.recording_files import extra_of
from reelkit.control.storage_delivery import StorageDelivery
from reelkit.control.stored_config import page_url, stream_target
from reelkit.db.recordings import RecordingRow
from reelkit.publish.tracks.spec import TrackSpec


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
    RecordingStatus.ERRORED: frozenset({RecordingStatus.UPLOADING}),
}
"""INVOKED goes straight to UPLOADING only after a crash, when its capture turns out to have begun; ERRORED only where
the delivery to the caller's own storage had failed and is tried again."""

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


class RecordingType(StrEnum):
    COMPOSITE = "COMPOSITE"
    """A film of the meeting."""
    TRACK = "TRACK"
    """What each participant sends, in a file of its own."""


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
    tracks: TrackSpec | None
    """What is recorded of whom, instead of a film; None for a film."""
    keep_capture: bool | None
    """What the start call said about the capture; None leaves it to the server's settings."""
    delivery: StorageDelivery | None
    """To the caller's own storage, if there is one."""
    stream_target: str | None
    """Where it is or was streamed to, without the key; None for nowhere."""
    page_url: str | None
    """The page that is or was recorded, without the query; None for the meeting itself."""
    files: tuple[StoredExtra, ...]
    """What there is beside the main file, the sound and the integrity record."""

    @property
    def type(self) -> RecordingType:
        return RecordingType.COMPOSITE if self.tracks is None else RecordingType.TRACK

    @property
    def is_hosted_for_caller(self) -> bool:
        """Whether the caller is to find the files in the hosted bucket: also those who wanted none there, if their own
        storage did not take them."""
        return self.delivery is None or self.delivery.bucket_enabled or self.status is RecordingStatus.ERRORED

    @property
    def extras(self) -> tuple[StoredExtra, ...]:
        """The timed metadata of an interactive recording, in files of its own."""
        return tuple(file for file in self.files if file.kind != "track")

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
            tracks=TrackSpec.model_validate(row.layers) if row.layers is not None else None,
            keep_capture=row.keep_capture,
            delivery=StorageDelivery.of(row.delivery) if row.delivery is not None else None,
            stream_target=stream_target(row.config),
            page_url=page_url(row.config),
            files=tuple(extra_of(file) for file in row.files),
        )
