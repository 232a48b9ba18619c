"""What of the documented configuration this version does not have: it is refused by name, never left out silently."""

from collections.abc import Iterator

from reelkit.control.errors import Unsupported
from reelkit.control.recording_params import RecordingConfig, RecordingParams


def require_supported(config: RecordingParams | RecordingConfig) -> None:
    """Raises Unsupported naming the first field that asks for what this version does not have."""
    for field, reason in _unsupported(config):
        raise Unsupported(f"{field}: {reason}", field=field)


def _unsupported(config: RecordingParams | RecordingConfig) -> Iterator[tuple[str, str]]:
    if isinstance(config, RecordingParams):
        if config.url is not None:
            yield "url", "recording a page is not available in this version"
