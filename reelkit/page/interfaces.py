"""Network interfaces of an empty network: loopback, and one that leads nowhere.

A browser that finds nothing but loopback tells its pages that there is no network (``navigator.onLine``), and those
that play meetings then wait for one.
"""

import fcntl
import socket
import struct
from contextlib import suppress
from pathlib import Path

_KINDS = (("dummy", ()), ("veth", ("veth0",)))
"""Kinds of interfaces that lead nowhere, the first one that the kernel has is made. Of a pair the other end, whose name
the kernel gives, stays in the same network."""
_NAME = "nowhere"
_ADDRESS = "192.0.2.1"
"""For documentation only (RFC 5737)."""
_ALONE = "255.255.255.255"
"""There is no route to anything from it."""
_SIOCGIFFLAGS, _SIOCSIFFLAGS = 0x8913, 0x8914
_IFF_UP = 0x1
_SIOCSIFADDR, _SIOCSIFNETMASK = 0x8916, 0x891C
_FLAGS = struct.Struct("16sH22x")
_FAMILY_ADDRESS = struct.Struct("16sH2x4s16x")
"""Both are struct ifreq of netdevice(7)."""
_RTM_NEWLINK = 16
_NLM_F_REQUEST, _NLM_F_ACK, _NLM_F_EXCL, _NLM_F_CREATE = 0x1, 0x4, 0x200, 0x400
_NLMSG_ERROR = 2
_IFLA_IFNAME, _IFLA_LINKINFO, _IFLA_INFO_KIND = 3, 18, 1
_HEADER = struct.Struct("=IHHII")
_IFINFOMSG = struct.Struct("=BxHiII")
_ATTRIBUTE = struct.Struct("=HH")
_ERROR = struct.Struct("=i")
_ANSWER_BYTES = 8_192


_IPV6_SWITCH = "/proc/sys/net/ipv6/conf/{}/disable_ipv6"


def loopback_up() -> None:
    """Raises OSError."""
    _up("lo")


def lead_nowhere() -> None:
    """Makes an interface with an address that is nobody's. Raises OSError if the kernel has none that would do."""
    failure: OSError | None = None
    for kind, peers in _KINDS:
        try:
            _make(kind, _NAME)
        except OSError as error:
            failure = error
            continue
        _give_address(_NAME)
        for name in (_NAME, *peers):
            _without_ipv6(name)
            _up(name)
        return
    if failure is not None:
        raise failure


def _without_ipv6(name: str) -> None:
    """The kernel would give it an address seconds later, and a browser takes a new address for another network and
    gives up what it is loading."""
    with suppress(OSError):  # A kernel without IPv6 has no such switch.
        Path(_IPV6_SWITCH.format(name)).write_text("1")


def _up(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        answer = fcntl.ioctl(any_socket, _SIOCGIFFLAGS, _FLAGS.pack(name.encode(), 0))
        _, flags = _FLAGS.unpack(answer)
        fcntl.ioctl(any_socket, _SIOCSIFFLAGS, _FLAGS.pack(name.encode(), flags | _IFF_UP))


def _give_address(name: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        for request, address in ((_SIOCSIFADDR, _ADDRESS), (_SIOCSIFNETMASK, _ALONE)):
            packed = _FAMILY_ADDRESS.pack(name.encode(), socket.AF_INET, socket.inet_aton(address))
            fcntl.ioctl(any_socket, request, packed)


def _make(kind: str, name: str) -> None:
    """As rtnetlink(7) has it."""
    info = _attribute(_IFLA_INFO_KIND, kind.encode())
    body = (
        _IFINFOMSG.pack(socket.AF_UNSPEC, 0, 0, 0, 0)
        + _attribute(_IFLA_IFNAME, name.encode() + b"\0")
        + _attribute(_IFLA_LINKINFO, info)
    )
    flags = _NLM_F_REQUEST | _NLM_F_ACK | _NLM_F_EXCL | _NLM_F_CREATE
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as kernel:
        kernel.send(_HEADER.pack(_HEADER.size + len(body), _RTM_NEWLINK, flags, 1, 0) + body)
        answer = kernel.recv(_ANSWER_BYTES)
    _, answered, _, _, _ = _HEADER.unpack_from(answer)
    (error,) = _ERROR.unpack_from(answer, _HEADER.size)
    if answered != _NLMSG_ERROR or error != 0:
        raise OSError(-error, f"the kernel makes no interface of kind {kind}")


def _attribute(kind: int, value: bytes) -> bytes:
    size = _ATTRIBUTE.size + len(value)
    return _ATTRIBUTE.pack(size, kind) + value + b"\0" * (-size % 4)
