"""Errors of the domain, free of HTTP.

ControlError
├── Invalid         a field of the request is wrong; ``field`` names it
├── Unauthorized    no valid token
├── Forbidden       the token is valid but does not allow this
├── NotFound        no such object, or it belongs to someone else
├── Conflict        the object's present state does not allow this
│   └── StillRunning    the same request is being carried out; worth another try
├── Unsupported     a documented feature that this version does not have; ``field`` names it
└── Unavailable     Reelkit cannot do it now; worth another try
"""

from enum import StrEnum
from typing import ClassVar

from reelkit.errors import Fault, ReelkitError


class ErrorKind(StrEnum):
    """What the edges (HTTP, the websocket) map errors by."""

    INVALID = "invalid"
    UNAUTHORIZED = "unauthorized"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    CONFLICT = "conflict"
    UNSUPPORTED = "unsupported"
    UNAVAILABLE = "unavailable"


class ControlError(ReelkitError):
    """Base of this package's errors. ``message`` is written for the caller and holds no secret."""

    fault = Fault.CALLER
    kind: ClassVar[ErrorKind]


class Invalid(ControlError):
    """``field`` is the path of the field that is wrong, such as ``video_config.width``; empty for the whole body."""

    kind = ErrorKind.INVALID

    def __init__(self, message: str, *, field: str = "") -> None:
        super().__init__(message)
        self.field = field


class Unauthorized(ControlError):
    """The token is missing, forged, expired or revoked."""

    kind = ErrorKind.UNAUTHORIZED


class Forbidden(ControlError):
    """The caller is known but may not do this."""

    kind = ErrorKind.FORBIDDEN


class NotFound(ControlError):
    """The object does not exist for this caller."""

    kind = ErrorKind.NOT_FOUND


class Conflict(ControlError):
    """The object is in a state that does not allow the request."""

    kind = ErrorKind.CONFLICT
    fault = Fault.MEETING


class StillRunning(Conflict):
    """The same request was made before and is not answered yet."""

    fault = Fault.CALLER
    retry = True


class Unsupported(ControlError):
    """The request is right but asks for what is not built; ``field`` names it."""

    kind = ErrorKind.UNSUPPORTED

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class Unavailable(ControlError):
    """The machine or a part of Reelkit is not fit for the request now."""

    kind = ErrorKind.UNAVAILABLE
    fault = Fault.SYSTEM
    retry = True
