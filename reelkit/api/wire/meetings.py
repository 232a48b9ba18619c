"""Meetings as the official clients read them."""

from typing import Any, Self

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.control.meeting_params import MeetingStatus
from reelkit.control.meetings import Meeting

# What opens a storage is write-only: callers do not get it back, not even as a row of asterisks.
_WRITE_ONLY = {"storage_config": {"access_key", "secret", "password", "private_key"}}


class MeetingWire(WireModel):
    """A meeting: a reusable room."""

    id: str
    title: Absent[str] = None
    status: MeetingStatus
    record_on_start: bool
    live_stream_on_start: bool
    persist_chat: bool
    summarize_on_end: bool
    transcribe_on_end: bool
    session_keep_alive_time_in_secs: float
    recording_config: Absent[dict[str, Any]] = None
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
        config = meeting.recording_config
        return cls(
            id=meeting.id,
            title=meeting.title,
            status=meeting.status,
            record_on_start=meeting.record_on_start,
            live_stream_on_start=meeting.live_stream_on_start,
            persist_chat=meeting.persist_chat,
            summarize_on_end=meeting.summarize_on_end,
            transcribe_on_end=meeting.transcribe_on_end,
            session_keep_alive_time_in_secs=meeting.session_keep_alive_s,
            recording_config=config.model_dump(mode="json", exclude_none=True, exclude=_WRITE_ONLY) if config else None,
            created_at=meeting.created_at,
            updated_at=meeting.updated_at,
        )
