"""Names that the proxy connects to without asking the guard."""

from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

_WILDCARD = "*"


@dataclass(frozen=True, slots=True)
class ProxyRoute:
    """Where requests for a host and port that are this server's own go, past the guard.

    Only what was asked for decides, never what a name resolves to. Raises ValueError for a name that has no ``to``:
    it would be connected to unjudged.
    """

    host: str
    """``localhost``; ``*.rtk.localhost`` for all names below a domain; or a numeric address."""
    ports: range
    to: tuple[str, int | None] | None
    """The address to connect to, and the port if it is another than the one that was asked for; None: the very address
    and port that were asked for."""
    media: bool = False
    """Only for WebRTC: what else a page could have sent there is cut off before its first byte."""

    def __post_init__(self) -> None:
        if self.to is None and _address(self.host) is None:
            raise ValueError(f"the route of {self.host} leads nowhere")

    def target(self, host: str, port: int) -> tuple[str, int] | None:
        """What to connect to for ``host`` and ``port``; None if they are not this route's."""
        # A trailing dot makes a name absolute, and means the same host.
        asked, own = host.lower().removesuffix("."), self.host.lower()
        asked_address, own_address = _address(asked), _address(own)
        if asked_address is not None or own_address is not None:
            matches = asked_address == own_address
        elif own.startswith(_WILDCARD):
            matches = asked.endswith(own.removeprefix(_WILDCARD))
        else:
            matches = asked == own
        if not matches or port not in self.ports:
            return None
        to_host, to_port = self.to or (str(own_address), None)
        return (to_host, port if to_port is None else to_port)


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that ``host`` is in its usual spelling; others are not routed."""
    try:
        return ip_address(host)
    except ValueError:
        return None
