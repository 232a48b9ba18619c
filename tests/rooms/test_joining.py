"""Coming into a meeting."""

import asyncio

import pytest
from google.protobuf.empty_pb2 import Empty
from structlog.testing import capture_logs

from reelkit.capture.events import PeerJoined, PeerLeft, SessionEnded, SessionStarted
from reelkit.rooms.events import MediaEvent, PluginEvent, PollEvent, RoomEvent
from reelkit.rooms.proto import media_edge_pb2, plugin_pb2, room_pb2
from reelkit.rooms.room import Room
from reelkit.sfu import SfuTimeout
from tests.rooms.manual_clock import START_S
from tests.rooms.meeting import HOST, KEEP_ALIVE_S, MEETING, PEOPLE, RECORDER, FakeMeeting, Refused


async def test_the_first_join_begins_a_session(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    assert meeting.gateway.room_of(MEETING) is None
    await alice.join()
    assert meeting.room.started_at_s == START_S
    assert meeting.observer.told == [("session_started", MEETING), ("peer_joined", "alice")]
    assert meeting.journal()[0] == SessionStarted(
        time_s=START_S, session_id=meeting.room.session_id, meeting_id=MEETING, title="A meeting"
    )
    assert meeting.journal()[1] == PeerJoined(
        time_s=START_S, peer_id=alice.id, participant_id="participant-alice", name="alice"
    )


async def test_a_client_that_never_joins_leaves_nothing(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    await alice.connect_media()
    await alice.close(1001)
    assert meeting.observer.told == []
    assert list(meeting.captures_dir.iterdir()) == []
    assert meeting.sfu_room.destroyed


async def test_what_the_sdk_asks_before_it_joins(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    store = plugin_pb2.PluginStoreGetKeysRequest(plugin_id=MEETING, store_name="__rtk_plugins__")
    answer = await alice.ask(PluginEvent.STORE_GET_KEYS, store, plugin_pb2.PluginStoreResponse)
    assert (answer.plugin_id, answer.store_name, list(answer.store_items)) == (MEETING, "__rtk_plugins__", [])
    await alice.join()
    for event in (PollEvent.GET_POLLS, PluginEvent.GET_PLUGINS, RoomEvent.GET_WAITING_ROOM_REQUESTS):
        assert (await alice.ask(event, Empty(), Empty)).ByteSize() == 0
    rooms = await alice.ask(RoomEvent.GET_CONNECTED_ROOMS_DUMP, Empty(), room_pb2.GetConnectedRoomsDumpResponse)
    assert rooms.HasField("parent_meeting")
    assert rooms.parent_meeting.id == MEETING


async def test_two_peers_learn_of_each_other(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    alice.forget()
    bob = await meeting.connect("bob")
    complete = await bob.join()
    assert [peer.peer_id for peer in complete.participants] == [alice.id]
    assert complete.HasField("room_state")
    assert complete.room_state.room_uuid == meeting.room.session_id
    assert complete.max_preferred_streams == 6
    (joined,) = alice.pushed(RoomEvent.JOIN_ROOM, room_pb2.PeerInfoResponse)
    assert joined.peer.display_name == "bob"
    assert joined.peer.stage_type == room_pb2.STAGE_TYPE_ON_STAGE
    # An empty recorder type would hide the peer from the others.
    assert joined.peer.flags.recorder_type == "NONE"
    assert not joined.peer.HasField("display_picture_url")
    (media,) = alice.pushed(MediaEvent.PEER_JOINED, media_edge_pb2.PeerJoinBroadcastResponse)
    assert media.participant.peer_id == bob.id
    order = [RoomEvent.JOIN_ROOM, MediaEvent.PEER_JOINED]
    assert [event for event in alice.events() if event in order] == order


async def test_room_info_and_peers(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await meeting.joined("bob")
    info = await alice.ask(RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)
    assert (info.room.room_id, info.room.title) == (MEETING, "A meeting")
    assert info.room.created_at == int(START_S)
    assert info.room.room_uuid == meeting.room.session_id
    everybody = await alice.ask(RoomEvent.GET_ROOM_PEERS_INFO, Empty(), room_pb2.RoomPeersInfoResponse)
    assert [peer.display_name for peer in everybody.peers] == ["alice", "bob"]
    search = room_pb2.RoomPeersInfoRequest(search_query="OB", limit=5)
    found = await alice.ask(RoomEvent.GET_ROOM_PEERS_INFO, search, room_pb2.RoomPeersInfoResponse)
    assert [peer.display_name for peer in found.peers] == ["bob"]
    page = room_pb2.RoomPeersInfoRequest(limit=1, offset=1)
    second = await alice.ask(RoomEvent.GET_ROOM_PEERS_INFO, page, room_pb2.RoomPeersInfoResponse)
    assert [peer.display_name for peer in second.peers] == ["bob"]
    one = room_pb2.GetPeerInfoRequest(peer_id="peer-bob")
    assert (await alice.ask(RoomEvent.GET_PEER_INFO, one, room_pb2.PeerInfoResponse)).peer.display_name == "bob"
    count = await alice.ask(RoomEvent.ROOM_PEER_COUNT, Empty(), room_pb2.RoomPeerCountResponse)
    assert count.count == 2


async def test_a_hidden_recorder_is_not_to_be_seen(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    recorder = await meeting.connect("recorder", RECORDER)
    complete = await recorder.join()
    assert [peer.peer_id for peer in complete.participants] == [alice.id]
    bob = await meeting.connect("bob")
    seen = await bob.join()
    assert [peer.peer_id for peer in seen.participants] == [alice.id]
    assert list(seen.selected_peers.audio_peers) == [alice.id]
    joined = alice.pushed(MediaEvent.PEER_JOINED, media_edge_pb2.PeerJoinBroadcastResponse)
    assert [push.participant.peer_id for push in joined] == [bob.id]
    flags = next(
        push.peer.flags
        for push in alice.pushed(RoomEvent.JOIN_ROOM, room_pb2.PeerInfoResponse)
        if push.peer.peer_id == recorder.id
    )
    assert (flags.recorder_type, flags.hidden_participant) == ("RECORDER", True)
    assert meeting.room.visible_peer_count == 2
    assert [peer.hidden for peer in meeting.room.peers()] == [False, True, False]
    assert [event.hidden for event in meeting.journalled(PeerJoined)] == [False, True, False]
    await recorder.close()
    assert alice.pushed(MediaEvent.PEER_LEFT, media_edge_pb2.PeerLeaveBroadcastResponse) == []


async def test_a_name_may_be_chosen_only_if_the_preset_allows(meeting: FakeMeeting) -> None:
    free = await meeting.connect("free")
    bound = await meeting.connect("bound", {**PEOPLE, "permissions": {"can_edit_display_name": False}})
    names = []
    for client in (free, bound):
        request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(display_name="  Napoleon "))
        names.append((await client.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)).peer.display_name)
    assert names == ["Napoleon", "bound"]
    terrible = await meeting.connect("terrible")
    request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(display_name="x" * 201))
    with pytest.raises(Refused, match="display name"):
        await terrible.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)


async def test_leaving(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await bob.produce()
    left = await bob.ask(MediaEvent.LEAVE_ROOM, media_edge_pb2.PeerLeaveRequest(), media_edge_pb2.PeerLeaveResponse)
    assert not left.closed
    await bob.close()
    (media,) = alice.pushed(MediaEvent.PEER_LEFT, media_edge_pb2.PeerLeaveBroadcastResponse)
    assert media.participant_id == bob.id
    (room,) = alice.pushed(RoomEvent.LEAVE_ROOM, room_pb2.PeerInfoResponse)
    assert room.peer.peer_id == bob.id
    assert meeting.observer.told[-1] == ("peer_left", "bob")
    assert [event.peer_id for event in meeting.journalled(PeerLeft)] == [bob.id]
    assert bob.id not in meeting.sfu_room.publishers


async def test_the_session_ends_after_the_last_leave(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    room = meeting.room
    await alice.close()
    await meeting.clock.advance(KEEP_ALIVE_S - 1)
    assert meeting.gateway.room_of(MEETING) is room
    await meeting.clock.advance(2)
    assert meeting.gateway.room_of(MEETING) is None
    assert meeting.observer.told[-1] == ("session_ended", MEETING)
    assert isinstance(meeting.journal()[-1], SessionEnded)
    assert meeting.sfu_room.destroyed


async def test_a_return_keeps_the_session(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    room = meeting.room
    await alice.close()
    await meeting.clock.advance(KEEP_ALIVE_S - 1)
    await meeting.joined("bob")
    await meeting.clock.advance(2 * KEEP_ALIVE_S)
    assert meeting.room is room


async def test_an_opened_room_ends_by_the_same_rule(meeting: FakeMeeting) -> None:
    room = await meeting.gateway.open_room(MEETING, "A meeting", session_keep_alive_s=10)
    assert meeting.room is room
    assert await meeting.gateway.open_room(MEETING, "A meeting") is room
    await meeting.clock.advance(11)
    assert meeting.gateway.room_of(MEETING) is None


async def test_whoever_was_about_to_join_is_sent_to_the_next_session(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    waiting = await meeting.connect("waiting")
    await alice.close()
    await meeting.clock.advance(1)
    await meeting.pass_time(KEEP_ALIVE_S)
    assert meeting.gateway.room_of(MEETING) is None
    # The SDK connects again after every code but 1000.
    assert waiting.socket.closed_with == 4002


async def test_an_sfu_that_does_not_let_go(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")

    async def refuse() -> None:
        raise SfuTimeout("no answer")

    monkeypatch.setattr(meeting.publisher(alice), "detach", refuse)
    monkeypatch.setattr(meeting.sfu_room, "destroy", refuse)
    await alice.close()
    assert len(bob.pushed(RoomEvent.LEAVE_ROOM, room_pb2.PeerInfoResponse)) == 1
    await bob.close()
    await meeting.clock.advance(KEEP_ALIVE_S + 1)
    assert meeting.observer.told[-1] == ("session_ended", MEETING)


async def test_an_observer_that_fails_ends_no_more_than_its_own_session(
    meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    await meeting.joined("alice")
    assert meeting.gateway.rooms() == [meeting.room]

    async def refuse(_room: Room) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(meeting.observer, "session_ended", refuse)
    with capture_logs() as logs:
        await meeting.gateway.close()
    assert [entry["event"] for entry in logs if entry["log_level"] == "error"] == ["a session did not end cleanly"]


async def test_stopping_ends_every_session(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice", HOST)
    await meeting.gateway.close()
    assert alice.socket.closed_with == 1012
    assert alice.serving.done()
    assert meeting.observer.told[-1] == ("session_ended", MEETING)
    late = await meeting.connect("late")
    assert late.socket.closed_with == 1013


async def test_a_client_that_goes_while_the_session_begins_leaves_nothing(
    meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    go = asyncio.Event()

    async def slowly(_: Room) -> None:
        await go.wait()

    monkeypatch.setattr(meeting.observer, "session_started", slowly)
    alice = await meeting.connect("alice")
    peer = room_pb2.Peer(peer_id=alice.id, display_name="alice")
    await alice.tell(RoomEvent.JOIN_ROOM, room_pb2.JoinRoomRequest(peer=peer))
    await alice.close(1001)
    go.set()
    await meeting.clock.advance(KEEP_ALIVE_S)
    assert meeting.sfu_room.destroyed
    assert meeting.observer.told == [("session_ended", MEETING)]
