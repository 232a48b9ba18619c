"""Recordings as the official clients read them."""

from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.api.links import Links
from reelkit.api.wire.hosted import HostedExtras
from reelkit.api.wire.meetings import MeetingWire
from reelkit.control.caller import Caller
from reelkit.control.meetings import Meeting
from reelkit.control.recording import Action, Recording, RecordingStatus, StartReason, StopReason
from reelkit.control.rendering import Rendering


class RecordingSortKey(StrEnum):
    """What lists can be sorted by."""

    INVOKED_TIME = "invokedTime"


class CallerWire(WireModel):
    """Who started or stopped a recording; ``user_Id`` is spelled as the hosted service spells it."""

    type: Literal["ORGANIZATION", "USER"]
    name: str
    user_id: Absent[str] = Field(None, alias="user_Id")

    @classmethod
    def of(cls, caller: Caller) -> Self:
        return cls(type=caller.kind.value, name=caller.name, user_id=caller.user_id)


class StartReasonWire(WireModel):
    reason: StartReason
    caller: Absent[CallerWire] = None


class StopReasonWire(WireModel):
    reason: StopReason
    caller: Absent[CallerWire] = None


class RecordingExtras(HostedExtras):
    meeting_id: str
    keep_capture: Absent[bool] = Field(None, description="Whether what it is made from is kept, if the call said so.")


class RecordingWire(WireModel):
    """A recording."""

    id: str
    session_id: Absent[str] = None
    status: RecordingStatus
    output_file_name: str
    invoked_time: Timestamp
    started_time: Absent[Timestamp] = Field(None, description="When media began to be captured.")
    stopped_time: Absent[Timestamp] = None
    recording_duration: Absent[int] = Field(None, description="Seconds, without pauses.")
    file_size: Absent[int] = Field(None, description="Bytes of the file at download_url.")
    download_url: Absent[str] = Field(None, description="The file output_file_name: the film, or the sound alone.")
    audio_download_url: Absent[str] = Field(None, description="The sound, if audio_config asked for a file of it.")
    download_url_expiry: Absent[Timestamp] = None
    start_reason: StartReasonWire
    stop_reason: Absent[StopReasonWire] = None
    reelkit: RecordingExtras

    @classmethod
    def of(
        cls,
        recording: Recording,
        links: Links,
        *,
        rendering: Rendering | None = None,
        integrity: dict[str, Any] | None = None,
    ) -> Self:
        """``rendering`` is there while a film is being made; ``integrity`` if it is to be shown."""
        return cls(
            id=recording.id,
            session_id=recording.session_id,
            status=recording.status,
            output_file_name=recording.output_file_name,
            invoked_time=recording.invoked_at,
            started_time=recording.started_at,
            stopped_time=recording.stopped_at,
            recording_duration=recording.recording_duration_s,
            file_size=recording.file_size_bytes,
            download_url=links.download_url,
            audio_download_url=links.audio_download_url,
            download_url_expiry=recording.download_expires_at,
            start_reason=StartReasonWire(
                reason=recording.start_reason,
                caller=CallerWire.of(recording.start_caller) if recording.start_caller else None,
            ),
            stop_reason=StopReasonWire(
                reason=recording.stop_reason,
                caller=CallerWire.of(recording.stop_caller) if recording.stop_caller else None,
            )
            if recording.stop_reason
            else None,
            reelkit=RecordingExtras(
                **RecordingExtras.fields_of(recording, links, rendering, integrity),
                meeting_id=recording.meeting_id,
                keep_capture=recording.keep_capture,
            ),
        )


class ListedRecording(RecordingWire):
    """A recording in a list, with its meeting."""

    meeting: Absent[MeetingWire] = None

    @classmethod
    def of_meeting(cls, recording: RecordingWire, meeting: Meeting | None) -> Self:
        """``recording`` together with the meeting it was made of."""
        fields = {name: getattr(recording, name) for name in RecordingWire.model_fields}
        return cls(**fields, meeting=MeetingWire.of(meeting) if meeting else None)


class RecordingAction(BaseModel):
    """The body that steers a recording."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    action: Action
