"""What is sent about track recordings when they are started."""

from reelkit.api.envelope import WireModel
from reelkit.api.wire.recordings import RecordingWire


class StartedTracks(WireModel):
    """The recording, in one more wrapping than other answers have."""

    recording: RecordingWire
