"""Where Janus takes media, for those who have to let somebody through to it.

Janus tells its addresses only inside the answers to clients. It takes them from the machine's interfaces anew for every
PeerConnection (``janus_ice_setup_local`` in its ice.c), and so does this, by the same rules. The ports are
``sfu.rtp_port_min`` to ``sfu.rtp_port_max``, for UDP and TCP alike.
"""

import ctypes
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from reelkit.settings import SfuSettings

_LIBC = ctypes.CDLL(None, use_errno=True)
# Flags of an interface, as netdevice(7) has them.
_IFF_UP, _IFF_LOOPBACK, _IFF_RUNNING = 0x1, 0x8, 0x40


@dataclass(frozen=True, slots=True)
class InterfaceAddress:
    """An IPv4 address of an interface that is up. Janus takes no others unless it is told to."""

    interface: str
    address: str


def media_addresses(settings: SfuSettings) -> list[str]:
    """The numeric addresses of Janus' candidates: those of its interfaces and ``public_address``.

    Raises OSError if the interfaces cannot be listed.
    """
    return list(media_routes(settings))


def media_routes(settings: SfuSettings) -> dict[str, str]:
    """For each of the ``media_addresses`` the address of this machine to connect to.

    It is the same address; for ``public_address`` it is the first one behind the NAT, because a NAT need not lead back
    in. The port stays. Raises OSError.
    """
    own = [each.address for each in offered(interface_addresses(), settings)]
    public = [address.strip() for address in (settings.public_address or "").split(",")]
    return {address: own[0] for address in public if address and own} | {address: address for address in own}


def offered(addresses: Iterable[InterfaceAddress], settings: SfuSettings) -> list[InterfaceAddress]:
    """Those that Janus takes with ``sfu.interfaces``, where it compares beginnings: ``eth`` is eth0 and eth1."""
    wanted = tuple(name for name in settings.interfaces if name)
    return [
        each for each in addresses if not wanted or each.interface.startswith(wanted) or each.address.startswith(wanted)
    ]


def interface_addresses() -> list[InterfaceAddress]:
    """The machine's IPv4 addresses but loopback (getifaddrs(3)). Raises OSError."""
    first = ctypes.POINTER(_Entry)()
    if _LIBC.getifaddrs(ctypes.byref(first)) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"the interfaces cannot be listed: {os.strerror(number)}")
    try:
        return [
            InterfaceAddress(entry.name.decode(), socket.inet_ntoa(bytes(entry.address.contents.ipv4)))
            for entry in _entries(first)
            if entry.flags & (_IFF_UP | _IFF_RUNNING | _IFF_LOOPBACK) == _IFF_UP | _IFF_RUNNING
            if entry.address and entry.address.contents.family == socket.AF_INET
        ]
    finally:
        _LIBC.freeifaddrs(first)


class _SocketAddress(ctypes.Structure):
    """The beginning of ``struct sockaddr_in`` (ip(7))."""

    _fields_ = (("family", ctypes.c_ushort), ("port", ctypes.c_ushort), ("ipv4", ctypes.c_ubyte * 4))


class _Entry(ctypes.Structure):
    """The beginning of ``struct ifaddrs``."""


_Entry._fields_ = (
    ("next", ctypes.POINTER(_Entry)),
    ("name", ctypes.c_char_p),
    ("flags", ctypes.c_uint),
    ("address", ctypes.POINTER(_SocketAddress)),
)


def _entries(first: "ctypes._Pointer[_Entry]") -> Iterator[_Entry]:
    entry = first
    while entry:
        yield entry.contents
        entry = entry.contents.next
