"""Errors of streaming by RTMP. No message holds a stream key.

RtmpError
├── BadRtmpUrl          the URL cannot be streamed to
├── ProtocolViolation   the other side does not speak RTMP, or breaks its limits
├── PublishRefused      the server does not take the stream
└── ConnectionEnded     the server closed the connection, or takes no data any more
"""

from reelkit.errors import Fault, ReelkitError


class RtmpError(ReelkitError):
    """Base of this package's errors."""

    fault = Fault.DESTINATION
    retry = True


class BadRtmpUrl(RtmpError):
    """The message says what is wrong and does not repeat the URL."""

    fault = Fault.CALLER
    retry = False


class ProtocolViolation(RtmpError):
    """What came is not RTMP as the specification has it."""


class PublishRefused(RtmpError):
    """The server answered that it does not take the stream."""


class ConnectionEnded(RtmpError):
    """The connection is of no use any more."""
