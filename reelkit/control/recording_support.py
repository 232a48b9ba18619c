"""What of the documented configuration this version does not have: it is refused by name, never left out silently."""

from collections.abc import Iterator

from reelkit.control.errors import Unsupported
from reelkit.control.recording_params import RecordingConfig, RecordingParams


def require_supported(config: RecordingParams | RecordingConfig) -> None:
    """Raises Unsupported naming the first field that asks for what this version does not have."""
    for field, reason in _unsupported(config):
        raise Unsupported(f"{field}: {reason}", field=field)


def _unsupported(config: RecordingParams | RecordingConfig) -> Iterator[tuple[str, str]]:
    if config.storage_config is not None:
        yield "storage_config", "delivery to other storage than the hosted bucket is not available in this version"
    if isinstance(config, RecordingParams):
        if config.url is not None:
            yield "url", "recording a page is not available in this version"
        if config.interactive_config is not None and config.interactive_config.type is not None:
            yield "interactive_config", "timed metadata is not available in this version"
        if config.rtmp_out_config is not None and config.rtmp_out_config.rtmp_url is not None:
            yield "rtmp_out_config", "streaming by RTMP is not available in this version"
    elif config.live_streaming_config is not None and config.live_streaming_config.rtmp_url is not None:
        yield "live_streaming_config", "streaming by RTMP is not available in this version"
