"""Connections of the proxy: to its routes, and to addresses that the guard has just permitted."""

import asyncio
from collections.abc import Callable, Collection, Sequence

from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import Address, EgressGuard
from reelkit.egress.own_address import is_own, unmapped
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.egress.wire import Wire

_LEAST_SHARE_S = 0.2
"""What an address gets at least when the ones before it, or a machine that stood still, have used up the time."""
_WEB_PORTS = frozenset({80, 443})
"""What the operator shows to everybody may be this machine's."""


class Destinations:
    """What may be connected to. Every connection resolves its name anew and is judged anew.

    ``closed_ports`` on addresses of this machine are refused whatever the guard permits; a route leads there still.
    The ports of media are closed likewise: under another name for them there would be no route that minds what is sent.
    """

    def __init__(
        self, guard: EgressGuard, routes: Sequence[ProxyRoute], closed_ports: Collection[int], connect_timeout_s: float
    ) -> None:
        self._guard = guard
        self._routes = tuple(routes)
        self._closed_ports = set(closed_ports).union(*(route.ports for route in routes if route.media))
        self._connect_timeout_s = connect_timeout_s

    def close_port(self, port: int) -> None:
        """One more of ``closed_ports``."""
        self._closed_ports.add(port)

    def is_media(self, host: str, port: int) -> bool:
        """Whether nothing but WebRTC may be sent to ``host``."""
        for route in self._routes:
            if route.target(host, port) is not None:
                return route.media
        return False

    async def connect(self, host: str, port: int, make: Callable[[], Wire]) -> Wire:
        """Connects to ``host``, a name or a numeric address in any spelling.

        Raises EgressRefused, FetchFailed, and TimeoutError when the name server or the host does not answer.
        """
        loop = asyncio.get_running_loop()
        deadline_s = loop.time() + self._connect_timeout_s
        async with asyncio.timeout_at(deadline_s):
            targets = await self._targets(host, port)
        failure: OSError | None = None
        for index, (address, at_port) in enumerate(targets):
            # An address that does not answer must leave time for the next ones.
            share_s = max(_LEAST_SHARE_S, (deadline_s - loop.time()) / (len(targets) - index))
            try:
                async with asyncio.timeout(share_s):
                    _, wire = await loop.create_connection(make, address, at_port)
            except OSError as error:
                failure = error
            else:
                return wire
        if isinstance(failure, TimeoutError):
            raise failure
        raise FetchFailed("the host cannot be reached", host=host) from failure

    async def _targets(self, host: str, port: int) -> Sequence[tuple[str, int]]:
        for route in self._routes:
            if (target := route.target(host, port)) is not None:
                return [target]
        addresses = await self._guard.addresses(host, port)
        if any(self._is_closed(address, port) for address in addresses):
            # Told like any other refusal: which ports are the server's own is nobody's business.
            raise EgressRefused("the host is not on the public internet", host=host)
        return [(str(address), port) for address in addresses]

    def _is_closed(self, address: Address, port: int) -> bool:
        # The public address of a machine behind a NAT is media's too, though it is none of the machine's own.
        own = is_own(address)
        if own and port not in _WEB_PORTS and not self._guard.is_opened(address):
            # Firewalls keep others from what listens there, but not this machine from its own public address.
            return True
        return port in self._closed_ports and (own or self.is_media(str(unmapped(address)), port))
