"""What a recorded page reaches the world by."""

import socket
from collections.abc import Callable

from reelkit.egress.guard import EgressGuard, Resolve
from reelkit.egress.proxy import EgressProxy
from reelkit.egress.proxy_counters import Refusal
from reelkit.egress.proxy_route import ProxyRoute
from reelkit.page.recording_socket import HOST, PORT
from reelkit.page.spec import PageSpec

_MAX_REFUSED_HOSTS_LOGGED = 20
"""A page may ask for any number; the diagnosis of its recording names them too."""


def way_out(
    spec: PageSpec,
    listener: socket.socket,
    recorder_port: int,
    resolve: Resolve,
    on_refused: Callable[[Refusal], None],
    on_failed: Callable[[Refusal], None],
) -> EgressProxy:
    """The proxy that ``listener`` is for: to the public internet, to what is ours and meant for ``spec``'s page, and to
    its recorder, by the recorder's own name alone."""
    routes = [ProxyRoute(HOST, range(PORT, PORT + 1), ("127.0.0.1", recorder_port))]
    for route in spec.routes:
        ports = range(route.first_port, route.last_port + 1)
        to = None if route.to_host is None else (route.to_host, route.to_port)
        routes.append(ProxyRoute(route.host, ports, to, media=route.media))
    return EgressProxy(
        EgressGuard(spec.egress, resolve, max_logged=_MAX_REFUSED_HOSTS_LOGGED),
        routes,
        closed_ports=(*spec.closed_ports, recorder_port),
        listener=listener,
        on_refused=on_refused,
        on_failed=on_failed,
    )
