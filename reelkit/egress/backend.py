"""Connections to addresses that the guard has just permitted."""

from collections.abc import Collection, Iterable

import httpcore

from reelkit.egress.guard import EgressGuard

SocketOption = tuple[int, int, int] | tuple[int, int, bytes | bytearray] | tuple[int, int, None, int]
HostPort = tuple[str, int]


class GuardedBackend(httpcore.AsyncNetworkBackend):
    """Judges every new connection; TLS goes on to check the name. ``trusted`` hosts are the operator's own."""

    def __init__(self, guard: EgressGuard, trusted: Collection[HostPort] = ()) -> None:
        self._guard = guard
        self._trusted = frozenset(trusted)
        self._connections = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[SocketOption] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        if (host, port) in self._trusted:
            return await self._connections.connect_tcp(host, port, timeout, local_address, socket_options)
        failure: httpcore.ConnectError | None = None
        for address in await self._guard.addresses(host, port):
            try:
                return await self._connections.connect_tcp(str(address), port, timeout, local_address, socket_options)
            except httpcore.ConnectError as error:
                failure = error
        raise failure or httpcore.ConnectError("there is no address")
