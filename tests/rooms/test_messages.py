"""Broadcasts, chat and stores."""

import json
from typing import Any

import pytest
from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from reelkit.capture.events import BroadcastSent
from reelkit.rooms.events import ChatEvent, MediaEvent, PluginEvent, RoomEvent
from reelkit.rooms.peer import MESSAGE_BURST
from reelkit.rooms.proto import chat_pb2, media_edge_pb2, plugin_pb2, room_pb2
from tests.rooms.manual_clock import START_S, settle
from tests.rooms.meeting import HOST, MEETING, RECORDER, FakeClient, FakeMeeting, Refused
from tests.rooms.presets import preset

RECEIVER = preset(chat={"private": {"can_receive": True}})
PAYLOAD = json.dumps({"hello": "world"}).encode()


def broadcast(**changes: object) -> room_pb2.BroadcastMessage:
    fields = {"type": "ID3Data", "payload": PAYLOAD, "timestamp": 1, **changes}
    return room_pb2.BroadcastMessage(**fields)  # type: ignore[arg-type]  # fields are given by name


async def test_a_broadcast_reaches_everybody_and_the_journal(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    others = [await meeting.joined("bob"), await meeting.joined("recorder", RECORDER)]
    # The sender's own copy is the reply.
    assert await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(), room_pb2.BroadcastMessage) == broadcast()
    for other in others:
        assert other.pushed(RoomEvent.BROADCAST_MESSAGE, room_pb2.BroadcastMessage) == [broadcast()]
    assert meeting.journalled(BroadcastSent) == [
        BroadcastSent(time_s=START_S, peer_id=alice.id, message_type="ID3Data", payload=PAYLOAD.decode())
    ]


async def test_a_message_to_some_is_theirs_alone(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    carol = await meeting.joined("carol")
    message = broadcast(ids=[bob.id, "nobody"], broadcast_type=room_pb2.BROADCAST_TYPE_PEERS)
    await alice.tell(RoomEvent.BROADCAST_TO_ENTITY, message)
    assert bob.pushed(RoomEvent.BROADCAST_TO_ENTITY, room_pb2.BroadcastMessage) == [message]
    assert RoomEvent.BROADCAST_TO_ENTITY not in carol.events()
    assert RoomEvent.BROADCAST_TO_ENTITY not in alice.events()
    assert meeting.journalled(BroadcastSent) == []


async def test_messages_to_meetings(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    here = broadcast(ids=[MEETING], broadcast_type=room_pb2.BROADCAST_TYPE_ROOMS)
    await alice.ask(RoomEvent.BROADCAST_TO_ENTITY, here, Empty)
    assert bob.pushed(RoomEvent.BROADCAST_TO_ENTITY, room_pb2.BroadcastMessage) == [here]
    elsewhere = broadcast(ids=[MEETING, "meeting-2"], broadcast_type=room_pb2.BROADCAST_TYPE_ROOMS)
    with pytest.raises(Refused, match="other meetings"):
        await alice.ask(RoomEvent.BROADCAST_TO_ENTITY, elsewhere, Empty)


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff\xfe"])
async def test_only_json_is_broadcast(meeting: FakeMeeting, payload: bytes) -> None:
    alice = await meeting.joined("alice")
    with pytest.raises(Refused, match="JSON"):
        await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(payload=payload), Empty)
    assert meeting.journalled(BroadcastSent) == []


async def test_messages_have_a_rate(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    for _ in range(30):
        await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(), room_pb2.BroadcastMessage)
    with pytest.raises(Refused, match="too many"):
        await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(), room_pb2.BroadcastMessage)
    await meeting.clock.advance(0.2)
    await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(), room_pb2.BroadcastMessage)


async def say(client: FakeClient, text: str) -> chat_pb2.ChatMessage:
    request = chat_pb2.SendChatMessageToRoomRequest(payload=text)
    return (await client.ask(ChatEvent.SEND_TO_ROOM, request, chat_pb2.SendChatMessageToRoomResponse)).message


async def messages(client: FakeClient) -> list[str]:
    response = await client.ask(ChatEvent.GET_MESSAGES, Empty(), chat_pb2.GetChatMessagesResponse)
    return [message.payload for message in response.messages]


async def test_messages_that_are_withdrawn(meeting: FakeMeeting) -> None:
    alice, bob = await meeting.joined("alice"), await meeting.joined("bob")
    gone, stays = await say(alice, "gone"), await say(alice, "stays")
    meeting.room.withdraw_chat([gone.chat_id, "unknown"])
    await settle()
    for client in (alice, bob):
        (told,) = client.pushed(ChatEvent.DELETE_MESSAGE, chat_pb2.DeleteChatMessageResponse)
        assert told.chat_id == gone.chat_id
    response = await bob.ask(ChatEvent.GET_MESSAGES, Empty(), chat_pb2.GetChatMessagesResponse)
    assert [message.chat_id for message in response.messages] == [stays.chat_id]
    written = [change.after for change in meeting.observer.chat]
    assert written == [gone, stays], "whoever withdrew it knows"


async def test_chat(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    message = await say(alice, "good morning")
    assert (message.user_id, message.peer_id, message.display_name) == ("participant-alice", alice.id, "alice")
    assert (message.created_at, message.created_at_ms) == (int(START_S), int(START_S * 1000))
    (push,) = bob.pushed(ChatEvent.SEND_TO_ROOM, chat_pb2.SendChatMessageToRoomResponse)
    assert push.message == message
    carol = await meeting.joined("carol")
    assert await messages(carol) == ["good morning"]


async def test_a_message_told_without_id_comes_back_all_the_same(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.tell(ChatEvent.SEND_TO_ROOM, chat_pb2.SendChatMessageToRoomRequest(payload="hello"))
    (own,) = alice.pushed(ChatEvent.SEND_TO_ROOM, chat_pb2.SendChatMessageToRoomResponse)
    assert own.message.payload == "hello"


async def test_private_chat(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob", RECEIVER)
    carol = await meeting.joined("carol", RECEIVER)
    # Whoever may not receive private messages gets none, though they are named.
    dave = await meeting.joined("dave")
    targets = ["participant-bob", "participant-dave"]
    request = chat_pb2.SendChatMessageToPeersRequest(peer_ids=targets, payload="psst")
    await host.ask(ChatEvent.SEND_TO_PEERS, request, chat_pb2.SendChatMessageToPeersResponse)
    assert len(bob.pushed(ChatEvent.SEND_TO_PEERS, chat_pb2.SendChatMessageToPeersResponse)) == 1
    assert ChatEvent.SEND_TO_PEERS not in (*carol.events(), *dave.events())
    assert [await messages(client) for client in (host, bob, carol, dave)] == [["psst"], ["psst"], [], []]
    with pytest.raises(Refused, match="does not allow"):
        await bob.ask(ChatEvent.SEND_TO_PEERS, request, chat_pb2.SendChatMessageToPeersResponse)


async def test_editing_pinning_and_deleting(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    chat_id = (await say(alice, "tpyo")).chat_id
    edit = chat_pb2.EditChatMessageRequest(chat_id=chat_id, payload="typo")
    edited = await alice.ask(ChatEvent.EDIT_MESSAGE, edit, chat_pb2.EditChatMessageResponse)
    assert (edited.message.payload, edited.message.is_edited) == ("typo", True)
    with pytest.raises(Refused, match="somebody else"):
        await bob.ask(ChatEvent.EDIT_MESSAGE, edit, chat_pb2.EditChatMessageResponse)
    pin = chat_pb2.PinChatMessageRequest(chat_id=chat_id, pinned=True)
    assert (await bob.ask(ChatEvent.PIN_MESSAGE, pin, chat_pb2.PinChatMessageResponse)).message.pinned
    delete = chat_pb2.DeleteChatMessageRequest(chat_id=chat_id)
    with pytest.raises(Refused, match="somebody else"):
        await bob.ask(ChatEvent.DELETE_MESSAGE, delete, chat_pb2.DeleteChatMessageResponse)
    await alice.ask(ChatEvent.DELETE_MESSAGE, delete, chat_pb2.DeleteChatMessageResponse)
    for event in (ChatEvent.EDIT_MESSAGE, ChatEvent.DELETE_MESSAGE):
        assert event in bob.events()
    assert ChatEvent.PIN_MESSAGE in alice.events()
    with pytest.raises(Refused, match="no such chat message"):
        await alice.ask(ChatEvent.DELETE_MESSAGE, delete, chat_pb2.DeleteChatMessageResponse)


async def test_pages_and_search(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    for number in range(5):
        await meeting.clock.advance(1)
        await say(alice, f"message {number}")
    now_ms = int(meeting.clock.time_s() * 1000)
    page = chat_pb2.GetPaginatedChatMessageRoomRequest(time_stamp=now_ms, size=2, reversed=True)
    response = await alice.ask(ChatEvent.GET_PAGINATED_MESSAGES, page, chat_pb2.GetPaginatedChatMessageRoomResponse)
    assert [message.payload for message in response.messages] == ["message 4", "message 3"]
    assert response.next
    search = chat_pb2.SearchChatMessagesRequest(time_stamp=now_ms, size=9, reversed=True, search_term="GE 3")
    found = await alice.ask(ChatEvent.SEARCH_MESSAGES, search, chat_pb2.GetChatMessagesResponse)
    assert [message.payload for message in found.messages] == ["message 3"]
    pinned = chat_pb2.GetPaginatedChatMessageRoomRequest(
        size=9, filters=chat_pb2.GetPaginatedChatMessageFilters(pinned=True)
    )
    none = await alice.ask(ChatEvent.GET_PAGINATED_MESSAGES, pinned, chat_pb2.GetPaginatedChatMessageRoomResponse)
    assert list(none.messages) == []
    mine = chat_pb2.GetPaginatedChatMessageRoomRequest(
        size=9, filters=chat_pb2.GetPaginatedChatMessageFilters(user_id="participant-alice")
    )
    all_mine = await alice.ask(ChatEvent.GET_PAGINATED_MESSAGES, mine, chat_pb2.GetPaginatedChatMessageRoomResponse)
    assert len(all_mine.messages) == 5


async def test_a_silent_preset(meeting: FakeMeeting) -> None:
    silent = {"name": "silent", "permissions": {"chat": {"public": {"can_send": False}}}}
    alice = await meeting.joined("alice", silent)
    with pytest.raises(Refused, match="does not allow"):
        await say(alice, "hello")
    with pytest.raises(Refused, match="does not allow"):
        await alice.ask(ChatEvent.PIN_MESSAGE, chat_pb2.PinChatMessageRequest(chat_id="x"), Empty)


async def test_long_messages_are_refused(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    with pytest.raises(Refused, match="too long"):
        await say(alice, "x" * 40_000)


async def test_stores_are_shared(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    name: dict[str, Any] = {"plugin_id": "p", "store_name": "board"}
    insert = plugin_pb2.PluginStoreInsertKeysRequest(
        **name, insert_keys=[plugin_pb2.StoreKeys(store_key="colour", payload=b'"red"')]
    )
    await alice.ask(PluginEvent.STORE_INSERT_KEYS, insert, plugin_pb2.PluginStoreResponse)
    (push,) = bob.pushed(PluginEvent.STORE_INSERT_KEYS, plugin_pb2.PluginStoreResponse)
    (item,) = push.store_items
    assert (item.store_key, item.payload, item.peer_id) == ("colour", b'"red"', alice.id)
    assert item.timestamp == str(int(START_S * 1000))
    get = plugin_pb2.PluginStoreGetKeysRequest(**name)
    response = await bob.ask(PluginEvent.STORE_GET_KEYS, get, plugin_pb2.PluginStoreResponse)
    assert [item.store_key for item in response.store_items] == ["colour"]
    delete = plugin_pb2.PluginStoreDeleteKeysRequest(**name, delete_keys=[plugin_pb2.StoreKeys(store_key="colour")])
    await bob.ask(PluginEvent.STORE_DELETE_KEYS, delete, plugin_pb2.PluginStoreResponse)
    assert PluginEvent.STORE_DELETE_KEYS in alice.events()
    empty = await bob.ask(PluginEvent.STORE_GET_KEYS, get, plugin_pb2.PluginStoreResponse)
    assert list(empty.store_items) == []
    drop = plugin_pb2.PluginStoreDeleteRequest(**name)
    await alice.ask(PluginEvent.STORE_DELETE, drop, plugin_pb2.PluginStoreResponse)
    assert PluginEvent.STORE_DELETE in bob.events()
    assert MediaEvent.ERROR not in alice.events()


async def test_whatever_reaches_others_has_a_rate(meeting: FakeMeeting) -> None:
    alice, bob = await meeting.joined("alice"), await meeting.joined("bob")
    bob.forget()
    edit = media_edge_pb2.PeerDisplayNameEditRequest(participant_id=alice.id, display_name="Alice")
    for _ in range(MESSAGE_BURST):
        await alice.ask(MediaEvent.CHANGE_DISPLAY_NAME, edit, media_edge_pb2.PeerDisplayNameEditResponse)
    drop = plugin_pb2.PluginStoreDeleteRequest(plugin_id="p", store_name="s")
    requests: list[tuple[int, Message]] = [
        (MediaEvent.CHANGE_DISPLAY_NAME, edit),
        (RoomEvent.UPDATE_PEER_INFO, room_pb2.UpdatePeerInfoRequest(peer_id=alice.id, display_name="Alice")),
        (PluginEvent.STORE_DELETE, drop),
        (PluginEvent.STORE_DELETE_KEYS, plugin_pb2.PluginStoreDeleteKeysRequest(plugin_id="p", store_name="s")),
        (ChatEvent.EDIT_MESSAGE, chat_pb2.EditChatMessageRequest(chat_id="1")),
        (ChatEvent.PIN_MESSAGE, chat_pb2.PinChatMessageRequest(chat_id="1")),
        (ChatEvent.DELETE_MESSAGE, chat_pb2.DeleteChatMessageRequest(chat_id="1")),
        # These reach nobody else, but searching through a whole chat is dear.
        (ChatEvent.SEARCH_MESSAGES, chat_pb2.SearchChatMessagesRequest(search_term="x")),
        (ChatEvent.GET_PAGINATED_MESSAGES, chat_pb2.GetPaginatedChatMessageRoomRequest()),
        (ChatEvent.GET_MESSAGES, Empty()),
    ]
    for event, request in requests:
        with pytest.raises(Refused, match="too many messages"):
            await alice.ask(event, request, Empty)
    assert len(bob.events()) == MESSAGE_BURST
    await meeting.clock.advance(1)
    await alice.ask(*requests[0], media_edge_pb2.PeerDisplayNameEditResponse)


async def test_large_messages_use_up_the_rate_sooner(meeting: FakeMeeting) -> None:
    """Nobody can fill the queues of all others, and the journal, with a handful of huge messages."""
    alice = await meeting.joined("alice")
    await meeting.joined("bob")
    huge = broadcast(payload=json.dumps("x" * 1_000_000).encode())
    await alice.ask(RoomEvent.BROADCAST_MESSAGE, huge, room_pb2.BroadcastMessage)
    with pytest.raises(Refused, match="too many"):
        await alice.ask(RoomEvent.BROADCAST_MESSAGE, huge, room_pb2.BroadcastMessage)
    item = plugin_pb2.StoreKeys(store_key="k", payload=b"x" * 1_000_000)
    insert = plugin_pb2.PluginStoreInsertKeysRequest(plugin_id="p", store_name="s", insert_keys=[item])
    with pytest.raises(Refused, match="too many"):
        await alice.ask(PluginEvent.STORE_INSERT_KEYS, insert, Empty)
    await alice.ask(RoomEvent.BROADCAST_MESSAGE, broadcast(), room_pb2.BroadcastMessage)


async def test_nobody_fills_the_chat_alone(meeting: FakeMeeting) -> None:
    phone = await meeting.joined("alice")
    laptop = await meeting.connect("alice", peer_id="laptop")
    await laptop.join()
    bob = await meeting.joined("bob")
    text = "x" * 32_768
    for number in range(15):
        await say(phone if number % 2 else laptop, text)
    edit = chat_pb2.EditChatMessageRequest(chat_id=(await say(phone, "short")).chat_id, payload=text)
    for client, event, request in (
        (phone, ChatEvent.SEND_TO_ROOM, chat_pb2.SendChatMessageToRoomRequest(payload=text)),
        (laptop, ChatEvent.EDIT_MESSAGE, edit),
    ):
        with pytest.raises(Refused, match="too much is written into the chat"):
            await client.ask(event, request, Empty)
    await say(phone, "what a human writes")
    await say(bob, text)
    await meeting.pass_time(20)
    await say(laptop, text)
