"""What happens to a PeerConnection, as Janus tells it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from reelkit.sfu.wire import Message


@dataclass(frozen=True, slots=True)
class Connected:
    """ICE and DTLS are up."""


@dataclass(frozen=True, slots=True)
class HungUp:
    """The PeerConnection is closed and cannot be used again."""

    reason: str


@dataclass(frozen=True, slots=True)
class MediaChanged:
    """Packets of one m-line began to come in, or none came for two seconds."""

    mid: str
    kind: Literal["audio", "video"]
    receiving: bool


@dataclass(frozen=True, slots=True)
class SlowLink:
    """Packets are being lost: ``uplink`` on the way to Janus, else on the way to the client."""

    mid: str
    uplink: bool
    lost_packets: int


ConnectionEvent = Connected | HungUp | MediaChanged | SlowLink
ConnectionListener = Callable[[ConnectionEvent], None]


def connection_event(message: Message) -> ConnectionEvent | None:
    """The event that ``message`` tells of, or None if it tells of none."""
    match message.janus:
        case "webrtcup":
            return Connected()
        case "hangup":
            return HungUp(message.reason or "unknown")
        case "media" if message.mid is not None:
            return MediaChanged(message.mid, "video" if message.kind == "video" else "audio", message.receiving)
        case "slowlink" if message.mid is not None:
            return SlowLink(message.mid, message.uplink, message.lost)
        case _:
            return None
