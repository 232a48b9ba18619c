"""Permissions that somebody in the meeting changes for others, for as long as the session lasts."""

import json

from google.protobuf.message import Message
from google.protobuf.unknown_fields import UnknownFieldSet

from reelkit.rooms import membership
from reelkit.rooms.errors import MalformedMessage, NotPermitted, UnsupportedEvent
from reelkit.rooms.events import PresetEvent
from reelkit.rooms.handlers.route import Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import preset_pb2
from reelkit.rooms.room import Room

# The SDK names everybody of a meeting at once.
MAX_UPDATES = 500


async def update(room: Room, peer: Peer, request: preset_pb2.UpdatePeersPreset) -> preset_pb2.UpdatePeersPreset:
    """Changes chat, polls, media and renaming of others. What gives power over others, or over recordings, is for the
    API alone. The reply is the request: the SDK reads there what was changed."""
    _require(peer)
    peer.require_rate(request.ByteSize())
    if len(request.update_peers_presets) > MAX_UPDATES:
        raise MalformedMessage("too many changes at once")
    for item in request.update_peers_presets:
        _require_known(item.patch)
    for item in request.update_peers_presets:
        # Also those who wait or are on their way in.
        targets = [each for each in room.members.values() if each.admission.participant_id == item.user_ids]
        if targets:
            room.changed_permissions.add(item.user_ids, item.patch)
        for target in targets:
            target.change(room.changed_permissions.in_words(item.user_ids))
            _stop_what_is_forbidden(room, target)
            target.push(PresetEvent.UPDATE_USER_PRESET, preset_pb2.UpdatePeersPreset(update_peers_presets=[item]))
    return request


async def read(
    room: Room, peer: Peer, request: preset_pb2.ReadPeersPresetRequest
) -> preset_pb2.ReadPeersPresetResponse:
    """What others may do now."""
    _require(peer)
    peer.require_rate()
    return preset_pb2.ReadPeersPresetResponse(
        peer_presets=[
            preset_pb2.PeerPreset(
                user_id=user_id, peer_id=target.id, preset=json.dumps(target.preset.as_json()).encode()
            )
            for user_id in dict.fromkeys(request.user_ids)
            for target in _peers(room, user_id)[:1]
        ]
    )


def _require(peer: Peer) -> None:
    if not peer.permissions.can_change_participant_permissions:
        raise NotPermitted("the preset does not allow changing the permissions of others")


def _peers(room: Room, user_id: str) -> list[Peer]:
    return [each for each in room.joined_peers() if each.admission.participant_id == user_id]


def _stop_what_is_forbidden(room: Room, peer: Peer) -> None:
    forbidden = [producer for producer in peer.producers.values() if not peer.may_send(producer.source)]
    membership.close_producers(room, peer, forbidden)


def _require_known(message: Message) -> None:
    """Raises UnsupportedEvent if a patch says more than can be changed here."""
    if len(UnknownFieldSet(message)) > 0:
        raise UnsupportedEvent("in a meeting only polls, chat, media and can_edit_display_name can be changed")
    for _, value in message.ListFields():
        if isinstance(value, Message):
            _require_known(value)


ROUTES: Routes = {
    PresetEvent.UPDATE_USER_PRESET: Route(preset_pb2.UpdatePeersPreset, update),
    PresetEvent.GET_USER_PRESETS: Route(preset_pb2.ReadPeersPresetRequest, read),
}
