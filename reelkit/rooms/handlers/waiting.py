"""The waiting room, from the side of those who may let others in. The SDK sends its wishes without awaiting a reply."""

from google.protobuf.empty_pb2 import Empty

from reelkit.rooms.errors import NotPermitted
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.handlers.route import Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import room_pb2
from reelkit.rooms.room import Room


async def get_requests(room: Room, peer: Peer, _request: Empty) -> room_pb2.GetWaitingRoomRequests:
    """Who waits; nobody for those who may not let them in."""
    if not peer.permissions.accept_waiting_requests:
        return room_pb2.GetWaitingRoomRequests()
    return room.waiting_room.requests()


async def accept(room: Room, peer: Peer, request: room_pb2.WaitingRoomUsers) -> None:
    _require(peer)
    room.waiting_room.accept(request.user_ids)


async def deny(room: Room, peer: Peer, request: room_pb2.WaitingRoomUsers) -> None:
    _require(peer)
    room.waiting_room.deny(request.user_ids)


def _require(peer: Peer) -> None:
    if not peer.permissions.accept_waiting_requests:
        raise NotPermitted("the preset does not allow letting others in")


ROUTES: Routes = {
    RoomEvent.GET_WAITING_ROOM_REQUESTS: Route(Empty, get_requests),
    RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS: Route(room_pb2.WaitingRoomUsers, accept),
    RoomEvent.DENY_WAITING_ROOM_REQUESTS: Route(room_pb2.WaitingRoomUsers, deny),
}
