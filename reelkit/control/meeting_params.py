"""The body that makes or changes a meeting."""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import Field

from reelkit.control.errors import Unsupported
from reelkit.control.recording_params import RecordingConfig
from reelkit.control.validation import Flag, Params, Text

MAX_TITLE_LENGTH = 1_000
# The client library's examples use 60; a day is a generous limit for a room with nobody in it.
DEFAULT_KEEP_ALIVE_S = 60.0
_MAX_KEEP_ALIVE_S = 86_400

_NO_SPEECH = "this server does not recognise speech, so it has no transcripts and no summaries"
# What may be declined but not asked for, and why.
_NOT_BUILT = {
    "summarize_on_end": _NO_SPEECH,
    "transcribe_on_end": _NO_SPEECH,
    "ai_config": _NO_SPEECH,
}


class MeetingStatus(StrEnum):
    ACTIVE = "ACTIVE"
    INACTIVE = "INACTIVE"
    """Nobody may join it."""


class MeetingParams(Params):
    """Fields of a meeting; when changing one, those that are not given stay as they are."""

    title: Annotated[Text, Field(max_length=MAX_TITLE_LENGTH)] | None = None
    status: MeetingStatus | None = None
    record_on_start: Flag | None = None
    live_stream_on_start: Flag | None = None
    persist_chat: Flag | None = None
    """Whether what is written in a session is shown in later ones; it counts when a session begins."""
    summarize_on_end: Flag | None = None
    transcribe_on_end: Flag | None = None
    ai_config: dict[str, Any] | None = None
    session_keep_alive_time_in_secs: Annotated[float, Field(strict=True, ge=0, le=_MAX_KEEP_ALIVE_S)] | None = None
    recording_config: RecordingConfig | None = None

    def require_supported(self, *, livestreams: bool) -> None:
        """Raises Unsupported naming a field that asks for what this version, or without ``livestreams`` this server,
        does not have."""
        if self.live_stream_on_start and not livestreams:
            raise Unsupported(
                "live_stream_on_start is not available: the operator has not set livestream.ingest_server",
                field="live_stream_on_start",
            )
        for field, reason in _NOT_BUILT.items():
            if getattr(self, field):
                raise Unsupported(f"{field} is not available: {reason}", field=field)
