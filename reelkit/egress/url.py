"""Web addresses as callers write them."""

import httpx

from reelkit.egress.errors import EgressRefused
from reelkit.egress.guard import SCHEMES

MAX_PORT = 65_535
DEFAULT_PORTS = {"http": 80, "https": 443}


def parsed_url(url: str, base: httpx.URL | None = None) -> httpx.URL:
    """``url``, which may be relative to ``base``. Raises EgressRefused for what is no plain http or https URL."""
    try:
        parsed = httpx.URL(url) if base is None else base.join(url)
    except httpx.InvalidURL as error:
        raise EgressRefused("this is not a URL") from error
    if parsed.scheme not in SCHEMES:
        raise EgressRefused("only http and https URLs are fetched")
    if not parsed.raw_host:
        raise EgressRefused("the URL names no host")
    if parsed.port is not None and not 0 < parsed.port <= MAX_PORT:
        raise EgressRefused("the URL's port does not exist")
    if parsed.userinfo:
        raise EgressRefused("a URL with a user name or a password is not fetched")
    return parsed


def port_of(url: httpx.URL) -> int:
    """The port that is connected to."""
    return url.port or DEFAULT_PORTS[url.scheme]
