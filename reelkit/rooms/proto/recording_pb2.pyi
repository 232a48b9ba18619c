from reelkit.rooms.proto import common_pb2 as _common_pb2
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class RecordingEvent(_message.Message):
    __slots__ = ("recording_id", "err_message", "recording_type")
    RECORDING_ID_FIELD_NUMBER: _ClassVar[int]
    ERR_MESSAGE_FIELD_NUMBER: _ClassVar[int]
    RECORDING_TYPE_FIELD_NUMBER: _ClassVar[int]
    recording_id: str
    err_message: str
    recording_type: _common_pb2.RecordingType
    def __init__(self, recording_id: _Optional[str] = ..., err_message: _Optional[str] = ..., recording_type: _Optional[_Union[_common_pb2.RecordingType, str]] = ...) -> None: ...
