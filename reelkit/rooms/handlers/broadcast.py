"""Messages of applications to everybody or to some."""

import json

from google.protobuf.message import Message

from reelkit.capture.events import BroadcastSent
from reelkit.rooms.errors import MalformedMessage, NotPermitted, UnsupportedEvent
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.handlers.route import EMPTY, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import room_pb2
from reelkit.rooms.room import Room

SPOTLIGHT = "spotlight"


async def to_room(room: Room, peer: Peer, request: room_pb2.BroadcastMessage) -> room_pb2.BroadcastMessage:
    """To everybody, the sender included, as RealtimeKit documents it: the SDK takes the reply for the message."""
    peer.require_rate(request.ByteSize())
    _require_spotlight(peer, request)
    payload = _json_text(request.payload)
    room.record(BroadcastSent(time_s=room.clock.time_s(), peer_id=peer.id, message_type=request.type, payload=payload))
    room.push(RoomEvent.BROADCAST_MESSAGE, request, room.joined_peers(but=peer))
    return request


async def to_entity(room: Room, peer: Peer, request: room_pb2.BroadcastMessage) -> Message | None:
    """To the peers named, without a reply; or to meetings, of which only this one can be reached. Such messages are
    not for everybody and therefore not for the journal, unless they went to the whole meeting."""
    peer.require_rate(request.ByteSize())
    _require_spotlight(peer, request)
    payload = _json_text(request.payload)
    if request.broadcast_type == room_pb2.BROADCAST_TYPE_ROOMS:
        if set(request.ids) != {room.meeting_id}:
            raise UnsupportedEvent("messages to other meetings are not supported")
        room.record(
            BroadcastSent(time_s=room.clock.time_s(), peer_id=peer.id, message_type=request.type, payload=payload)
        )
        room.push(RoomEvent.BROADCAST_TO_ENTITY, request, room.joined_peers(but=peer))
        return EMPTY
    targets = set(request.ids)
    room.push(RoomEvent.BROADCAST_TO_ENTITY, request, (each for each in room.joined_peers() if each.id in targets))
    return None


def _require_spotlight(peer: Peer, request: room_pb2.BroadcastMessage) -> None:
    """What one client looks at, and all others are to look at: to the SDK it is a message like any other."""
    if request.type == SPOTLIGHT and not peer.permissions.can_spotlight:
        raise NotPermitted("the preset does not allow turning the view of others")


def _json_text(payload: bytes) -> str:
    """Raises MalformedMessage."""
    try:
        text = payload.decode()
        json.loads(text)
    except ValueError as error:
        raise MalformedMessage("the message is not JSON") from error
    return text


ROUTES: Routes = {
    RoomEvent.BROADCAST_MESSAGE: Route(room_pb2.BroadcastMessage, to_room),
    RoomEvent.BROADCAST_TO_ENTITY: Route(room_pb2.BroadcastMessage, to_entity),
}
