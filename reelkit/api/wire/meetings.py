"""Meetings as the official clients read them."""

from typing import Any, Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.control.meeting_params import MeetingStatus
from reelkit.control.meetings import Meeting


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
    recording_config: Absent[dict[str, Any]] = Field(
        None, description="Without what is write-only: credentials of a storage, the path of a streaming URL."
    )
    created_at: Timestamp
    updated_at: Timestamp

    @classmethod
    def of(cls, meeting: Meeting) -> Self:
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
            recording_config=dict(meeting.recording_config) if meeting.recording_config is not None else None,
            created_at=meeting.created_at,
            updated_at=meeting.updated_at,
        )
