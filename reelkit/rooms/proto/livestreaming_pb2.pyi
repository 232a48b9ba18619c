from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional

DESCRIPTOR: _descriptor.FileDescriptor

class LiveStreamingEvent(_message.Message):
    __slots__ = ("livestream_id", "err_message", "name", "meeting_id", "playback_url", "org_id", "room_name", "room_uuid", "status", "manual_ingest")
    LIVESTREAM_ID_FIELD_NUMBER: _ClassVar[int]
    ERR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    MEETING_ID_FIELD_NUMBER: _ClassVar[int]
    PLAYBACK_URL_FIELD_NUMBER: _ClassVar[int]
    ORG_ID_FIELD_NUMBER: _ClassVar[int]
    ROOM_NAME_FIELD_NUMBER: _ClassVar[int]
    ROOM_UUID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    MANUAL_INGEST_FIELD_NUMBER: _ClassVar[int]
    livestream_id: str
    err_message: str
    name: str
    meeting_id: str
    playback_url: str
    org_id: str
    room_name: str
    room_uuid: str
    status: str
    manual_ingest: bool
    def __init__(self, livestream_id: _Optional[str] = ..., err_message: _Optional[str] = ..., name: _Optional[str] = ..., meeting_id: _Optional[str] = ..., playback_url: _Optional[str] = ..., org_id: _Optional[str] = ..., room_name: _Optional[str] = ..., room_uuid: _Optional[str] = ..., status: _Optional[str] = ..., manual_ingest: _Optional[bool] = ...) -> None: ...
