"""A bad network between clients and the SFU, for clients of any kind and without help from the kernel's netem.

Janus is told to stand at an address that leads into a TUN device. What clients send there comes out of the device, may
be lost or delayed, and goes back in with source and destination exchanged: each side takes the far end of the device
for the other. Only within a network namespace of its own, as scripts/netns.sh makes it: routes are
changed while it lasts.

with ImpairedLink() as link:
    async with Stack(environment=link.environment) as stack:
        link.impairment = Impairment(delay_s=0.05, jitter_s=0.01, loss=0.05)
"""

import fcntl
import heapq
import ipaddress
import itertools
import json
import os
import random
import select
import struct
import subprocess
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import NamedTuple, Self

DEVICE = "impaired0"
NEAR, FAR = ipaddress.IPv4Address("10.88.0.1"), ipaddress.IPv4Address("10.88.0.2")
RTP_PORTS = range(20_000, 21_000)
"""Janus'; the default of the settings."""

_SETUP = (
    f"address add {NEAR}/24 dev {DEVICE}",
    f"link set {DEVICE} up",
    # Both ends live on this machine and would find a way around the device: what is sent from here to the near end, and
    # did not come out of the device, goes nowhere.
    "rule add pref 10 lookup local",
    "rule del pref 0",
    f"rule add pref 1 iif lo to {NEAR} blackhole",
)
_TEARDOWN = ("rule del pref 1", "rule add pref 0 lookup local", "rule del pref 10")
_TUN = "/dev/net/tun"
_TUNSETIFF = 0x400454CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
_MTU_BYTES = 2_048
_UDP = 17
_LONGEST_WAIT_S = 0.1
_RTCP_TYPES = range(192, 224)


@dataclass(frozen=True)
class Impairment:
    """What happens to packets of both directions."""

    delay_s: float = 0.0
    """One way, at least."""
    jitter_s: float = 0.0
    """Standard deviation of a normal delay on top, of which only the size counts: packets overtake each other."""
    loss: float = 0.0
    """Probability for RTP and RTCP; ICE and DTLS are spared, whose timers would only make joining slow."""


class Datagram(NamedTuple):
    """A UDP packet on its way. For RTP ``payload_type`` and ``ssrc`` tell what it is, else they are None."""

    to_sfu: bool
    is_media: bool
    """RTP or RTCP."""
    payload_type: int | None
    ssrc: int | None
    sequence: int | None


Drop = Callable[[Datagram], bool]


class ImpairedLink:
    """A context manager that owns the device and a thread. ``impairment`` and ``drop``, which tells of single packets
    whether they are lost, may be set at any time. Raises OSError if the device cannot be made."""

    def __init__(self, impairment: Impairment | None = None, *, seed: int = 0) -> None:
        self.impairment = impairment or Impairment()
        self.drop: Drop | None = None
        self.passed = 0
        self.lost = 0
        self._draw = random.Random(seed)
        self._descriptor = -1
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="impaired-link", daemon=True)

    @property
    def environment(self) -> Mapping[str, str]:
        """Settings of a server whose clients shall come over this link."""
        return {"REELKIT_SFU__INTERFACES": json.dumps([str(NEAR)]), "REELKIT_SFU__PUBLIC_ADDRESS": str(FAR)}

    def __enter__(self) -> Self:
        self._descriptor = os.open(_TUN, os.O_RDWR | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            fcntl.ioctl(self._descriptor, _TUNSETIFF, struct.pack("16sH", DEVICE.encode(), _IFF_TUN | _IFF_NO_PI))
            _configure(_SETUP)
        except (OSError, subprocess.CalledProcessError) as error:
            os.close(self._descriptor)
            raise OSError(f"the network device {DEVICE} cannot be made") from error
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        worked = self._thread.is_alive()
        self._stop.set()
        self._thread.join()
        os.close(self._descriptor)
        _configure(_TEARDOWN)
        if not worked and error is None:
            raise RuntimeError("the thread of the impaired link ended early")

    def _run(self) -> None:
        queue: list[tuple[float, int, bytes]] = []
        numbers = itertools.count()
        while not self._stop.is_set():
            now_s = time.monotonic()
            while queue and queue[0][0] <= now_s:
                os.write(self._descriptor, heapq.heappop(queue)[2])
                self.passed += 1
            wait_s = min(_LONGEST_WAIT_S, queue[0][0] - now_s) if queue else _LONGEST_WAIT_S
            if not select.select([self._descriptor], [], [], max(0.0, wait_s))[0]:
                continue
            try:
                packet = os.read(self._descriptor, _MTU_BYTES)
            except BlockingIOError:
                continue
            due_s = self._due_s(packet)
            if due_s is not None:
                # Neither checksum changes: both are sums in which only the order of the terms does.
                heapq.heappush(queue, (due_s, next(numbers), packet[:12] + packet[16:20] + packet[12:16] + packet[20:]))

    def _due_s(self, packet: bytes) -> float | None:
        """When a packet of the device is to go on; None if it is lost, or none of the link's."""
        if packet[0] != 0x45 or packet[9] != _UDP or packet[12:16] != NEAR.packed or packet[16:20] != FAR.packed:
            return None
        datagram = _datagram(packet)
        impairment = self.impairment
        is_lost = datagram.is_media and self._draw.random() < impairment.loss
        if is_lost or (self.drop is not None and self.drop(datagram)):
            self.lost += 1
            return None
        return time.monotonic() + impairment.delay_s + abs(self._draw.gauss(0.0, impairment.jitter_s))


def _configure(commands: Iterable[str]) -> None:
    for command in commands:
        subprocess.run(["ip", *command.split()], check=True, capture_output=True)


def _datagram(packet: bytes) -> Datagram:
    """Reads the headers behind an IPv4 header without options; SRTP leaves those of RTP in the clear."""
    to_sfu = int.from_bytes(packet[22:24], "big") in RTP_PORTS
    payload = packet[28:]
    is_media = len(payload) >= 12 and payload[0] >> 6 == 2
    if not is_media or payload[1] in _RTCP_TYPES:
        return Datagram(to_sfu, is_media, None, None, None)
    return Datagram(
        to_sfu,
        is_media,
        payload[1] & 0x7F,
        int.from_bytes(payload[8:12], "big"),
        int.from_bytes(payload[2:4], "big"),
    )
