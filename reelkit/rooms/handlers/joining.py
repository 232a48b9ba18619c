"""Entering and leaving, and what a client asks on its way in."""

import asyncio

import structlog
from google.protobuf.empty_pb2 import Empty

from reelkit.rooms import membership, recording_notices
from reelkit.rooms.errors import MalformedMessage
from reelkit.rooms.events import MediaEvent, PluginEvent, RoomEvent
from reelkit.rooms.handlers.route import EMPTY, LaneName, Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import media_edge_pb2, plugin_pb2, room_pb2
from reelkit.rooms.room import Room

log = structlog.get_logger(__name__)

MAX_NAME_CHARS = 200
# A browser takes five to seven seconds to see that a PeerConnection is dead, and the SDK two more to make a new one. It
# waits 20 s for a reply.
SEND_TRANSPORT_TIMEOUT_S = 15.0


def checked_name(name: str) -> str:
    """A display name without surrounding space. Raises MalformedMessage."""
    stripped = name.strip()
    if not stripped or len(stripped) > MAX_NAME_CHARS or not stripped.isprintable():
        raise MalformedMessage("not a display name")
    return stripped


async def join_room(room: Room, peer: Peer, request: room_pb2.JoinRoomRequest) -> room_pb2.PeerInfoResponse:
    """The client may have let its user choose a name; everything else about them was decided at the admission."""
    chosen = request.peer.display_name
    may_choose = peer.permissions.can_edit_display_name
    name = checked_name(chosen) if may_choose and chosen.strip() else peer.admission.name
    if room.waiting_room.bars(peer):
        peer.require_rate()
        room.waiting_room.enter(peer, name)
    else:
        await membership.join(room, peer, name)
    return room_pb2.PeerInfoResponse(peer=peer.socket_peer())


async def leave_room(_room: Room, peer: Peer, _request: room_pb2.LeaveRoomRequest) -> room_pb2.PeerInfoResponse:
    """The peer is removed when its websocket closes."""
    peer.leaving = True
    return room_pb2.PeerInfoResponse(peer=peer.socket_peer())


async def get_room_info(room: Room, peer: Peer, _request: Empty) -> room_pb2.RoomInfoResponse:
    """What is recorded is nothing for those who are not let in yet; their clients ask again when they are."""
    return room_pb2.RoomInfoResponse(
        room=room_pb2.Room(
            room_id=room.meeting_id,
            title=room.title,
            created_at=int(room.started_at_s),
            active_recordings=[] if room.waiting_room.bars(peer) else recording_notices.active(room),
            room_uuid=room.session_id,
        )
    )


async def get_room_peers_info(
    room: Room, peer: Peer, request: room_pb2.RoomPeersInfoRequest
) -> room_pb2.RoomPeersInfoResponse:
    """Everybody, or a page of those whose names match; nobody for those who are not let in yet."""
    if room.waiting_room.bars(peer):
        return room_pb2.RoomPeersInfoResponse()
    search = request.search_query.casefold()
    peers = [each for each in room.joined_peers() if search in each.name.casefold()]
    first = max(request.offset, 0)
    stop = first + request.limit if request.limit > 0 else None
    return room_pb2.RoomPeersInfoResponse(peers=[each.socket_peer() for each in peers[first:stop]])


async def get_peer_info(room: Room, _peer: Peer, request: room_pb2.GetPeerInfoRequest) -> room_pb2.PeerInfoResponse:
    return room_pb2.PeerInfoResponse(peer=room.member(request.peer_id).socket_peer())


async def room_peer_count(room: Room, _peer: Peer, _request: Empty) -> room_pb2.RoomPeerCountResponse:
    return room_pb2.RoomPeerCountResponse(count=room.visible_peer_count)


async def get_connected_rooms(room: Room, _peer: Peer, _request: Empty) -> room_pb2.GetConnectedRoomsDumpResponse:
    """There are no breakout rooms; the SDK wants the meeting itself as their parent."""
    parent = room_pb2.ConnectedMeetingDump(id=room.meeting_id, title=room.title)
    return room_pb2.GetConnectedRoomsDumpResponse(parent_meeting=parent)


async def get_plugins(_room: Room, _peer: Peer, _request: Empty) -> plugin_pb2.EnablePluginsResponse:
    """No plugin is enabled; SDK 1.x asks whenever it joins."""
    return plugin_pb2.EnablePluginsResponse()


async def join_media_room(_room: Room, peer: Peer, _request: media_edge_pb2.PeerJoinRequest) -> Empty:
    """The client announces that it is about to set up its media."""
    peer.leaving = False
    return EMPTY


async def self_join_complete(
    room: Room, peer: Peer, _request: media_edge_pb2.PeerJoinCompleteRequest
) -> media_edge_pb2.PeerJoinCompleteResponse:
    """The client's media is up: it learns who sends what, and the others learn of it."""
    await _send_transport_is_there(peer)
    others = [each for each in room.media_peers(but=peer) if not each.hidden]
    peer.media_joined = True
    if not peer.hidden:
        joined = media_edge_pb2.PeerJoinBroadcastResponse(participant=peer.media_participant())
        room.push(MediaEvent.PEER_JOINED, joined, room.media_peers(but=peer))
    present = {each.id for each in others}
    speakers = [peer_id for peer_id in room.speakers.recent if peer_id in present]
    return media_edge_pb2.PeerJoinCompleteResponse(
        room_state=media_edge_pb2.GetRoomStateResponse(
            display_title=room.title,
            room_uuid=room.session_id,
            room_name=room.meeting_id,
            current_peer_id=peer.id,
            is_recording=room.capture.held,
            pinned_peer_ids=[room.pinned] if room.pinned is not None else [],
        ),
        participants=[each.media_participant() for each in others],
        selected_peers=media_edge_pb2.SelectedPeersResponse(
            audio_peers=[*speakers, *(each.id for each in others if each.id not in speakers)]
        ),
        max_preferred_streams=peer.preset.config.max_video_streams.desktop,
    )


async def _send_transport_is_there(peer: Peer) -> None:
    """A client that was cut off believes for some seconds that the PeerConnections live which the server has no more.

    Let in now it would fail to send and turn its microphone and camera off. The SDK makes new PeerConnections as soon
    as its browser has noticed, and waits for this reply meanwhile.
    """
    try:
        async with asyncio.timeout(SEND_TRANSPORT_TIMEOUT_S):
            await peer.send_arrived.wait()
    except TimeoutError:
        log.info("a peer joined the media room without a sending transport", peer_id=peer.id)


async def leave_media_room(
    room: Room, peer: Peer, _request: media_edge_pb2.PeerLeaveRequest
) -> media_edge_pb2.PeerLeaveResponse:
    """The SDK says so when its user leaves, and closes the websocket next."""
    peer.leaving = True
    await membership.leave_media(room, peer)
    return media_edge_pb2.PeerLeaveResponse(closed=False)


ROUTES: Routes = {
    RoomEvent.JOIN_ROOM: Route(room_pb2.JoinRoomRequest, join_room, Need.NOTHING),
    RoomEvent.LEAVE_ROOM: Route(room_pb2.LeaveRoomRequest, leave_room, Need.NOTHING),
    RoomEvent.GET_ROOM_INFO: Route(Empty, get_room_info, Need.NOTHING),
    RoomEvent.GET_ROOM_PEERS_INFO: Route(room_pb2.RoomPeersInfoRequest, get_room_peers_info, Need.NOTHING),
    RoomEvent.GET_PEER_INFO: Route(room_pb2.GetPeerInfoRequest, get_peer_info),
    RoomEvent.ROOM_PEER_COUNT: Route(Empty, room_peer_count, Need.NOTHING),
    RoomEvent.GET_CONNECTED_ROOMS_DUMP: Route(Empty, get_connected_rooms, Need.NOTHING),
    PluginEvent.GET_PLUGINS: Route(Empty, get_plugins, Need.NOTHING),
    MediaEvent.JOIN_ROOM: Route(media_edge_pb2.PeerJoinRequest, join_media_room, Need.NOTHING),
    # Not in the room's lane, as it may wait long, nor in that of what it waits for.
    MediaEvent.SELF_JOIN_COMPLETE: Route(
        media_edge_pb2.PeerJoinCompleteRequest, self_join_complete, lane=LaneName.RECEIVE
    ),
    MediaEvent.LEAVE_ROOM: Route(media_edge_pb2.PeerLeaveRequest, leave_media_room, Need.NOTHING, LaneName.ROOM),
}
