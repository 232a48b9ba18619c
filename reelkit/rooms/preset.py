"""A preset: what a participant may do and how their client is set up.

The JSON is the one of RealtimeKit's API and of the SDK's ``participant-details``. Keys that are not used here are kept,
so that a preset survives reading and writing. What a preset does not mention has the SDK's own default.
"""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

NO_RECORDER = "NONE"
"""``recorder_type`` of ordinary people; the SDK hides everybody else, and also whoever has an empty one."""


class CanProduce(StrEnum):
    """Whether a kind of media may be sent."""

    ALLOWED = "ALLOWED"
    NOT_ALLOWED = "NOT_ALLOWED"
    CAN_REQUEST = "CAN_REQUEST"


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="allow")


class MediaPermission(_Part):
    can_produce: CanProduce = CanProduce.NOT_ALLOWED

    @property
    def allowed(self) -> bool:
        return self.can_produce is CanProduce.ALLOWED


class MediaPermissions(_Part):
    audio: MediaPermission = Field(default_factory=MediaPermission)
    video: MediaPermission = Field(default_factory=MediaPermission)
    screenshare: MediaPermission = Field(default_factory=MediaPermission)


class PublicChat(_Part):
    can_send: bool = True
    text: bool = True
    files: bool = True


class PrivateChat(_Part):
    can_send: bool = False
    can_receive: bool = False
    text: bool = False
    files: bool = False


class ChatPermissions(_Part):
    public: PublicChat = Field(default_factory=PublicChat)
    private: PrivateChat = Field(default_factory=PrivateChat)


class Permissions(_Part):
    """What a participant may do."""

    can_record: bool = False
    can_edit_display_name: bool = True
    can_spotlight: bool = False
    kick_participant: bool = False
    pin_participant: bool = False
    disable_participant_audio: bool = False
    disable_participant_video: bool = False
    disable_participant_screensharing: bool = False
    hidden_participant: bool = False
    is_recorder: bool = False
    recorder_type: str = NO_RECORDER
    media: MediaPermissions = Field(default_factory=MediaPermissions)
    chat: ChatPermissions = Field(default_factory=ChatPermissions)


class MaxVideoStreams(_Part):
    mobile: int = Field(6, ge=0)
    desktop: int = Field(6, ge=0)


class ViewConfig(_Part):
    """How the client shows the meeting."""

    view_type: str = "GROUP_CALL"
    max_video_streams: MaxVideoStreams = Field(default_factory=MaxVideoStreams)
    max_screenshare_count: int = Field(1, ge=0)


class Preset(_Part):
    """One preset."""

    id: str | None = None
    name: str
    config: ViewConfig = Field(default_factory=ViewConfig)
    permissions: Permissions = Field(default_factory=Permissions)

    @classmethod
    def parse(cls, value: object) -> Self:
        """Reads a decoded JSON object. Raises pydantic.ValidationError naming each bad field."""
        return cls.model_validate(value)

    def as_json(self) -> dict[str, object]:
        """The JSON object, with the keys that were not understood and without empty optional ones."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def hidden(self) -> bool:
        """Whether others must not see the participant: a recorder or an observer."""
        permissions = self.permissions
        return permissions.hidden_participant or permissions.is_recorder or permissions.recorder_type != NO_RECORDER

    @property
    def recorder_type(self) -> str:
        """What the SDK is told: ``NONE`` for people, another word for whom it must hide."""
        if self.permissions.recorder_type != NO_RECORDER:
            return self.permissions.recorder_type
        return "RECORDER" if self.permissions.is_recorder else NO_RECORDER
