"""The keys of SSH servers: those that the operator lists, and else the one of the first connection."""

from typing import Protocol


class HostKeys(Protocol):
    """Remembers which key a server had when it was first spoken to (trust on first use)."""

    async def known(self, host: str, port: int) -> str | None:
        """The key as in ``known_hosts``: ``ssh-ed25519 AAAA…``; None for a server that nobody has spoken to."""

    async def pin(self, host: str, port: int, key: str) -> None:
        """Remembers ``key`` for good; called before any credential was sent there."""


class KeptHostKeys:
    """Remembers in memory."""

    def __init__(self) -> None:
        self._keys: dict[tuple[str, int], str] = {}

    async def known(self, host: str, port: int) -> str | None:
        return self._keys.get((host, port))

    async def pin(self, host: str, port: int, key: str) -> None:
        self._keys[host, port] = key
