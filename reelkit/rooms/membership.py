"""Coming and going: sockets that drop and return, joins, leaves, kicks."""

import asyncio
import re
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING

from reelkit.capture.events import MediaKind, PeerJoined, PeerLeft, PeerStageChanged, ProducerClosed
from reelkit.rooms.admission import Admission
from reelkit.rooms.connection import CloseCode, Connection
from reelkit.rooms.errors import LimitExceeded, PeerRefused
from reelkit.rooms.events import MediaEvent, PresetEvent, RoomEvent
from reelkit.rooms.peer import Peer
from reelkit.rooms.producer import Producer
from reelkit.rooms.proto import media_edge_pb2, preset_pb2, room_pb2
from reelkit.rooms.stage import Stage
from reelkit.sfu import Connection as SfuConnection
from reelkit.sfu import SfuError

if TYPE_CHECKING:
    from reelkit.rooms.room import Room

# A kicked client says goodbye by itself; one that does not is cut off after this.
KICK_GRACE_S = 5.0
# The SDK makes a UUID; it becomes a part of packet files' names.
_PEER_ID = re.compile(r"[A-Za-z0-9-]{1,64}")


def attach(room: "Room", admission: Admission, connection: Connection) -> Peer:
    """Lets a websocket in, as a new peer or as one whose socket dropped. Raises PeerRefused and LimitExceeded.

    A peer who returns keeps its PeerConnections. Its client has forgotten what it sent and will send it anew, so its
    producers are closed for the others.
    """
    if _PEER_ID.fullmatch(admission.peer_id) is None:
        raise PeerRefused("not a peer id")
    peer = room.members.get(admission.peer_id)
    owner = peer.admission.participant_id if peer is not None else room.owners.get(admission.peer_id)
    if owner not in {None, admission.participant_id}:
        # Peer ids are known to everybody in the meeting: they are no proof of identity. Those of peers who have left
        # still tell in the book of sessions and in captures who was there.
        raise PeerRefused("the peer id belongs to somebody else")
    changes = room.changed_permissions.in_words(admission.participant_id)
    if peer is None:
        _require_place(room, admission)
        peer = Peer(admission, room.tasks, room.clock)
        if changes:
            peer.change(changes)
        room.members[peer.id] = peer
    else:
        room.log.info("a peer is back", peer_id=peer.id)
        was_on_stage = peer.stage is Stage.ON
        peer.admit_again(admission, changes)
        if peer.joined and was_on_stage is not (peer.stage is Stage.ON):
            record_stage(room, peer)
            room.push(RoomEvent.PEER_STAGE_STATUS_UPDATE, peer.stage_status(), room.joined_peers(but=peer))
        _resume(room, peer)
    peer.connection = connection
    room.life.keep_alive_for(admission.session_keep_alive_s)
    room.life.reconsider()
    return peer


def _require_place(room: "Room", admission: Admission) -> None:
    """Whoever only waits takes nobody's place who joins, and nobody takes all places alone. Raises LimitExceeded."""
    devices = sum(peer.admission.participant_id == admission.participant_id for peer in room.members.values())
    if devices >= room.settings.max_devices:
        raise LimitExceeded(f"the participant is there with {devices} devices, which is the limit (rooms.max_devices)")
    _require_not_full(room)
    if sum(not peer.joined for peer in room.members.values()) >= room.settings.max_peers:
        raise LimitExceeded("too many wait to get in (rooms.max_peers)")


def _require_not_full(room: "Room") -> None:
    if sum(1 for _ in room.joined_peers()) >= room.settings.max_peers:
        raise LimitExceeded("the meeting is full (rooms.max_peers)")


def record_stage(room: "Room", peer: Peer) -> None:
    """Puts into the journal whether a peer who has joined is on the stage."""
    room.record(PeerStageChanged(time_s=room.clock.time_s(), peer_id=peer.id, on_stage=peer.stage is Stage.ON))


def _resume(room: "Room", peer: Peer) -> None:
    if peer.grace is not None:
        peer.grace.cancel()
        peer.grace = None
    if peer.connection is not None:
        peer.connection.close(CloseCode.REPLACED)
    peer.leaving = False
    peer.media_joined = False
    close_producers(room, peer, list(peer.producers.values()))


async def detach(room: "Room", peer: Peer, connection: Connection, code: int) -> None:
    """A websocket has closed. The peer is removed, or waited for if it may come back."""
    if peer.removed or peer.connection is not connection:
        return
    peer.connection = None
    if peer.leaving or not peer.joined or code in (CloseCode.NORMAL, CloseCode.GOING_AWAY):
        await remove(room, peer)
        return
    room.log.info("a peer's socket dropped", peer_id=peer.id, close_code=int(code))
    peer.grace = room.tasks.spawn(_await_return(room, peer), "grace")
    close_producers(room, peer, [producer for producer in peer.producers.values() if not producer.receiving])


async def _await_return(room: "Room", peer: Peer) -> None:
    await room.clock.sleep(room.settings.reconnect_grace_s)
    await remove(room, peer)


async def join(room: "Room", peer: Peer, name: str) -> None:
    """Brings a peer into the session. One who joined before and returned stays joined; nobody is told again.

    Raises LimitExceeded, PeerRefused and RoomClosed.
    """
    if peer.joined:
        return
    peer.name = name
    await room.life.begin()
    if peer.removed:
        raise PeerRefused("the peer has gone")
    # It was not when the client connected, but others have joined since.
    _require_not_full(room)
    peer.joined_at_s = room.clock.time_s()
    admission = peer.admission
    room.owners[peer.id] = admission.participant_id
    room.record(
        PeerJoined(
            time_s=peer.joined_at_s,
            peer_id=peer.id,
            participant_id=admission.participant_id,
            name=name,
            custom_participant_id=admission.custom_participant_id,
            picture=admission.picture,
            hidden=peer.hidden,
            on_stage=peer.stage is Stage.ON,
        )
    )
    room.ended_by_host = False
    room.life.reconsider()
    info = room_pb2.PeerInfoResponse(peer=peer.socket_peer())
    room.push(RoomEvent.JOIN_ROOM, info, room.joined_peers(but=peer))
    room.waiting_room.joined(peer)
    if (patch := room.changed_permissions.of(admission.participant_id)) is not None:
        # The client has read the preset as it is for everybody.
        item = preset_pb2.UpdatePeerPreset(user_ids=admission.participant_id, patch=patch)
        peer.push(PresetEvent.UPDATE_USER_PRESET, preset_pb2.UpdatePeersPreset(update_peers_presets=[item]))
    room.log.info("a peer joined", peer_id=peer.id, hidden=peer.hidden)
    await room.observer.peer_joined(room, peer.info)


async def leave_media(room: "Room", peer: Peer) -> None:
    """Ends what a peer sends and receives."""
    for connection in _drop_media(room, peer):
        await give_up(room, connection)


def _drop_media(room: "Room", peer: Peer) -> list[SfuConnection]:
    """Tells the others that a peer's media is gone; returns what is left to be given up."""
    close_producers(room, peer, list(peer.producers.values()))
    if peer.media_joined:
        peer.media_joined = False
        if not peer.hidden:
            gone = media_edge_pb2.PeerLeaveBroadcastResponse(participant_id=peer.id)
            room.push(MediaEvent.PEER_LEFT, gone, room.media_peers(but=peer))
    room.speakers.remove(peer)
    connections: list[SfuConnection] = []
    if peer.send is not None:
        connections.append(peer.send.publisher)
    if peer.receive is not None:
        connections.append(peer.receive.subscriber)
    peer.set_send(None)
    peer.receive = None
    return connections


async def give_up(room: "Room", connection: SfuConnection) -> None:
    """Ends a PeerConnection in the SFU."""
    try:
        await connection.detach()
    except SfuError as error:
        room.log.warning("a PeerConnection could not be given up", error=str(error))


def close_producers(room: "Room", peer: Peer, producers: Iterable[Producer]) -> None:
    """Forgets tracks of a peer and tells the others."""
    for producer in producers:
        if peer.producers.pop(producer.producer_id, None) is None:
            continue
        room.record(ProducerClosed(time_s=room.clock.time_s(), producer_id=producer.producer_id))
        if producer.kind is MediaKind.AUDIO:
            room.speakers.hush(peer)
        closed = media_edge_pb2.PeerProducerCloseBroadcastResponse(
            participant_id=peer.id, producer_state=producer.state()
        )
        room.push(MediaEvent.PRODUCER_CLOSED, closed, room.media_peers(but=peer))


async def remove(room: "Room", peer: Peer) -> None:
    """Takes a peer out of the room for good; once. Its websocket may still be open, but nothing more is done for it."""
    if peer.removed:
        return
    peer.removed = True
    room.members.pop(peer.id, None)
    room.waiting_room.left(peer)
    if peer.grace is not None and peer.grace is not asyncio.current_task():
        peer.grace.cancel()
    for lane in (peer.room_lane, peer.send_lane, peer.receive_lane):
        lane.cancel()
    connections = _drop_media(room, peer)
    if peer.joined:
        room.record(PeerLeft(time_s=room.clock.time_s(), peer_id=peer.id))
        info = room_pb2.PeerInfoResponse(peer=peer.socket_peer())
        room.push(RoomEvent.LEAVE_ROOM, info, room.joined_peers())
        if room.pinned == peer.id:
            room.pinned = None
        room.log.info("a peer left", peer_id=peer.id)
    try:
        for connection in connections:
            await give_up(room, connection)
        if peer.joined:
            await room.observer.peer_left(room, peer.info)
    finally:
        room.life.reconsider()


async def kick(room: "Room", peer: Peer, *, event: RoomEvent = RoomEvent.KICK) -> None:
    """Sends a peer away. Its client leaves by itself when it hears of it, and is cut off if it does not."""
    connection = peer.connection
    room.waiting_room.removed(peer)
    peer.push(event, room_pb2.PeerInfoResponse(peer=peer.socket_peer()))
    if connection is not None:
        room.tasks.spawn(_cut_off(room, connection), "cut-off")
    await remove(room, peer)


async def _cut_off(room: "Room", connection: Connection) -> None:
    try:
        await room.clock.sleep(KICK_GRACE_S)
    finally:
        connection.close(CloseCode.NORMAL)


async def kick_some(room: "Room", peers: Collection[Peer]) -> None:
    """Sends some away, as a host would: with the last whom others can see the meeting is over."""
    stays = any(not peer.hidden for peer in room.joined_peers() if peer not in peers)
    if not stays and any(not peer.hidden for peer in peers):
        room.ended_by_host = True
    for peer in peers:
        await kick(room, peer)


async def kick_all(room: "Room") -> None:
    """Sends everybody away: the meeting is over."""
    room.ended_by_host = True
    for peer in list(room.joined_peers()):
        await kick(room, peer, event=RoomEvent.KICK_ALL)
