"""What the process of a recording has to know to stream, and how it is told without leaving a trace."""

from reelkit.handover import Handover
from reelkit.settings import EgressSettings, RtmpSettings


class StreamSpec(Handover):
    """One stream. Its URL holds the stream key."""

    egress: EgressSettings
    """Where the operator lets callers have connections made to."""
    rtmp: RtmpSettings
