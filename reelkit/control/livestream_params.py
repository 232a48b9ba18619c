"""The body that starts a livestream."""

from typing import Annotated, Any

from pydantic import Field

from reelkit.control.errors import Unsupported
from reelkit.control.recording_params import Side
from reelkit.control.validation import Flag, Params, Text

_MAX_NAME_LENGTH = 1_000


class LivestreamVideo(Params):
    """Of the picture, in pixels; 1280x720 unless given."""

    height: Side | None = None
    width: Side | None = None


class LivestreamParams(Params):
    """``manual_ingest`` is what the browser SDK sends; all else is of the official client."""

    name: Annotated[Text, Field(max_length=_MAX_NAME_LENGTH)] | None = None
    video_config: LivestreamVideo | None = None
    manual_ingest: Flag | None = None

    def require_supported(self) -> None:
        """Raises Unsupported naming a field that asks for what this version does not have."""
        if self.manual_ingest:
            raise Unsupported(
                "manual_ingest: what is streamed here is always the meeting itself; other software streams to the "
                "ingest server without Reelkit",
                field="manual_ingest",
            )

    def render_fields(self) -> dict[str, Any]:
        """What the picture is to be, for a VideoConfig."""
        return self.video_config.model_dump(exclude_none=True) if self.video_config is not None else {}
