"""Errors of what is fetched for callers.

EgressError
├── EgressRefused    the address may not be asked: its scheme, its form, or where it leads
├── FetchFailed      the host failed, or its answer is of no use
└── RequestInvalid   what a browser sent to the proxy is no request that it takes
"""

from http import HTTPStatus

from reelkit.errors import Fault, ReelkitError


class EgressError(ReelkitError):
    """Base of this package's errors. ``message`` is written for the caller and tells no address that a name led to."""


class EgressRefused(EgressError):
    """Nothing was sent to the address: the policy forbids it."""

    fault = Fault.CALLER


class FetchFailed(EgressError):
    """The host could not be reached in time, or answered something unusable; then ``retry`` is false."""

    fault = Fault.DESTINATION
    retry = True


class RequestInvalid(EgressError):
    """The request is not passed on; ``status`` is the answer to it."""

    fault = Fault.CALLER

    def __init__(self, message: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(message)
        self.status = status
