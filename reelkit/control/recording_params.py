"""How a recording is to be made: the body of the start call, and the standing configuration of a meeting.

Fields and bounds are those of the reference page *Start recording a meeting*, and ``reelkit`` holds what goes beyond
it.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictInt

from reelkit.control.storage_config import StorageConfig
from reelkit.control.validation import WHOLE, Flag, Params, Text, UuidText
from reelkit.publish.rtmp.errors import BadRtmpUrl
from reelkit.publish.rtmp.url import RtmpUrl
from reelkit.render.config import FilmLayout

MIN_SECONDS = 60
MAX_SECONDS = 86_400
MAX_SIDE_PX = 1_920
# File systems allow 255 bytes; the meeting's id, the time and the extension need 56.
MAX_PREFIX_LENGTH = 190
_MAX_URL_LENGTH = 2_048


def _url_of(*schemes: str) -> AfterValidator:
    def check(value: str) -> str:
        scheme, separator, rest = value.partition("://")
        if not separator or scheme.lower() not in schemes or not rest.strip("/"):
            raise ValueError(f"must be a URL with scheme {' or '.join(schemes)}")
        return value

    return AfterValidator(check)


def _stream_url(value: str) -> str:
    try:
        RtmpUrl.parse(value)
    except BadRtmpUrl as error:
        raise ValueError(error.message) from None
    return value


WebUrl = Annotated[Text, Field(max_length=_MAX_URL_LENGTH), _url_of("http", "https")]
RtmpOutUrl = Annotated[Text, Field(max_length=_MAX_URL_LENGTH), AfterValidator(_stream_url)]
Side = Annotated[StrictInt, Field(ge=1, le=MAX_SIDE_PX), WHOLE]
Pixels = Annotated[StrictInt, Field(ge=1), WHOLE]
MaxSeconds = Annotated[StrictInt, Field(ge=MIN_SECONDS, le=MAX_SECONDS), WHOLE]
FileNamePrefix = Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$", max_length=MAX_PREFIX_LENGTH)]


class AudioConfig(Params):
    """Giving it at all asks for an audio file of its own, unless ``export_file`` is false."""

    channel: Literal["mono", "stereo"] | None = None
    codec: Literal["MP3", "AAC"] | None = None
    export_file: Flag | None = None


class WatermarkSize(Params):
    height: Pixels | None = None
    width: Pixels | None = None


class Watermark(Params):
    position: Literal["left top", "right top", "left bottom", "right bottom"] | None = None
    size: WatermarkSize | None = None
    url: WebUrl | None = None


class VideoConfig(Params):
    """``VP9`` is not on the reference page but in the official client."""

    codec: Literal["H264", "VP8", "VP9"] | None = None
    export_file: Flag | None = None
    height: Side | None = None
    width: Side | None = None
    watermark: Watermark | None = None


class RealtimekitBucketConfig(Params):
    """Whether the hosted bucket gets the film."""

    enabled: Flag


class InteractiveConfig(Params):
    type: Literal["ID3"] | None = None


class RtmpOutConfig(Params):
    """Where to stream to. The URL holds the stream key: it is stored encrypted, or not at all, and never shown."""

    rtmp_url: RtmpOutUrl | None = Field(None, repr=False)


class FilmExtensions(BaseModel):
    """What films can be beyond RealtimeKit; an unknown field is an error."""

    # Nobody else sends it.
    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    layout: FilmLayout | None = None
    """How people are arranged; a grid if it is left out."""


Removable = Literal["audio_config", "rtmp_out_config", "storage_config", "video_config", "video_config.watermark"]
"""What a start call can take out of the configurations below it, by the start call's names."""


class Extensions(FilmExtensions):
    """What recordings can be beyond RealtimeKit; an unknown field is an error."""

    without: list[Removable] | None = None
    """What the meeting's configuration and the app's say of these does not count."""

    keep_capture: Flag | None = None
    """Keep what the recording is made from, for other films of it; the server's settings decide if it is left out."""


class _Configuration(Params):
    audio_config: AudioConfig | None = None
    file_name_prefix: FileNamePrefix | None = None
    max_seconds: MaxSeconds | None = None
    realtimekit_bucket_config: RealtimekitBucketConfig | None = None
    storage_config: StorageConfig | None = None
    video_config: VideoConfig | None = None


class RecordingConfig(_Configuration):
    """A meeting's ``recording_config``: what its recordings are like unless the start call says otherwise."""

    live_streaming_config: RtmpOutConfig | None = None
    """The start call's ``rtmp_out_config`` under another name."""


class RecordingParams(_Configuration):
    """The body of the start call."""

    meeting_id: UuidText
    allow_multiple_recordings: Flag | None = None
    interactive_config: InteractiveConfig | None = None
    rtmp_out_config: RtmpOutConfig | None = None
    url: WebUrl | None = Field(None, repr=False)
    """A page to record. What stands in its query may be secret: it is never stored or shown."""
    reelkit: Extensions | None = None
