"""What of the documented configuration this version does not have: it is refused by name, never left out silently."""

from reelkit.control.errors import Unsupported
from reelkit.control.recording_params import RecordingParams


def require_supported(config: RecordingParams) -> None:
    """Raises Unsupported naming the first field that asks for what this version does not have."""
    if config.url is not None:
        raise Unsupported("url: recording a page is not available in this version", field="url")
