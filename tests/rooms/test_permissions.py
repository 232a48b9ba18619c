"""Clients that ignore what their preset does not allow, and permissions that change in the meeting."""

import json

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.capture.events import ProducerClosed
from reelkit.rooms.events import ChatEvent, MediaEvent, PresetEvent, RoomEvent
from reelkit.rooms.proto import chat_pb2, media_edge_pb2, preset_pb2, room_pb2
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused
from tests.rooms.presets import preset

MANAGER = preset("manager", can_change_participant_permissions=True)
UPDATED = (PresetEvent.UPDATE_USER_PRESET, preset_pb2.UpdatePeersPreset)


async def say(client: FakeClient, payload_type: int = 0) -> None:
    request = chat_pb2.SendChatMessageToRoomRequest(payload_type=payload_type, payload="hello")
    await client.ask(ChatEvent.SEND_TO_ROOM, request, chat_pb2.SendChatMessageToRoomResponse)


async def change(client: FakeClient, target: FakeClient, patch: preset_pb2.PresetUpdates) -> None:
    item = preset_pb2.UpdatePeerPreset(user_ids=target.admission.participant_id, patch=patch)
    request = preset_pb2.UpdatePeersPreset(update_peers_presets=[item])
    await client.ask(PresetEvent.UPDATE_USER_PRESET, request, preset_pb2.UpdatePeersPreset)


async def test_chat_by_kind(meeting: FakeMeeting) -> None:
    for name, public, kinds in (
        ("mute", {"can_send": False}, (0, 1, 2)),
        ("wordless", {"text": False}, (0,)),
        ("plain", {"files": False}, (1, 2)),
    ):
        client = await meeting.joined(name, preset(chat={"public": public}))
        for kind in kinds:
            with pytest.raises(Refused, match="does not allow such a message"):
                await say(client, kind)


@pytest.mark.parametrize("kind", ["audio", "video", "screenshare"])
async def test_media_by_kind(meeting: FakeMeeting, kind: str) -> None:
    client = await meeting.joined("bob", preset(media={kind: {"can_produce": "NOT_ALLOWED"}}))
    with pytest.raises(Refused, match="does not allow sending"):
        await client.produce("audio" if kind == "audio" else "video", screen_share=kind == "screenshare")


async def test_a_name_that_may_not_be_chosen(meeting: FakeMeeting) -> None:
    client = await meeting.connect("bob", preset(can_edit_display_name=False))
    client.name = "boss"
    await client.join()
    assert [peer.name for peer in meeting.room.peers()] == ["bob"]


@pytest.mark.parametrize("event", [RoomEvent.BROADCAST_MESSAGE, RoomEvent.BROADCAST_TO_ENTITY])
async def test_the_spotlight(meeting: FakeMeeting, event: RoomEvent) -> None:
    message = room_pb2.BroadcastMessage(type="spotlight", payload=b"{}", ids=["peer-bob"])
    with pytest.raises(Refused, match="turning the view"):
        await (await meeting.joined("alice")).ask(event, message, Empty)
    bob = await meeting.joined("bob")
    host = await meeting.joined("host", preset(can_spotlight=True))
    await host.tell(event, message)
    assert len(bob.pushed(event, room_pb2.BroadcastMessage)) == 1


async def test_ending_the_screens_of_others(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice", preset(disable_participant_audio=True))
    bob = await meeting.joined("bob")
    await bob.produce("video", screen_share=True)
    request = media_edge_pb2.HostMediaControlForPeerRequest(participant_id=bob.id, screen_share=True)
    everybody = media_edge_pb2.HostMediaControlForAllPeerRequest(screen_share=True)
    response = media_edge_pb2.HostMediaControlForPeerResponse
    for event, body in ((MediaEvent.HOST_CONTROL_PEER, request), (MediaEvent.HOST_CONTROL_ALL_PEERS, everybody)):
        with pytest.raises(Refused, match="ending the screens"):
            await alice.ask(event, body, response)
    host = await meeting.joined("host", preset(disable_participant_screensharing=True))
    assert (await host.ask(MediaEvent.HOST_CONTROL_PEER, request, response)).status == "success"
    assert len(meeting.journalled(ProducerClosed)) == 1


async def test_permissions_change_in_the_meeting(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", MANAGER)
    bob = await meeting.joined("bob")
    await bob.produce("audio")
    laptop = await meeting.connect("bob", peer_id="laptop")
    patch = preset_pb2.PresetUpdates()
    patch.chat.public.can_send = False
    patch.media.audio.can_produce = preset_pb2.STREAM_PERMISSION_TYPE_NOT_ALLOWED
    await change(host, bob, patch)
    (told,) = bob.pushed(*UPDATED)
    assert told.update_peers_presets[0].patch == patch
    assert len(meeting.journalled(ProducerClosed)) == 1
    await laptop.join()
    for attempt in (say(bob), bob.produce("audio"), say(laptop)):
        with pytest.raises(Refused, match="does not allow"):
            await attempt
    read = await host.ask(
        PresetEvent.GET_USER_PRESETS,
        preset_pb2.ReadPeersPresetRequest(user_ids=["participant-bob"]),
        preset_pb2.ReadPeersPresetResponse,
    )
    assert json.loads(read.peer_presets[0].preset)["permissions"]["chat"]["public"]["can_send"] is False

    # Neither a dropped socket nor leaving and coming back undoes it, nor another device.
    await bob.close(1006)
    bob = await meeting.joined("bob")
    with pytest.raises(Refused, match="does not allow"):
        await say(bob)
    await bob.close(1000)
    for peer_id in ("peer-bob", "phone"):
        bob = await meeting.connect("bob", peer_id=peer_id)
        await bob.join()
        (told,) = bob.pushed(*UPDATED)
        assert told.update_peers_presets[0].patch == patch
        for attempt in (say(bob), bob.produce("audio")):
            with pytest.raises(Refused, match="does not allow"):
                await attempt


async def test_changing_permissions_needs_the_right(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    with pytest.raises(Refused, match="does not allow changing"):
        await change(alice, alice, preset_pb2.PresetUpdates(can_edit_display_name=True))
    with pytest.raises(Refused, match="does not allow changing"):
        await alice.ask(PresetEvent.GET_USER_PRESETS, preset_pb2.ReadPeersPresetRequest(), Empty)


async def test_power_cannot_be_given_in_the_meeting(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", MANAGER)
    # Field 7 is can_record.
    patch = preset_pb2.PresetUpdates.FromString(b"\x38\x01")
    with pytest.raises(Refused, match="only polls, chat"):
        await change(host, host, patch)
