"""Which addresses lead to this very machine."""

import errno
import socket
from ipaddress import IPv4Address, IPv6Address


def is_own(address: IPv4Address | IPv6Address) -> bool:
    """Whether ``address`` is one of loopback or of an interface as they are now.

    The kernel is asked, by binding to it. Where the kernel is set to bind to any address
    (``net.ipv4.ip_nonlocal_bind``), every one counts as own.
    """
    address = unmapped(address)
    family = socket.AF_INET if isinstance(address, IPv4Address) else socket.AF_INET6
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as probe:
            probe.bind((str(address), 0))
    except OSError as error:
        # Whatever else is wrong does not prove that the address is somebody else's.
        return error.errno not in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}
    return True


def unmapped(address: IPv4Address | IPv6Address) -> IPv4Address | IPv6Address:
    """Where a connection to ``address`` leads: an IPv4-mapped IPv6 address (RFC 4291) is the IPv4 address in it."""
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address
