"""What ``rtmp_out_config`` asks for."""

from typing import Any

from pydantic import SecretStr

from reelkit.control.errors import Invalid
from reelkit.control.recording_params import RecordingParams
from reelkit.publish.rtmp.errors import BadRtmpUrl
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.url import RtmpUrl
from reelkit.settings import Settings

STREAM_FIELD = "rtmp_out_config.rtmp_url"
_CONFIG = "rtmp_out_config"


def plan_stream(params: RecordingParams, settings: Settings) -> StreamSpec | None:
    """The stream that is asked for; None for none. Raises Invalid for a codec that RTMP does not carry, and for a URL
    that cannot be streamed to."""
    url = params.rtmp_out_config.rtmp_url if params.rtmp_out_config is not None else None
    if url is None:
        return None
    try:
        RtmpUrl.parse(url)
    except BadRtmpUrl as error:
        raise Invalid(f"{STREAM_FIELD}: {error.message}", field=STREAM_FIELD) from None
    codec = params.video_config.codec if params.video_config is not None else None
    if codec not in {None, "H264"}:
        raise Invalid(f"{STREAM_FIELD}: RTMP carries H264 only, video_config.codec is {codec}", field=STREAM_FIELD)
    return StreamSpec(url=SecretStr(url), egress=settings.egress, rtmp=settings.rtmp)


def without_key(config: dict[str, Any]) -> dict[str, Any]:
    """The dumped configuration of a recording, of the stream's URL only what may be shown."""
    url = config.get(_CONFIG, {}).get("rtmp_url")
    return config if url is None else {**config, _CONFIG: {"rtmp_url": RtmpUrl.parse(url).target}}
