"""How a request finds its handler."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import Enum
from typing import Any

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from reelkit.rooms.peer import Peer
from reelkit.rooms.room import Room


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply whose event number is not the request's."""

    event: int
    message: Message


Handler = Callable[[Room, Peer, Any], Awaitable[Message | Reply | None]]
"""Answers one request: the reply's payload, or None where the protocol has no reply."""

EMPTY = Empty()
"""A reply that says nothing but that it was done."""


class Need(Enum):
    """What a peer must have done before it may ask."""

    NOTHING = "nothing"
    JOINED = "joined"


class LaneName(Enum):
    """What a request must not overtake: others about the same PeerConnection, or about the room."""

    ROOM = "room"
    SEND = "send"
    RECEIVE = "receive"


@dataclass(frozen=True, slots=True)
class Route:
    """One event number's entry."""

    request: type[Message]
    handle: Handler
    need: Need = Need.JOINED
    lane: LaneName | Callable[[Any], LaneName] = LaneName.ROOM

    def lane_of(self, request: Message) -> LaneName:
        return self.lane if isinstance(self.lane, LaneName) else self.lane(request)


Routes = dict[int, Route]
