"""Errors of the SFU.

SfuError
├── JanusNotStarted     Janus could not be started
├── SfuLost             Janus died or does not answer; its rooms are gone, a new Janus follows
├── SfuTimeout          one request had no answer in time
├── WrongState          the call does not fit the state of the negotiation
└── RequestRefused      Janus answered with an error
    ├── FeedNotReady    the feed is unknown or its media is not up yet
    ├── RoomNotFound
    ├── Unauthorised    wrong secret
    └── BadSdp          the session description is not acceptable
"""

from reelkit.errors import Fault, ReelkitError


class SfuError(ReelkitError):
    """Base of this package's errors."""


class JanusNotStarted(SfuError):
    """Janus is not installed, its configuration is refused or it does not answer in time."""


class SfuLost(SfuError):
    """Janus is gone, with every room, publisher and subscriber in it. The same call may succeed with its successor."""

    retry = True


class SfuTimeout(SfuError):
    """Janus did not answer a request in time; whether it acted on it is unknown."""

    retry = True


class WrongState(SfuError):
    """The call does not fit the state of the negotiation, for example an update while an offer awaits its answer."""


class RequestRefused(SfuError):
    """Janus refused a request. ``code`` is its own error number (janus.js and janus_videoroom.c list them)."""

    def __init__(self, message: str, *, code: int, request: str) -> None:
        super().__init__(message, code=code, request=request)
        self.code = code


class FeedNotReady(RequestRefused):
    """No such feed or mid: it left, or its PeerConnection is not up yet, and then the call may succeed later."""

    fault = Fault.MEETING
    retry = True


class RoomNotFound(RequestRefused):
    """The room does not exist in this Janus."""


class Unauthorised(RequestRefused):
    """A secret or the admin key is wrong."""


class BadSdp(RequestRefused):
    """The client's session description cannot be parsed or used."""

    fault = Fault.CALLER


_BY_CODE: dict[int, type[RequestRefused]] = {
    403: Unauthorised,  # JANUS_ERROR_UNAUTHORIZED
    433: Unauthorised,  # JANUS_VIDEOROOM_ERROR_UNAUTHORIZED
    426: RoomNotFound,  # JANUS_VIDEOROOM_ERROR_NO_SUCH_ROOM
    428: FeedNotReady,  # JANUS_VIDEOROOM_ERROR_NO_SUCH_FEED
    431: BadSdp,  # JANUS_VIDEOROOM_ERROR_INVALID_SDP_TYPE
    437: BadSdp,  # JANUS_VIDEOROOM_ERROR_INVALID_SDP
    464: BadSdp,  # JANUS_ERROR_JSEP_UNKNOWN_TYPE
    465: BadSdp,  # JANUS_ERROR_JSEP_INVALID_SDP
    469: BadSdp,  # JANUS_ERROR_UNEXPECTED_ANSWER
}


def refusal(code: int, reason: str, *, request: str) -> RequestRefused:
    """The error for Janus' ``code``."""
    return _BY_CODE.get(code, RequestRefused)(f"Janus refused a request: {reason}", code=code, request=request)
