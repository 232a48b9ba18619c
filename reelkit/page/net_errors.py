"""What Chromium's names of network errors mean to whoever wrote an address."""

_MEANINGS = {
    "net::ERR_CERT": "its certificate is not to be trusted",
    "net::ERR_SSL": "its TLS failed",
    "net::ERR_TUNNEL_CONNECTION_FAILED": "its host cannot be reached",
    "net::ERR_EMPTY_RESPONSE": "its host closed the connection without an answer",
    "net::ERR_TOO_MANY_REDIRECTS": "it redirects in a circle",
    "net::ERR_ABORTED": "it is a download, or has nothing that a browser can show",
    "net::ERR_INVALID_AUTH_CREDENTIALS": "its host asks for a password",
    "net::ERR_BLOCKED": "it leads to what pages may not open",
    "net::ERR_UNKNOWN_URL_SCHEME": "it leads to what is neither http nor https",
    "net::ERR_DISALLOWED_URL_SCHEME": "it leads to what is neither http nor https",
    "net::ERR_UNSAFE_REDIRECT": "it redirects to what is neither http nor https",
    "net::ERR_UNSAFE_PORT": "its port is one that browsers do not open",
}
"""By the beginning of the name."""
_ANY_OTHER = "its host cannot be reached"


def meaning_of(error: str) -> str:
    """Of a name like ``net::ERR_CERT_DATE_INVALID``."""
    return next((text for name, text in _MEANINGS.items() if error.startswith(name)), _ANY_OTHER)
