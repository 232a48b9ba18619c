"""A preset: what a participant may do and how their client is set up.

The JSON is the one of RealtimeKit's API and of the SDK's ``participant-details``. Keys that are not used here are kept,
so that a preset survives reading and writing. What a preset does not mention has the SDK's own default.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

NO_RECORDER = "NONE"
"""``recorder_type`` of ordinary people; the SDK hides everybody else, and also whoever has an empty one."""

VIEWS_WITH_STAGE = frozenset({"WEBINAR", "LIVESTREAM"})


class CanProduce(StrEnum):
    """Whether a kind of media may be sent, or the stage be entered; CAN_REQUEST is with somebody's consent."""

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


class PollPermissions(_Part):
    can_create: bool = True
    can_vote: bool = True
    can_view: bool = True


class WaitingRoomType(StrEnum):
    """When a participant has to wait before they are in."""

    SKIP = "SKIP"
    ON_PRIVILEGED_USER_ENTRY = "ON_PRIVILEGED_USER_ENTRY"
    """While nobody who may let people in is there."""
    SKIP_ON_ACCEPT = "SKIP_ON_ACCEPT"
    """Until somebody has let them in, once for the session."""


class Permissions(_Part):
    """What a participant may do."""

    accept_waiting_requests: bool = False
    can_accept_production_requests: bool = False
    can_change_participant_permissions: bool = False
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
    waiting_room_type: WaitingRoomType = WaitingRoomType.SKIP
    stage_enabled: bool = False
    stage_access: CanProduce | None = None
    accept_stage_requests: bool = False
    media: MediaPermissions = Field(default_factory=MediaPermissions)
    chat: ChatPermissions = Field(default_factory=ChatPermissions)
    polls: PollPermissions = Field(default_factory=PollPermissions)


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

    def changed(self, permissions: Mapping[str, object]) -> Self:
        """The preset with some of its permissions replaced; what ``permissions`` does not mention stays."""
        return self.parse(merged(self.as_json(), {"permissions": permissions}))

    def as_json(self) -> dict[str, object]:
        """The JSON object, with the keys that were not understood and without empty optional ones."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def hidden(self) -> bool:
        """Whether others must not see the participant: a recorder or an observer."""
        permissions = self.permissions
        return permissions.hidden_participant or permissions.is_recorder or permissions.recorder_type != NO_RECORDER

    @property
    def has_stage(self) -> bool:
        """Whether only those who are on the stage send."""
        return self.permissions.stage_enabled or self.config.view_type in VIEWS_WITH_STAGE

    @property
    def stage_access(self) -> CanProduce:
        """How the participant gets onto the stage. Where the preset does not say, the most that any kind of media
        allows counts, as in the SDK."""
        if self.permissions.stage_access is not None:
            return self.permissions.stage_access
        media = self.permissions.media
        kinds = {part.can_produce for part in (media.audio, media.video, media.screenshare)}
        ranked = (CanProduce.ALLOWED, CanProduce.CAN_REQUEST)
        return next((access for access in ranked if access in kinds), CanProduce.NOT_ALLOWED)

    @property
    def accepts_on_stage(self) -> bool:
        """Whether the participant decides about the stage of others."""
        permissions = self.permissions
        return self.has_stage and (permissions.accept_stage_requests or permissions.can_accept_production_requests)

    @property
    def recorder_type(self) -> str:
        """What the SDK is told: ``NONE`` for people, another word for whom it must hide."""
        if self.permissions.recorder_type != NO_RECORDER:
            return self.permissions.recorder_type
        return "RECORDER" if self.permissions.is_recorder else NO_RECORDER


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a JSON object with ``changes`` in it, object by object."""
    result = dict(base)
    for name, value in changes.items():
        result[name] = merged(result.get(name) or {}, value) if isinstance(value, Mapping) else value
    return result
