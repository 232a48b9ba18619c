"""The waiting room."""

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.rooms.events import ChatEvent, PluginEvent, RoomEvent
from reelkit.rooms.proto import chat_pb2, plugin_pb2, room_pb2
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused
from tests.rooms.presets import preset

DOORKEEPER = preset("doorkeeper", accept_waiting_requests=True)
WAITS = preset("waits", waiting_room_type="SKIP_ON_ACCEPT")
WAITS_FOR_HOST = preset("waits for a host", waiting_room_type="ON_PRIVILEGED_USER_ENTRY")


async def ask_in(client: FakeClient) -> bool:
    """Asks to join; whether the client is let in at once."""
    request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(peer_id=client.id, display_name=client.name))
    return not (await client.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)).peer.waitlisted


def users(*clients: FakeClient) -> room_pb2.WaitingRoomUsers:
    return room_pb2.WaitingRoomUsers(user_ids=[client.admission.participant_id for client in clients])


def listed(client: FakeClient) -> list[str]:
    return [each.display_name for each in client.pushed(*LIST)[-1].requests]


LIST = (RoomEvent.GET_WAITING_ROOM_REQUESTS, room_pb2.GetWaitingRoomRequests)


async def test_somebody_lets_people_in(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", DOORKEEPER)
    bob = await meeting.connect("bob", WAITS)
    carol = await meeting.connect("carol", WAITS)
    assert not await ask_in(bob)
    assert not await ask_in(carol)
    assert listed(host) == ["bob", "carol"]
    assert [peer.name for peer in meeting.room.peers()] == ["host"]
    assert host.pushed(RoomEvent.JOIN_ROOM, room_pb2.PeerInfoResponse) == []

    await host.tell(RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS, users(bob))
    assert len(bob.pushed(RoomEvent.WAITING_ROOM_REQUEST_ACCEPTED, Empty)) == 1
    assert RoomEvent.WAITING_ROOM_REQUEST_ACCEPTED not in carol.events()
    assert listed(host) == ["carol"]
    assert await ask_in(bob)
    assert [peer.name for peer in meeting.room.peers()] == ["host", "bob"]

    await host.tell(RoomEvent.DENY_WAITING_ROOM_REQUESTS, users(carol))
    assert len(carol.pushed(RoomEvent.WAITING_ROOM_REQUEST_DENIED, Empty)) == 1
    assert listed(host) == []
    assert not await ask_in(carol)
    assert (await host.ask(*LIST_REQUEST)).requests[0].preset_name == "waits"

    # Once let in is let in for the session, on other devices too.
    phone = await meeting.connect("bob", WAITS, peer_id="phone")
    assert await ask_in(phone)


LIST_REQUEST = (RoomEvent.GET_WAITING_ROOM_REQUESTS, Empty(), room_pb2.GetWaitingRoomRequests)


async def test_people_wait_for_a_host(meeting: FakeMeeting) -> None:
    bob = await meeting.connect("bob", WAITS_FOR_HOST)
    assert not await ask_in(bob)
    carol = await meeting.connect("carol", WAITS)
    assert not await ask_in(carol)
    host = await meeting.joined("host", DOORKEEPER)
    assert RoomEvent.WAITING_ROOM_REQUEST_ACCEPTED in bob.events()
    assert RoomEvent.WAITING_ROOM_REQUEST_ACCEPTED not in carol.events()
    assert await ask_in(bob)
    dave = await meeting.connect("dave", WAITS_FOR_HOST)
    assert await ask_in(dave)
    await host.close()
    erin = await meeting.connect("erin", WAITS_FOR_HOST)
    assert not await ask_in(erin)


async def test_whoever_asks_again_is_not_told_of_again(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", DOORKEEPER)
    bob = await meeting.connect("bob", WAITS)
    for _ in range(3):
        assert not await ask_in(bob)
    assert len(host.pushed(*LIST)) == 1


async def test_hosts_do_not_wait_for_each_other(meeting: FakeMeeting) -> None:
    strict = preset(accept_waiting_requests=True, waiting_room_type="SKIP_ON_ACCEPT")
    host = await meeting.connect("host", strict)
    assert await ask_in(host)


async def test_whoever_goes_waits_no_more(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", DOORKEEPER)
    bob = await meeting.connect("bob", WAITS)
    await ask_in(bob)
    await bob.close(1006)
    assert listed(host) == []


async def test_letting_in_needs_the_right(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.connect("bob", WAITS)
    await ask_in(bob)
    assert RoomEvent.GET_WAITING_ROOM_REQUESTS not in alice.events()
    assert not (await alice.ask(*LIST_REQUEST)).requests
    for event in (RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS, RoomEvent.DENY_WAITING_ROOM_REQUESTS):
        with pytest.raises(Refused, match="does not allow letting others in"):
            await alice.ask(event, users(bob), Empty)
    with pytest.raises(Refused, match="has not joined"):
        await bob.ask(RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS, users(bob), Empty)
    assert not await ask_in(bob)


async def test_whoever_waits_learns_nothing(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    insert = plugin_pb2.PluginStoreInsertKeysRequest(
        plugin_id="p", store_name="s", insert_keys=[plugin_pb2.StoreKeys(store_key="k", payload=b"v")]
    )
    await alice.ask(PluginEvent.STORE_INSERT_KEYS, insert, plugin_pb2.PluginStoreResponse)
    bob = await meeting.connect("bob", WAITS)
    await ask_in(bob)
    peers = await bob.ask(
        RoomEvent.GET_ROOM_PEERS_INFO, room_pb2.RoomPeersInfoRequest(), room_pb2.RoomPeersInfoResponse
    )
    assert not peers.peers
    get = plugin_pb2.PluginStoreGetKeysRequest(plugin_id="p", store_name="s")
    assert not (await bob.ask(PluginEvent.STORE_GET_KEYS, get, plugin_pb2.PluginStoreResponse)).store_items
    with pytest.raises(Refused, match="has not joined"):
        await bob.ask(ChatEvent.GET_MESSAGES, Empty(), chat_pb2.GetChatMessagesResponse)
    bob.forget()
    await alice.ask(
        ChatEvent.SEND_TO_ROOM,
        chat_pb2.SendChatMessageToRoomRequest(payload="secret"),
        chat_pb2.SendChatMessageToRoomResponse,
    )
    assert bob.events() == []


async def test_whoever_is_removed_waits_again(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", preset("host", accept_waiting_requests=True, kick_participant=True))
    bob = await meeting.connect("bob", WAITS)
    await ask_in(bob)
    await host.tell(RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS, users(bob))
    assert await ask_in(bob)
    await host.tell(RoomEvent.KICK, room_pb2.RemoveParticipantsRequest(peer_ids=[bob.id]))
    assert not await ask_in(await meeting.connect("bob", WAITS, peer_id="again"))


async def test_whoever_waits_does_not_learn_what_is_recorded(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", DOORKEEPER)
    await meeting.room.announce_recording("recording-1", "RECORDING")
    bob = await meeting.connect("bob", WAITS)
    await ask_in(bob)
    info = (RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)
    assert not (await bob.ask(*info)).room.active_recordings
    await host.tell(RoomEvent.ACCEPT_WAITING_ROOM_REQUESTS, users(bob))
    await ask_in(bob)
    assert [each.recording_id for each in (await bob.ask(*info)).room.active_recordings] == ["recording-1"]
