"""Recordings as the official clients read them."""

from collections.abc import Iterable
from enum import StrEnum
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.api.links import Links
from reelkit.api.wire.deliveries import BucketWire, DestinationWire, StorageWire
from reelkit.api.wire.files import ExtraFileWire, extra_files
from reelkit.api.wire.hosted import HostedExtras
from reelkit.api.wire.layers import LayerDownloads, downloads
from reelkit.api.wire.meetings import MeetingWire
from reelkit.api.wire.pages import PageWire
from reelkit.api.wire.streaming import StreamingWire
from reelkit.control.caller import Caller
from reelkit.control.hosted import BucketState
from reelkit.control.meetings import Meeting
from reelkit.control.recording import Action, Recording, RecordingStatus, RecordingType, StartReason, StopReason
from reelkit.control.rendering import Rendering
from reelkit.control.track_links import LayerLinks, track_bytes
from reelkit.page.status import PageStatus
from reelkit.publish.rtmp.status import StreamStatus


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
    page: Absent[PageWire] = Field(None, description="The page, if url asked for one.")
    streaming: Absent[StreamingWire] = Field(None, description="The live stream, if rtmp_out_config asked for one.")
    keep_capture: Absent[bool] = Field(None, description="Whether what it is made from is kept, if the call said so.")
    destination: Absent[DestinationWire] = Field(None, description="The way to the storage of storage_config.")
    bucket: BucketWire
    files: Absent[list[ExtraFileWire]] = Field(None, description="Timed metadata in files of its own.")


class RecordingWire(WireModel):
    """A recording."""

    id: str
    type: RecordingType
    session_id: Absent[str] = None
    status: RecordingStatus
    output_file_name: str
    invoked_time: Timestamp
    started_time: Absent[Timestamp] = Field(None, description="When media began to be captured.")
    stopped_time: Absent[Timestamp] = None
    recording_duration: Absent[int] = Field(None, description="Seconds, without pauses.")
    file_size: Absent[int] = Field(None, description="Bytes of the file at download_url.")
    download_url: Absent[str | list[LayerDownloads]] = Field(
        None,
        description="The file output_file_name: the film, or the sound alone. Of a track recording its files by layer.",
    )
    audio_download_url: Absent[str] = Field(None, description="The sound, if audio_config asked for a file of it.")
    download_url_expiry: Absent[Timestamp] = None
    start_reason: StartReasonWire
    stop_reason: Absent[StopReasonWire] = None
    storage_config: Absent[StorageWire] = Field(None, description="Without what opens the storage.")
    reelkit: RecordingExtras

    @classmethod
    def of(
        cls,
        recording: Recording,
        links: Links,
        *,
        bucket: BucketState,
        layers: Iterable[LayerLinks] | None = None,
        rendering: Rendering | None = None,
        stream: StreamStatus | None = None,
        page: PageStatus | None = None,
        integrity: dict[str, Any] | None = None,
    ) -> Self:
        """``layers`` are those of a track recording; ``rendering`` is there while a film is being made; ``integrity``
        if it is to be shown."""
        return cls(
            id=recording.id,
            type=recording.type,
            session_id=recording.session_id,
            status=recording.status,
            output_file_name=recording.output_file_name,
            invoked_time=recording.invoked_at,
            started_time=recording.started_at,
            stopped_time=recording.stopped_at,
            recording_duration=recording.recording_duration_s,
            file_size=recording.file_size_bytes if recording.tracks is None else track_bytes(recording),
            download_url=links.download_url if recording.tracks is None else downloads(layers),
            audio_download_url=links.audio_download_url,
            download_url_expiry=recording.download_expires_at if recording.is_hosted_for_caller else None,
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
            storage_config=StorageWire.model_validate(recording.delivery.storage) if recording.delivery else None,
            reelkit=RecordingExtras(
                **RecordingExtras.fields_of(recording, links, rendering, integrity),
                meeting_id=recording.meeting_id,
                keep_capture=recording.keep_capture,
                page=PageWire.of(recording.page_url, page) if recording.page_url is not None and page else None,
                streaming=StreamingWire.of(stream) if stream is not None else None,
                destination=DestinationWire.of(recording.delivery) if recording.delivery else None,
                bucket=BucketWire(state=bucket),
                files=extra_files(recording.extras, links),
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
