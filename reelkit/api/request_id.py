"""The name of each request, by which users and the log mean the same one.

It is always made here: one that comes with a request could be anybody's, or a line of its own in the log.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

# Cloudflare's API names each request in this header; its clients' users look for it when they report a fault.
REQUEST_ID_HEADER = "cf-ray"
_REQUEST_ID_BYTES = 8
_LOGGED_AS = "request_id"


@contextmanager
def named_request() -> Iterator[str]:
    """Gives a request an id, which each line of the log carries until the end."""
    request_id = secrets.token_hex(_REQUEST_ID_BYTES)
    with structlog.contextvars.bound_contextvars(**{_LOGGED_AS: request_id}):
        yield request_id


def current_request_id() -> str | None:
    """The id of the request that is being answered."""
    return structlog.contextvars.get_contextvars().get(_LOGGED_AS)
