"""A network that leads nowhere, and the one socket that is listened on there.

A socket belongs to the network it was made in: whoever is handed the listening one accepts connections from a network
that itself it never enters.
"""

import os
import socket
from pathlib import Path

from reelkit.page.interfaces import loopback_up
from reelkit.page.linux import CLONE_NEWNET, CLONE_NEWUSER, unshare

LOOPBACK_HOST = "127.0.0.1"
_BACKLOG = 512
"""A page may open hundreds of connections at once."""


def enter_network() -> None:
    """Moves this process into a new, empty network, as one with CAP_SYS_ADMIN may. Raises OSError."""
    unshare(CLONE_NEWNET)
    loopback_up()


def enter_network_and_users() -> None:
    """The same for a process without rights: inside a new user namespace, where it keeps its ids. Raises OSError."""
    uid, gid = os.geteuid(), os.getegid()
    unshare(CLONE_NEWUSER | CLONE_NEWNET)
    map_ids(uid, gid)
    loopback_up()


def map_ids(uid: int, gid: int) -> None:
    """In a new user namespace: both ids mean what they mean outside. Raises OSError."""
    # Without the first a process without rights may not write the second.
    Path("/proc/self/setgroups").write_text("deny")
    Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")


def listen() -> socket.socket:
    """A socket that listens on a free port of loopback. Raises OSError."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listener.bind((LOOPBACK_HOST, 0))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener
