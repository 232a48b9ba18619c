from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class StreamPermissionType(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    STREAM_PERMISSION_TYPE_NONE: _ClassVar[StreamPermissionType]
    STREAM_PERMISSION_TYPE_ALLOWED: _ClassVar[StreamPermissionType]
    STREAM_PERMISSION_TYPE_NOT_ALLOWED: _ClassVar[StreamPermissionType]
    STREAM_PERMISSION_TYPE_CAN_REQUEST: _ClassVar[StreamPermissionType]
STREAM_PERMISSION_TYPE_NONE: StreamPermissionType
STREAM_PERMISSION_TYPE_ALLOWED: StreamPermissionType
STREAM_PERMISSION_TYPE_NOT_ALLOWED: StreamPermissionType
STREAM_PERMISSION_TYPE_CAN_REQUEST: StreamPermissionType

class PollsPermissionUpdate(_message.Message):
    __slots__ = ("can_create", "can_vote", "can_view")
    CAN_CREATE_FIELD_NUMBER: _ClassVar[int]
    CAN_VOTE_FIELD_NUMBER: _ClassVar[int]
    CAN_VIEW_FIELD_NUMBER: _ClassVar[int]
    can_create: bool
    can_vote: bool
    can_view: bool
    def __init__(self, can_create: _Optional[bool] = ..., can_vote: _Optional[bool] = ..., can_view: _Optional[bool] = ...) -> None: ...

class PublicChatPermission(_message.Message):
    __slots__ = ("can_send", "text", "files")
    CAN_SEND_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    can_send: bool
    text: bool
    files: bool
    def __init__(self, can_send: _Optional[bool] = ..., text: _Optional[bool] = ..., files: _Optional[bool] = ...) -> None: ...

class PrivateChatPermission(_message.Message):
    __slots__ = ("can_send", "can_receive", "text", "files")
    CAN_SEND_FIELD_NUMBER: _ClassVar[int]
    CAN_RECEIVE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FILES_FIELD_NUMBER: _ClassVar[int]
    can_send: bool
    can_receive: bool
    text: bool
    files: bool
    def __init__(self, can_send: _Optional[bool] = ..., can_receive: _Optional[bool] = ..., text: _Optional[bool] = ..., files: _Optional[bool] = ...) -> None: ...

class ChatPermissionUpdate(_message.Message):
    __slots__ = ("public", "private")
    PUBLIC_FIELD_NUMBER: _ClassVar[int]
    PRIVATE_FIELD_NUMBER: _ClassVar[int]
    public: PublicChatPermission
    private: PrivateChatPermission
    def __init__(self, public: _Optional[_Union[PublicChatPermission, _Mapping]] = ..., private: _Optional[_Union[PrivateChatPermission, _Mapping]] = ...) -> None: ...

class StreamPermission(_message.Message):
    __slots__ = ("can_produce",)
    CAN_PRODUCE_FIELD_NUMBER: _ClassVar[int]
    can_produce: StreamPermissionType
    def __init__(self, can_produce: _Optional[_Union[StreamPermissionType, str]] = ...) -> None: ...

class MediaPermissionUpdate(_message.Message):
    __slots__ = ("video", "audio", "screenshare")
    VIDEO_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FIELD_NUMBER: _ClassVar[int]
    SCREENSHARE_FIELD_NUMBER: _ClassVar[int]
    video: StreamPermission
    audio: StreamPermission
    screenshare: StreamPermission
    def __init__(self, video: _Optional[_Union[StreamPermission, _Mapping]] = ..., audio: _Optional[_Union[StreamPermission, _Mapping]] = ..., screenshare: _Optional[_Union[StreamPermission, _Mapping]] = ...) -> None: ...

class PresetUpdates(_message.Message):
    __slots__ = ("polls", "chat", "can_edit_display_name", "media")
    POLLS_FIELD_NUMBER: _ClassVar[int]
    CHAT_FIELD_NUMBER: _ClassVar[int]
    CAN_EDIT_DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    MEDIA_FIELD_NUMBER: _ClassVar[int]
    polls: PollsPermissionUpdate
    chat: ChatPermissionUpdate
    can_edit_display_name: bool
    media: MediaPermissionUpdate
    def __init__(self, polls: _Optional[_Union[PollsPermissionUpdate, _Mapping]] = ..., chat: _Optional[_Union[ChatPermissionUpdate, _Mapping]] = ..., can_edit_display_name: _Optional[bool] = ..., media: _Optional[_Union[MediaPermissionUpdate, _Mapping]] = ...) -> None: ...

class UpdatePeerPreset(_message.Message):
    __slots__ = ("user_ids", "patch")
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    PATCH_FIELD_NUMBER: _ClassVar[int]
    user_ids: str
    patch: PresetUpdates
    def __init__(self, user_ids: _Optional[str] = ..., patch: _Optional[_Union[PresetUpdates, _Mapping]] = ...) -> None: ...

class UpdatePeersPreset(_message.Message):
    __slots__ = ("update_peers_presets",)
    UPDATE_PEERS_PRESETS_FIELD_NUMBER: _ClassVar[int]
    update_peers_presets: _containers.RepeatedCompositeFieldContainer[UpdatePeerPreset]
    def __init__(self, update_peers_presets: _Optional[_Iterable[_Union[UpdatePeerPreset, _Mapping]]] = ...) -> None: ...

class ReadPeersPresetRequest(_message.Message):
    __slots__ = ("user_ids",)
    USER_IDS_FIELD_NUMBER: _ClassVar[int]
    user_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, user_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class PeerPreset(_message.Message):
    __slots__ = ("user_id", "peer_id", "preset")
    USER_ID_FIELD_NUMBER: _ClassVar[int]
    PEER_ID_FIELD_NUMBER: _ClassVar[int]
    PRESET_FIELD_NUMBER: _ClassVar[int]
    user_id: str
    peer_id: str
    preset: bytes
    def __init__(self, user_id: _Optional[str] = ..., peer_id: _Optional[str] = ..., preset: _Optional[bytes] = ...) -> None: ...

class ReadPeersPresetResponse(_message.Message):
    __slots__ = ("peer_presets",)
    PEER_PRESETS_FIELD_NUMBER: _ClassVar[int]
    peer_presets: _containers.RepeatedCompositeFieldContainer[PeerPreset]
    def __init__(self, peer_presets: _Optional[_Iterable[_Union[PeerPreset, _Mapping]]] = ...) -> None: ...
