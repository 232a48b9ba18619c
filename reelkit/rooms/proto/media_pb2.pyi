from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Target(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    PUBLISHER: _ClassVar[Target]
    SUBSCRIBER: _ClassVar[Target]

class ProducerKind(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    AUDIO: _ClassVar[ProducerKind]
    VIDEO: _ClassVar[ProducerKind]
PUBLISHER: Target
SUBSCRIBER: Target
AUDIO: ProducerKind
VIDEO: ProducerKind

class SessionDescription(_message.Message):
    __slots__ = ("target", "type", "sdp")
    TARGET_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    SDP_FIELD_NUMBER: _ClassVar[int]
    target: Target
    type: str
    sdp: str
    def __init__(self, target: _Optional[_Union[Target, str]] = ..., type: _Optional[str] = ..., sdp: _Optional[str] = ...) -> None: ...

class CreateTransportRequest(_message.Message):
    __slots__ = ("consuming", "description")
    CONSUMING_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    consuming: bool
    description: SessionDescription
    def __init__(self, consuming: _Optional[bool] = ..., description: _Optional[_Union[SessionDescription, _Mapping]] = ...) -> None: ...

class CreateTransportResponse(_message.Message):
    __slots__ = ("transport_id", "description")
    TRANSPORT_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    transport_id: str
    description: SessionDescription
    def __init__(self, transport_id: _Optional[str] = ..., description: _Optional[_Union[SessionDescription, _Mapping]] = ...) -> None: ...

class RenegotiateRequest(_message.Message):
    __slots__ = ("transport_id", "description")
    TRANSPORT_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    transport_id: str
    description: SessionDescription
    def __init__(self, transport_id: _Optional[str] = ..., description: _Optional[_Union[SessionDescription, _Mapping]] = ...) -> None: ...

class RenegotiateResponse(_message.Message):
    __slots__ = ("transport_id", "description")
    TRANSPORT_ID_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    transport_id: str
    description: SessionDescription
    def __init__(self, transport_id: _Optional[str] = ..., description: _Optional[_Union[SessionDescription, _Mapping]] = ...) -> None: ...

class AudioActivityRequest(_message.Message):
    __slots__ = ("producer_id", "energy", "silent")
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    ENERGY_FIELD_NUMBER: _ClassVar[int]
    SILENT_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    energy: int
    silent: bool
    def __init__(self, producer_id: _Optional[str] = ..., energy: _Optional[int] = ..., silent: _Optional[bool] = ...) -> None: ...

class ProducerState(_message.Message):
    __slots__ = ("producer_id", "kind", "pause", "screen_share", "app_data", "producing_transport_id", "mime_type")
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PAUSE_FIELD_NUMBER: _ClassVar[int]
    SCREEN_SHARE_FIELD_NUMBER: _ClassVar[int]
    APP_DATA_FIELD_NUMBER: _ClassVar[int]
    PRODUCING_TRANSPORT_ID_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    producer_id: str
    kind: ProducerKind
    pause: bool
    screen_share: bool
    app_data: str
    producing_transport_id: str
    mime_type: str
    def __init__(self, producer_id: _Optional[str] = ..., kind: _Optional[_Union[ProducerKind, str]] = ..., pause: _Optional[bool] = ..., screen_share: _Optional[bool] = ..., app_data: _Optional[str] = ..., producing_transport_id: _Optional[str] = ..., mime_type: _Optional[str] = ...) -> None: ...

class ProducerTrack(_message.Message):
    __slots__ = ("track_id", "producer_id", "stream_id")
    TRACK_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_ID_FIELD_NUMBER: _ClassVar[int]
    STREAM_ID_FIELD_NUMBER: _ClassVar[int]
    track_id: str
    producer_id: str
    stream_id: str
    def __init__(self, track_id: _Optional[str] = ..., producer_id: _Optional[str] = ..., stream_id: _Optional[str] = ...) -> None: ...

class ConsumerState(_message.Message):
    __slots__ = ("consumer_id", "producer_state", "producer_track", "error_code")
    CONSUMER_ID_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_STATE_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_TRACK_FIELD_NUMBER: _ClassVar[int]
    ERROR_CODE_FIELD_NUMBER: _ClassVar[int]
    consumer_id: str
    producer_state: ProducerState
    producer_track: ProducerTrack
    error_code: str
    def __init__(self, consumer_id: _Optional[str] = ..., producer_state: _Optional[_Union[ProducerState, _Mapping]] = ..., producer_track: _Optional[_Union[ProducerTrack, _Mapping]] = ..., error_code: _Optional[str] = ...) -> None: ...

class ProducerIdToConsumerMap(_message.Message):
    __slots__ = ("map",)
    class MapEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: ConsumerState
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[ConsumerState, _Mapping]] = ...) -> None: ...
    MAP_FIELD_NUMBER: _ClassVar[int]
    map: _containers.MessageMap[str, ConsumerState]
    def __init__(self, map: _Optional[_Mapping[str, ConsumerState]] = ...) -> None: ...

class Simulcast(_message.Message):
    __slots__ = ("preferred_rid", "priority_ordering", "rid_not_available")
    PREFERRED_RID_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_ORDERING_FIELD_NUMBER: _ClassVar[int]
    RID_NOT_AVAILABLE_FIELD_NUMBER: _ClassVar[int]
    preferred_rid: str
    priority_ordering: str
    rid_not_available: str
    def __init__(self, preferred_rid: _Optional[str] = ..., priority_ordering: _Optional[str] = ..., rid_not_available: _Optional[str] = ...) -> None: ...
