"""What of the stored configuration of a recording, which holds nothing secret, the rest of control wants to know."""

from typing import Any


def stream_target(config: dict[str, Any]) -> str | None:
    """Where it is streamed to, without the key; None for nowhere."""
    target: str | None = (config.get("rtmp_out_config") or {}).get("rtmp_url")
    return target


def page_url(config: dict[str, Any]) -> str | None:
    """The page that it shows, without the query; None for the meeting itself."""
    url: str | None = config.get("url")
    return url
