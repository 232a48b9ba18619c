"""What is sent about the live stream of a recording."""

from typing import Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.clock import utc
from reelkit.publish.rtmp.status import StreamState, StreamStatus


class StreamingWire(WireModel):
    """How a stream does."""

    state: StreamState = Field(
        description="CONNECTING: nothing was sent yet; LIVE: the server takes the stream; RETRYING: the connection "
        "failed and is tried again; ENDED: the recording is over."
    )
    target: str = Field(description="The server and the application. The stream key is never shown.")
    since: Timestamp = Field(description="When this state began.")
    dropped_gops: int = Field(description="Groups of pictures, of up to 3.2 s, that the server did not get whole.")
    reconnects: int = Field(description="How often it went on over a new connection.")
    error: Absent[str] = Field(None, description="What ended the last connection or attempt.")

    @classmethod
    def of(cls, status: StreamStatus) -> Self:
        return cls(
            state=status.state,
            target=status.target,
            since=utc(status.since_s),
            dropped_gops=status.dropped_gops,
            reconnects=status.reconnects,
            error=status.error,
        )
