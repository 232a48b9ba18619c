"""How a stream does."""

from enum import StrEnum

from pydantic import BaseModel, ConfigDict


class StreamState(StrEnum):
    CONNECTING = "CONNECTING"
    """Nothing was sent yet."""
    LIVE = "LIVE"
    """The server takes the stream."""
    RETRYING = "RETRYING"
    """The connection failed and is tried again."""
    ENDED = "ENDED"
    """The recording is over."""


class StreamStatus(BaseModel):
    """A stream at one instant. Nothing in it is secret."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    state: StreamState
    target: str
    """Server and application, without the key."""
    since_s: float
    """When the state began, in wall-clock seconds."""
    dropped_gops: int = 0
    """Groups of pictures, of up to 3.2 s, that the server did not get whole."""
    reconnects: int = 0
    """How often it went on over a new connection."""
    sent_bytes: int = 0
    error: str | None = None
    """What ended the last connection or attempt, in a sentence; None while the stream is live for some time."""
