"""Bodies that make and change presets: the whole document, checked strictly. An unknown field is an error."""

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model

from reelkit.control.validation import NOT_BLANK, WHOLE, Flag, Params, Text

MAX_NAME_LENGTH = 255
# Far more tiles than any client lays out.
_MAX_STREAMS = 1_000
_MAX_FRAME_RATE = 120
_MAX_QUALITIES = 20
_MAX_COLOUR_LENGTH = 64
_MAX_FONT_LENGTH = 255
_MAX_URL_LENGTH = 2_048
_MAX_SPACING_PX = 1_000


PresetName = Annotated[Text, Field(min_length=1, max_length=MAX_NAME_LENGTH), NOT_BLANK]
Whole = Annotated[int, Field(strict=True), WHOLE]
Streams = Annotated[int, Field(strict=True, ge=0, le=_MAX_STREAMS), WHOLE]
FrameRate = Annotated[float, Field(strict=True, gt=0, le=_MAX_FRAME_RATE)]
Quality = Literal["hd", "vga", "qvga", "fhd", "uhd"]
Access = Literal["ALLOWED", "NOT_ALLOWED", "CAN_REQUEST"]
Colour = Annotated[Text, Field(min_length=1, max_length=_MAX_COLOUR_LENGTH)]
Font = Annotated[Text, Field(max_length=_MAX_FONT_LENGTH)]


class _Part(Params):
    # Nothing here is explained in docstrings of its own, and looking for them takes a second at every start.
    model_config = ConfigDict(extra="forbid", use_attribute_docstrings=False)


class MaxVideoStreams(_Part):
    desktop: Streams
    mobile: Streams


class ScreenshareQuality(_Part):
    frame_rate: FrameRate
    quality: Quality


class VideoQuality(_Part):
    frame_rate: FrameRate
    quality: Quality
    simulcast: Flag | None = None


class AudioQuality(_Part):
    enable_high_bitrate: Flag | None = None
    enable_stereo: Flag | None = None


class MediaConfig(_Part):
    screenshare: ScreenshareQuality
    video: VideoQuality
    audio: AudioQuality | None = None


class PresetConfig(_Part):
    max_screenshare_count: Streams
    max_video_streams: MaxVideoStreams
    media: MediaConfig
    view_type: Literal["GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM"]
    livestream_viewer_qualities: Annotated[list[Whole], Field(max_length=_MAX_QUALITIES)] | None = None


class PrivateChatRights(_Part):
    can_receive: Flag
    can_send: Flag
    files: Flag
    text: Flag


class PublicChatRights(_Part):
    can_send: Flag
    files: Flag
    text: Flag


class ChatRights(_Part):
    private: PrivateChatRights
    public: PublicChatRights


class ConnectedMeetingRights(_Part):
    can_alter_connected_meetings: Flag
    can_switch_connected_meetings: Flag
    can_switch_to_parent_meeting: Flag


class MediaRight(_Part):
    can_produce: Access


class MediaRights(_Part):
    audio: MediaRight
    screenshare: MediaRight
    video: MediaRight


class PluginConfig(Params):
    model_config = ConfigDict(extra="allow")

    access_control: Literal["FULL_ACCESS", "VIEW_ONLY"] | None = None
    handles_view_only: Flag | None = None


class PluginRights(_Part):
    can_close: Flag
    can_edit_config: Flag
    can_start: Flag
    config: dict[Text, PluginConfig]


class PollRights(_Part):
    can_create: Flag
    can_view: Flag
    can_vote: Flag


class PresetPermissions(_Part):
    accept_waiting_requests: Flag
    can_accept_production_requests: Flag
    can_change_participant_permissions: Flag
    can_edit_display_name: Flag
    can_livestream: Flag
    can_record: Flag
    can_spotlight: Flag
    chat: ChatRights
    connected_meetings: ConnectedMeetingRights
    disable_participant_audio: Flag
    disable_participant_screensharing: Flag
    disable_participant_video: Flag
    hidden_participant: Flag
    kick_participant: Flag
    media: MediaRights
    pin_participant: Flag
    plugins: PluginRights
    polls: PollRights
    recorder_type: Literal["RECORDER", "LIVESTREAMER", "NONE"]
    show_participant_list: Flag
    waiting_room_type: Literal["SKIP", "ON_PRIVILEGED_USER_ENTRY", "SKIP_ON_ACCEPT"]
    accept_stage_requests: Flag | None = None
    is_recorder: Flag | None = None
    stage_access: Access | None = None
    stage_enabled: Flag | None = None
    transcription_enabled: Flag | None = None


class BackgroundColours(_Part):
    shade_1000: Colour = Field(alias="1000")
    shade_600: Colour = Field(alias="600")
    shade_700: Colour = Field(alias="700")
    shade_800: Colour = Field(alias="800")
    shade_900: Colour = Field(alias="900")


class BrandColours(_Part):
    shade_300: Colour = Field(alias="300")
    shade_400: Colour = Field(alias="400")
    shade_500: Colour = Field(alias="500")
    shade_600: Colour = Field(alias="600")
    shade_700: Colour = Field(alias="700")


class Colours(_Part):
    background: BackgroundColours
    brand: BrandColours
    danger: Colour
    success: Colour
    text: Colour
    text_on_brand: Colour
    video_bg: Colour
    warning: Colour


class DesignTokens(_Part):
    border_radius: Literal["sharp", "rounded", "extra-rounded", "circular"]
    border_width: Literal["none", "thin", "fat"]
    colors: Colours
    spacing_base: Annotated[float, Field(strict=True, ge=0, le=_MAX_SPACING_PX)]
    theme: Literal["darkest", "dark", "light"]
    font_family: Font | None = None
    google_font: Font | None = None
    logo: Annotated[Text, Field(max_length=_MAX_URL_LENGTH)] | None = None


class PresetUi(_Part):
    design_tokens: DesignTokens


class PresetParams(_Part):
    """A whole preset."""

    config: PresetConfig
    name: PresetName
    permissions: PresetPermissions
    ui: PresetUi

    def document(self) -> dict[str, Any]:
        """What was given, as JSON in the API's words."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def _optional(model: type[BaseModel]) -> type[BaseModel]:
    """The same model, where any field may be left out, however deep."""
    fields: dict[str, Any] = {}
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, _Part):
            kind = _optional(kind)
        constrained: Any = Annotated[(kind, *field.metadata)] if field.metadata else kind
        fields[name] = (constrained | None, Field(None, alias=field.alias))
    base = model if model is PresetParams else _Part
    return create_model(f"{model.__name__}Changes", __base__=base, __doc__=model.__doc__, **fields)


if TYPE_CHECKING:
    PresetChanges = PresetParams
else:
    PresetChanges = _optional(PresetParams)
    PresetChanges.__doc__ = "The fields that change; objects are merged field by field."
