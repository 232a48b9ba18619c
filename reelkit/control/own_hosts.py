"""Where this server itself is reached, as far as pages that it records may or must not connect there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from reelkit.page.spec import PageRoute
from reelkit.settings import SfuSettings


def _nowhere() -> Mapping[str, str]:
    return {}


@dataclass(frozen=True, slots=True)
class OwnHosts:
    """What is known of the listeners once they are bound, and of the SFU."""

    domain: str | None = None
    """All names below it are hosts that the SDK speaks to; None where there are no names."""
    sdk_ports: tuple[int, ...] = ()
    """By which clients reach them."""
    tls_host: str = "127.0.0.1"
    """Where the TLS listener is, as a numeric address of this machine."""
    tls_port: int = 443
    closed_ports: tuple[int, ...] = ()
    """Of all listeners: pages reach them by no other way than the routes."""
    key_pins: tuple[str, ...] = ()
    """Base64 SHA-256 of the public key that the TLS listener shows."""
    media: Callable[[], Mapping[str, str]] = field(default=_nowhere)
    """The SFU's addresses as it tells them to clients, each with the one to connect to. Raises OSError."""

    def routes(self, sfu: SfuSettings) -> Iterator[PageRoute]:
        """How a page gets to its meeting. Raises OSError."""
        if self.domain is not None:
            for port in self.sdk_ports:
                yield PageRoute(
                    host=f"*.{self.domain}",
                    first_port=port,
                    last_port=port,
                    to_host=self.tls_host,
                    to_port=None if port == self.tls_port else self.tls_port,
                )
        for address, own in self.media().items():
            yield PageRoute(
                host=address,
                first_port=sfu.rtp_port_min,
                last_port=sfu.rtp_port_max,
                to_host=None if own == address else own,
                media=True,
            )
