"""What hosts may do to others, and names."""

from reelkit.capture.events import MediaKind, PeerRenamed
from reelkit.rooms import membership
from reelkit.rooms.errors import NotPermitted
from reelkit.rooms.events import MediaEvent, RoomEvent
from reelkit.rooms.handlers.joining import checked_name
from reelkit.rooms.handlers.producers import set_paused
from reelkit.rooms.handlers.route import Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from reelkit.rooms.room import Room

_DONE = "success"


def _require(allowed: bool, deed: str) -> None:
    if not allowed:
        raise NotPermitted(f"the preset does not allow {deed}")


async def kick(room: Room, peer: Peer, request: room_pb2.RemoveParticipantsRequest) -> None:
    """There is no reply: the SDK takes one for its own dismissal, as event numbers say what happened to the reader.

    It asks twice for each kick, so whoever is gone is no error.
    """
    _require(peer.permissions.kick_participant, "removing others")
    for peer_id in request.peer_ids:
        target = room.members.get(peer_id)
        if target is not None and target.joined:
            await membership.kick(room, target)


async def kick_all(room: Room, peer: Peer, _request: media_edge_pb2.KickAllPeersRequest) -> None:
    """There is no reply, as for a single kick; the host is sent away as well."""
    _require(peer.permissions.kick_participant, "removing others")
    await membership.kick_all(room)


async def kick_media_peer(
    room: Room, peer: Peer, request: media_edge_pb2.KickPeerRequest
) -> media_edge_pb2.KickPeerResponse:
    _require(peer.permissions.kick_participant, "removing others")
    await membership.kick(room, room.member(request.participant_id))
    return media_edge_pb2.KickPeerResponse(status=_DONE)


async def kick_all_media_peers(
    room: Room, peer: Peer, _request: media_edge_pb2.KickAllPeersRequest
) -> media_edge_pb2.KickAllPeersResponse:
    _require(peer.permissions.kick_participant, "removing others")
    await membership.kick_all(room)
    return media_edge_pb2.KickAllPeersResponse(status=_DONE)


async def mute_peer(
    room: Room, peer: Peer, request: media_edge_pb2.HostMediaControlForPeerRequest
) -> media_edge_pb2.HostMediaControlForPeerResponse:
    kinds = _muted_kinds(peer, audio=request.audio, video=request.video)
    _require_ending_screens(peer, request.screen_share)
    target = room.member(request.participant_id)
    _mute(room, target, kinds, initiator=peer)
    if request.screen_share:
        _end_screens(room, target)
    return media_edge_pb2.HostMediaControlForPeerResponse(status=_DONE)


async def mute_all(
    room: Room, peer: Peer, request: media_edge_pb2.HostMediaControlForAllPeerRequest
) -> media_edge_pb2.HostMediaControlForAllPeerResponse:
    """Everybody but the host."""
    kinds = _muted_kinds(peer, audio=request.audio, video=request.video)
    _require_ending_screens(peer, request.screen_share)
    for target in list(room.joined_peers(but=peer)):
        _mute(room, target, kinds, initiator=peer)
        if request.screen_share:
            _end_screens(room, target)
    return media_edge_pb2.HostMediaControlForAllPeerResponse(status=_DONE)


def _muted_kinds(peer: Peer, *, audio: bool, video: bool) -> set[MediaKind]:
    permissions = peer.permissions
    kinds: set[MediaKind] = set()
    if audio:
        _require(permissions.disable_participant_audio, "muting others")
        kinds.add(MediaKind.AUDIO)
    if video:
        _require(permissions.disable_participant_video, "turning off the video of others")
        kinds.add(MediaKind.VIDEO)
    return kinds


def _mute(room: Room, target: Peer, kinds: set[MediaKind], *, initiator: Peer) -> None:
    for producer in target.producers.values():
        if producer.kind in kinds and not producer.screen_share:
            set_paused(room, target, producer, paused=True, initiator=initiator)


def _require_ending_screens(peer: Peer, asked: bool) -> None:
    if asked:
        _require(peer.permissions.disable_participant_screensharing, "ending the screens of others")


def _end_screens(room: Room, target: Peer) -> None:
    """The SDK cannot be told to mute a screen: it is ended for everybody else, and the recording."""
    membership.close_producers(
        room, target, [producer for producer in target.producers.values() if producer.screen_share]
    )


async def pin(
    room: Room, peer: Peer, request: media_edge_pb2.GlobalPeerPinningRequest
) -> media_edge_pb2.GlobalPeerPinningResponse:
    """Pins a peer for everybody, or nobody if none is named."""
    _require(peer.permissions.pin_participant, "pinning")
    room.pinned = room.member(request.participant_id).id if request.participant_id else None
    pinned = media_edge_pb2.GlobalPeerPinningBroadcastResponse(participant_id=request.participant_id)
    room.push(MediaEvent.PEER_PINNED, pinned, room.media_peers())
    return media_edge_pb2.GlobalPeerPinningResponse()


async def change_name(
    room: Room, peer: Peer, request: media_edge_pb2.PeerDisplayNameEditRequest
) -> media_edge_pb2.PeerDisplayNameEditResponse:
    _rename(room, peer, request.participant_id, request.display_name)
    return media_edge_pb2.PeerDisplayNameEditResponse(status=_DONE)


async def update_peer_info(
    room: Room, peer: Peer, request: room_pb2.UpdatePeerInfoRequest
) -> room_pb2.PeerInfoResponse:
    if request.HasField("display_name"):
        _rename(room, peer, request.peer_id, request.display_name)
    return room_pb2.PeerInfoResponse(peer=peer.socket_peer())


def _rename(room: Room, peer: Peer, peer_id: str, name: str) -> None:
    _require(peer.permissions.can_edit_display_name and peer_id in ("", peer.id), "this new name")
    peer.require_rate()
    peer.name = checked_name(name)
    room.record(PeerRenamed(time_s=room.clock.time_s(), peer_id=peer.id, name=peer.name))
    edited = media_edge_pb2.PeerDisplayNameEditBroadcastResponse(participant_id=peer.id, display_name=peer.name)
    room.push(MediaEvent.DISPLAY_NAME_EDITED, edited, room.media_peers(but=peer))


ROUTES: Routes = {
    RoomEvent.KICK: Route(room_pb2.RemoveParticipantsRequest, kick),
    RoomEvent.KICK_ALL: Route(media_edge_pb2.KickAllPeersRequest, kick_all),
    RoomEvent.UPDATE_PEER_INFO: Route(room_pb2.UpdatePeerInfoRequest, update_peer_info),
    MediaEvent.KICK_PEER: Route(media_edge_pb2.KickPeerRequest, kick_media_peer),
    MediaEvent.KICK_ALL: Route(media_edge_pb2.KickAllPeersRequest, kick_all_media_peers),
    MediaEvent.HOST_CONTROL_PEER: Route(media_edge_pb2.HostMediaControlForPeerRequest, mute_peer),
    MediaEvent.HOST_CONTROL_ALL_PEERS: Route(media_edge_pb2.HostMediaControlForAllPeerRequest, mute_all),
    MediaEvent.GLOBAL_PIN_PEER: Route(media_edge_pb2.GlobalPeerPinningRequest, pin),
    MediaEvent.CHANGE_DISPLAY_NAME: Route(media_edge_pb2.PeerDisplayNameEditRequest, change_name),
}
