"""Errors of the HTTP layer, and how every error becomes an answer.

ApiError
├── NotAuthenticated   401, no or no valid token
├── NotPermitted       403
├── NotFound           404
├── BodyTooLarge       413
├── BodyTooSlow        408
├── NotBuilt           501, part of RealtimeKit's API that this server does not have
└── ServerError
    ├── AlreadyRunning     another server holds the data directory
    ├── BadSetting         settings contradict each other
    └── CannotListen       an address or certificate of a listener cannot be used
"""

from http import HTTPStatus

from reelkit.errors import Fault, ReelkitError


class ApiError(ReelkitError):
    """Base of this package's errors; ``status`` is the HTTP status of the answer."""

    fault = Fault.CALLER
    status: int = HTTPStatus.BAD_REQUEST


class NotAuthenticated(ApiError):
    """No token, or none that this server knows."""

    status = HTTPStatus.UNAUTHORIZED


class NotPermitted(ApiError):
    """The token is known but does not allow this."""

    status = HTTPStatus.FORBIDDEN


class NotFound(ApiError):
    """The path names something that this server does not have."""

    status = HTTPStatus.NOT_FOUND


class BodyTooLarge(ApiError):
    """The request's body is over the limit."""

    status = HTTPStatus.REQUEST_ENTITY_TOO_LARGE


class BodyTooSlow(ApiError):
    """The request's body did not arrive in time."""

    status = HTTPStatus.REQUEST_TIMEOUT


class NotBuilt(ApiError):
    """A part of RealtimeKit's API that this server does not offer."""

    status = HTTPStatus.NOT_IMPLEMENTED


class ServerError(ReelkitError):
    """The server cannot start."""


class AlreadyRunning(ServerError):
    """Another server works on the same data directory."""


class BadSetting(ServerError):
    """A setting cannot be used, alone or together with another one."""


class CannotListen(ServerError):
    """A listener's address or certificate cannot be used."""
