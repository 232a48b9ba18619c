"""Which addresses may be asked on a caller's behalf.

A caller who names a URL must not reach what only this machine can reach: itself, its network, or the metadata service
of its cloud. Names are judged by all addresses that they resolve to, and the connection goes to one that was judged, so
that a name cannot change its meaning in between.
"""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

import structlog

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.settings import EgressSettings

log = structlog.get_logger(__name__)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""Gives the addresses of a host and a port, numeric; raises OSError."""

SCHEMES = frozenset({"http", "https"})

# No setting but an entry of its own in ``allowed_networks`` opens these: whoever lets callers into the private network
# has not thereby given them the credentials of the machine.
_METADATA = tuple(
    ip_network(network)
    for network in (
        "169.254.0.0/16",  # most clouds' metadata services; link-local (RFC 3927)
        "fe80::/10",  # link-local (RFC 4291)
        "fd00:ec2::254/128",  # Amazon's metadata service
        "100.100.100.200/32",  # Alibaba's
        "168.63.129.16/32",  # Azure's, in the middle of the public space
        "192.0.0.192/32",  # Oracle's
    )
)
# No host at all, or nobody knows which.
_NO_HOST = tuple(
    ip_network(network)
    for network in (
        "0.0.0.0/8",  # this network (RFC 791); Linux takes 0.0.0.0 for itself
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
        "::/128",  # unspecified
        "64:ff9b:1::/48",  # NAT64 in a way that only its network knows (RFC 8215)
        "ff00::/8",  # multicast
    )
)
# Of IANA's registry of special purposes (RFC 6890), what is not reachable from everywhere; 192.88.99.0/24 is RFC 7526.
_PRIVATE_IPV4 = tuple(
    ip_network(network)
    for network in (
        "10.0.0.0/8",
        "100.64.0.0/10",  # carrier-grade NAT
        "127.0.0.0/8",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
    )
)
# Public IPv6 lies in here (RFC 4291), without these. Tunnels (Teredo, 6to4) carry IPv4 addresses that would escape.
_PUBLIC_IPV6 = IPv6Network("2000::/3")
_PRIVATE_IPV6 = tuple(ip_network(network) for network in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
# IPv6 addresses that stand for the IPv4 address in their last 32 bits: IPv4-mapped and -compatible (RFC 4291), SIIT
# (RFC 2765), NAT64 (RFC 6052).
_CARRIERS = tuple(IPv6Network(network) for network in ("::ffff:0:0/96", "::ffff:0:0:0/96", "64:ff9b::/96", "::/96"))
_LAST_32_BITS = 0xFFFF_FFFF


async def system_resolver(host: str, port: int) -> Sequence[str]:
    """Asks the machine's resolver, in its order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class EgressGuard:
    """The operator's policy.

    Every refusal is logged, unless ``max_logged`` is given, for those on whose behalf any number can be caused: then
    the first one of each host, of at most so many hosts.
    """

    def __init__(
        self, settings: EgressSettings, resolve: Resolve = system_resolver, *, max_logged: int | None = None
    ) -> None:
        self._allow_private = settings.allow_private
        self._allowed: tuple[Network, ...] = tuple(ip_network(network) for network in settings.allowed_networks)
        self._resolve = resolve
        self._max_logged = max_logged
        self._logged: set[str] = set()

    async def addresses(self, host: str, port: int) -> tuple[Address, ...]:
        """The addresses to connect to for ``host``, a name or a numeric address in any spelling.

        Raises EgressRefused if one of them is not permitted, FetchFailed if there is none.
        """
        try:
            found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:
            raise FetchFailed("the host's name cannot be resolved", host=host) from error
        addresses = tuple(dict.fromkeys(ip_address(address.partition("%")[0]) for address in found))
        if not addresses:
            raise FetchFailed("the host has no address", host=host)
        for address in addresses:
            if not self.permits(address):
                self._log(host, address)
                raise EgressRefused("the host is not on the public internet", host=host)
        return addresses

    def is_opened(self, address: Address) -> bool:
        """Whether the operator's own settings let callers reach ``address``, whatever it is."""
        return self._allow_private or any(_is_in(form, self._allowed) for form in _forms(address))

    def permits(self, address: Address) -> bool:
        """Whether the policy lets callers reach ``address``."""
        forms = _forms(address)
        if any(_is_in(form, self._allowed) for form in forms):
            return True
        if any(_is_in(form, _METADATA) or _is_in(form, _NO_HOST) for form in forms):
            return False
        return self._allow_private or _is_public(forms[-1])

    def _log(self, host: str, address: Address) -> None:
        """The operator may know the address; the caller would learn what the name means inside."""
        if self._max_logged is not None:
            if host in self._logged or len(self._logged) >= self._max_logged:
                return
            self._logged.add(host)
        log.warning("egress was refused", host=host, address=str(address))


def _forms(address: Address) -> tuple[Address, ...]:
    """The address, and behind it the IPv4 address that it carries if it does."""
    loopback_or_nothing = int(address) <= 1
    if isinstance(address, IPv6Address) and not loopback_or_nothing and _is_in(address, _CARRIERS):
        return (address, IPv4Address(int(address) & _LAST_32_BITS))
    return (address,)


def _is_public(address: Address) -> bool:
    if isinstance(address, IPv4Address):
        return not _is_in(address, _PRIVATE_IPV4)
    return address in _PUBLIC_IPV6 and not _is_in(address, _PRIVATE_IPV6)


def _is_in(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks)
