"""Where a recording is streamed to, as far as that may be known."""

from typing import Any


def stream_target(config: dict[str, Any]) -> str | None:
    """Of the stored configuration of a recording, which holds no stream key; None for nowhere."""
    target: str | None = (config.get("rtmp_out_config") or {}).get("rtmp_url")
    return target
