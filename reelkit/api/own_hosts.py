"""What the control plane has to know of the listeners: which of them pages that are recorded get through to."""

import ipaddress
from functools import partial

from reelkit.api.banner import sdk_base
from reelkit.api.listeners import Listener
from reelkit.api.sdk_hosts import host_name
from reelkit.api.tls import TlsFiles
from reelkit.control.own_hosts import OwnHosts
from reelkit.settings import Settings
from reelkit.sfu.addresses import media_routes

_HTTPS_PORT = 443


def own_hosts(settings: Settings, http: Listener, https: Listener, tls: TlsFiles) -> OwnHosts:
    """Those of bound listeners. Raises OSError, ValueError for a certificate that cannot be read."""
    domain = host_name(settings.base_domain)
    return OwnHosts(
        domain=None if _is_address(domain) else domain,
        sdk_ports=tuple(dict.fromkeys((_port(sdk_base(settings.base_domain, https.port)), https.port))),
        tls_host=https.reached_at,
        tls_port=https.port,
        closed_ports=tuple(dict.fromkeys((http.port, https.port))),
        key_pins=(tls.key_pin(),),
        media=partial(media_routes, settings.sfu),
    )


def _port(base: str) -> int:
    _, _, port = base.partition("/")[0].partition(":")
    return int(port) if port else _HTTPS_PORT


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
