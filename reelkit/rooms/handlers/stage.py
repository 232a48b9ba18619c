"""The stage: asking for it, calling people onto it, going and leaving."""

from google.protobuf.empty_pb2 import Empty

from reelkit.rooms import membership
from reelkit.rooms.errors import NotPermitted, WrongState
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.handlers.route import Reply, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.preset import CanProduce
from reelkit.rooms.proto import room_pb2, stage_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.stage import Stage


async def get_peers(room: Room, _peer: Peer, _request: Empty) -> stage_pb2.GetStagePeersResponse:
    return stage_pb2.GetStagePeersResponse(stage_peers=_at(room, Stage.ON))


async def get_state(room: Room, _peer: Peer, _request: Empty) -> room_pb2.GetRoomStageStateResponse:
    return room_pb2.GetRoomStageStateResponse(
        on_stage_peers=_at(room, Stage.ON),
        approved_stage_peers=_at(room, Stage.APPROVED),
        requested_stage_peers=_at(room, Stage.REQUESTED),
    )


async def get_requests(room: Room, peer: Peer, _request: Empty) -> stage_pb2.GetStageRequestsResponse:
    """Who asks for the stage; nobody for those who do not decide about it."""
    return _requests(room) if peer.preset.accepts_on_stage else stage_pb2.GetStageRequestsResponse()


async def request_access(room: Room, peer: Peer, _request: Empty) -> None:
    """The SDK expects no reply to this one, nor to the next three."""
    peer.require_rate()
    if not peer.preset.has_stage or peer.preset.stage_access is not CanProduce.CAN_REQUEST:
        raise NotPermitted("the preset does not allow asking for the stage")
    if peer.stage is Stage.OFF:
        _move(room, peer, Stage.REQUESTED)
        _tell_requests(room)


async def cancel_request(room: Room, peer: Peer, _request: Empty) -> None:
    peer.require_rate()
    if peer.stage in (Stage.REQUESTED, Stage.APPROVED):
        _move(room, peer, Stage.OFF)
        _tell_requests(room)


async def grant(room: Room, peer: Peer, request: stage_pb2.StageUsers) -> None:
    """Calls people onto the stage, also some who did not ask; nobody whose preset keeps them off it."""
    _require_deciding(peer)
    for target in _named(room, request):
        if target.stage in (Stage.OFF, Stage.REQUESTED) and target.preset.stage_access is not CanProduce.NOT_ALLOWED:
            _move(room, target, Stage.APPROVED)
            target.push(RoomEvent.GRANT_STAGE_ACCESS, Empty())
    _tell_requests(room)


async def deny(room: Room, peer: Peer, request: stage_pb2.StageUsers) -> None:
    _require_deciding(peer)
    for target in _named(room, request):
        if target.stage in (Stage.REQUESTED, Stage.APPROVED):
            _move(room, target, Stage.OFF)
            target.push(RoomEvent.DENY_STAGE_ACCESS, Empty())
    _tell_requests(room)


async def join(room: Room, peer: Peer, _request: Empty) -> Reply:
    """Goes onto the stage, when called or by right. The reply bears the number of the news that the others get."""
    peer.require_rate()
    if not peer.preset.has_stage:
        raise WrongState("the meeting has no stage for the participant")
    if peer.stage is not Stage.ON:
        if peer.stage is not Stage.APPROVED and peer.preset.stage_access is not CanProduce.ALLOWED:
            raise NotPermitted("the participant was not called onto the stage")
        _move(room, peer, Stage.ON)
    return Reply(RoomEvent.PEER_STAGE_STATUS_UPDATE, peer.stage_status())


async def leave(room: Room, peer: Peer, request: stage_pb2.StageUsers) -> Reply:
    """Leaves the stage, or sends others from it. Only the reply to one's own leaving bears the number of the news."""
    peer.require_rate()
    if set(request.user_ids) <= {peer.admission.participant_id}:
        if peer.preset.has_stage and peer.stage is not Stage.OFF:
            _move(room, peer, Stage.OFF)
        return Reply(RoomEvent.PEER_STAGE_STATUS_UPDATE, peer.stage_status())
    _require_deciding(peer)
    for target in _named(room, request):
        if target.preset.has_stage and target.stage is not Stage.OFF:
            _move(room, target, Stage.OFF)
            target.push(RoomEvent.PEER_STAGE_STATUS_UPDATE, target.stage_status())
    return Reply(RoomEvent.LEAVE_STAGE, Empty())


def _move(room: Room, peer: Peer, stage: Stage) -> None:
    """Moves a peer and tells the others. Whoever is off the stage sends nothing more, whatever the client does."""
    leaves = peer.stage is Stage.ON
    if leaves:
        membership.close_producers(room, peer, list(peer.producers.values()))
    peer.stage = stage
    if leaves or stage is Stage.ON:
        membership.record_stage(room, peer)
    room.push(RoomEvent.PEER_STAGE_STATUS_UPDATE, peer.stage_status(), room.joined_peers(but=peer))


def _tell_requests(room: Room) -> None:
    deciding = (peer for peer in room.joined_peers() if peer.preset.accepts_on_stage)
    room.push(RoomEvent.GET_STAGE_REQUESTS, _requests(room), deciding)


def _requests(room: Room) -> stage_pb2.GetStageRequestsResponse:
    return stage_pb2.GetStageRequestsResponse(
        stage_requests=[
            stage_pb2.StageRequest(display_name=peer.name, user_id=peer.admission.participant_id, peer_id=peer.id)
            for peer in room.joined_peers()
            if peer.stage is Stage.REQUESTED
        ]
    )


def _at(room: Room, stage: Stage) -> list[str]:
    return [peer.id for peer in room.joined_peers() if peer.stage is stage and not peer.hidden]


def _named(room: Room, request: stage_pb2.StageUsers) -> list[Peer]:
    wanted = set(request.user_ids)
    return [peer for peer in room.joined_peers() if peer.preset.has_stage and peer.admission.participant_id in wanted]


def _require_deciding(peer: Peer) -> None:
    if not peer.preset.accepts_on_stage:
        raise NotPermitted("the preset does not allow deciding about the stage")


ROUTES: Routes = {
    RoomEvent.GET_STAGE_PEERS: Route(Empty, get_peers),
    RoomEvent.GET_ROOM_STAGE_STATE: Route(Empty, get_state),
    RoomEvent.GET_STAGE_REQUESTS: Route(Empty, get_requests),
    RoomEvent.REQUEST_STAGE_ACCESS: Route(Empty, request_access),
    RoomEvent.CANCEL_STAGE_REQUEST: Route(Empty, cancel_request),
    RoomEvent.GRANT_STAGE_ACCESS: Route(stage_pb2.StageUsers, grant),
    RoomEvent.DENY_STAGE_ACCESS: Route(stage_pb2.StageUsers, deny),
    RoomEvent.JOIN_STAGE: Route(Empty, join),
    RoomEvent.LEAVE_STAGE: Route(stage_pb2.StageUsers, leave),
}
