"""What is known of a page's traffic afterwards. It tells no paths, headers or bodies: they hold what is secret."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the browser wanted to reach and may not."""

    host: str
    """As it was asked for, in lower case."""
    port: int
    reason: str


@dataclass(slots=True)
class ProxyCounters:
    """What has passed so far."""

    requests: int = 0
    refused: int = 0
    """Of the requests, those that the policy forbids."""
    failed: int = 0
    """Those whose host cannot be resolved or reached, or gives no answer."""
    up_bytes: int = 0
    """From the browser."""
    down_bytes: int = 0
    """From hosts."""
