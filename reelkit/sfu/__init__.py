"""The selective forwarding unit: Janus as a supervised child process, and its videoroom as typed calls."""

from reelkit.sfu.connection import Connection
from reelkit.sfu.errors import (
    BadSdp,
    FeedNotReady,
    JanusNotStarted,
    RequestRefused,
    RoomNotFound,
    SfuError,
    SfuLost,
    SfuTimeout,
    Unauthorised,
    WrongState,
)
from reelkit.sfu.events import Connected, ConnectionEvent, HungUp, MediaChanged, SlowLink
from reelkit.sfu.publisher import Publisher
from reelkit.sfu.subscriber import Offer, StreamRef, SubscribedStream, Subscriber
from reelkit.sfu.supervisor import Sfu
from reelkit.sfu.videoroom import SfuRoom

__all__ = [
    "BadSdp",
    "Connected",
    "Connection",
    "ConnectionEvent",
    "FeedNotReady",
    "HungUp",
    "JanusNotStarted",
    "MediaChanged",
    "Offer",
    "Publisher",
    "RequestRefused",
    "RoomNotFound",
    "Sfu",
    "SfuError",
    "SfuLost",
    "SfuRoom",
    "SfuTimeout",
    "SlowLink",
    "StreamRef",
    "SubscribedStream",
    "Subscriber",
    "Unauthorised",
    "WrongState",
]
