"""What hosts do to others, and names."""

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.capture.events import PeerLeft, PeerRenamed, ProducerPaused
from reelkit.rooms.connection import CloseCode
from reelkit.rooms.events import MediaEvent, RoomEvent
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import HOST, MEETING, RECORDER, FakeClient, FakeMeeting, Refused

TOGGLED = (MediaEvent.PRODUCER_TOGGLED, media_edge_pb2.PeerProducerToggleBroadcastResponse)


async def kick(client: FakeClient, *victims: FakeClient) -> None:
    request = room_pb2.RemoveParticipantsRequest(peer_ids=[victim.id for victim in victims])
    await client.tell(RoomEvent.KICK, request)


async def test_a_kick(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    await bob.produce("audio")
    # The SDK asks twice.
    await kick(host, bob)
    await kick(host, bob)
    assert len(bob.pushed(RoomEvent.KICK, room_pb2.PeerInfoResponse)) == 1
    # A reply would be taken for the host's own dismissal.
    assert RoomEvent.KICK not in host.events()
    assert len(host.pushed(RoomEvent.LEAVE_ROOM, room_pb2.PeerInfoResponse)) == 1
    assert [event.peer_id for event in meeting.journalled(PeerLeft)] == [bob.id]
    assert meeting.observer.told[-1] == ("peer_left", "bob")
    with pytest.raises(Refused, match="not in the meeting"):
        await bob.produce("audio")
    assert bob.socket.closed_with is None
    await meeting.clock.advance(6)
    assert bob.socket.closed_with == 1000


async def test_a_kick_needs_the_right(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await kick(alice, bob)
    assert alice.events()[-1] == MediaEvent.ERROR
    await alice.tell(RoomEvent.KICK_ALL, media_edge_pb2.KickAllPeersRequest())
    assert alice.events()[-1] == MediaEvent.ERROR
    assert meeting.room.visible_peer_count == 2


async def test_everybody_is_kicked(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    await host.tell(RoomEvent.KICK_ALL, media_edge_pb2.KickAllPeersRequest())
    for client in (host, bob):
        assert len(client.pushed(RoomEvent.KICK_ALL, room_pb2.PeerInfoResponse)) == 1
    assert meeting.room.visible_peer_count == 0


async def test_media_kicks_are_answered(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    await meeting.joined("carol")
    one = media_edge_pb2.KickPeerRequest(participant_id=bob.id)
    assert (await host.ask(MediaEvent.KICK_PEER, one, media_edge_pb2.KickPeerResponse)).status == "success"
    with pytest.raises(Refused, match="no such peer"):
        await host.ask(MediaEvent.KICK_PEER, one, media_edge_pb2.KickPeerResponse)
    everybody = media_edge_pb2.KickAllPeersRequest()
    assert (await host.ask(MediaEvent.KICK_ALL, everybody, media_edge_pb2.KickAllPeersResponse)).status == "success"
    assert meeting.room.peers() == []


async def test_the_server_kicks(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await meeting.room.kick(alice.id)
    assert not meeting.room.ended_by_host
    await meeting.room.kick_all()
    await settle()
    assert RoomEvent.KICK in alice.events()
    assert RoomEvent.KICK_ALL in bob.events()
    ended: list[bool] = [meeting.room.ended_by_host]
    # Whoever comes within the time that the session is kept goes on with it.
    await meeting.joined("carol")
    ended.append(meeting.room.ended_by_host)
    assert ended == [True, False]


async def test_with_the_last_whom_the_server_kicks_the_meeting_is_over(meeting: FakeMeeting) -> None:
    clients = [await meeting.joined(name) for name in ("alice", "bob", "carol")]
    recorder = await meeting.joined("recorder", RECORDER)
    ended: list[bool] = []
    room = meeting.room
    for kicked in (["no-such-peer", clients[0].id], [client.id for client in clients], [recorder.id]):
        await room.kick_peers(kicked)
        ended.append(room.ended_by_host)
    await settle()
    assert ended == [False, True, True]
    assert all(len(client.pushed(RoomEvent.KICK, room_pb2.PeerInfoResponse)) == 1 for client in (*clients, recorder))


async def test_a_recorder_alone_is_no_meeting_that_is_over(meeting: FakeMeeting) -> None:
    recorder = await meeting.joined("recorder", RECORDER)
    room = meeting.room
    await room.kick_peers([recorder.id])
    assert not room.ended_by_host


async def test_a_participant_who_is_shut_out_is_removed(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await meeting.gateway.remove_participant(meeting.room.meeting_id, "participant-alice")
    await meeting.gateway.remove_participant("no-such-meeting", "participant-bob")
    await settle()
    assert RoomEvent.KICK in alice.events()
    assert RoomEvent.KICK not in bob.events()
    assert [peer.name for peer in meeting.room.peers()] == ["bob"]


async def test_a_host_mutes_one(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    carol = await meeting.joined("carol")
    audio = (await bob.produce("audio")).producer_id
    await bob.produce("video")
    request = media_edge_pb2.HostMediaControlForPeerRequest(participant_id=bob.id, audio=True)
    response = await host.ask(MediaEvent.HOST_CONTROL_PEER, request, media_edge_pb2.HostMediaControlForPeerResponse)
    assert response.status == "success"
    for client in (bob, carol, host):
        (push,) = client.pushed(*TOGGLED)
        assert (push.participant_id, push.initiator_participant_id) == (bob.id, host.id)
        assert (push.producer_state.producer_id, push.producer_state.pause) == (audio, True)
    assert [event.producer_id for event in meeting.journalled(ProducerPaused)] == [audio]


async def test_a_host_turns_off_all_cameras_but_no_screens(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    await host.produce("video")
    camera = (await bob.produce("video")).producer_id
    await bob.produce("video", screen_share=True)
    request = media_edge_pb2.HostMediaControlForAllPeerRequest(video=True)
    await host.ask(MediaEvent.HOST_CONTROL_ALL_PEERS, request, media_edge_pb2.HostMediaControlForAllPeerResponse)
    assert [event.producer_id for event in meeting.journalled(ProducerPaused)] == [camera]


@pytest.mark.parametrize("kind", ["audio", "video"])
async def test_muting_needs_the_right(meeting: FakeMeeting, kind: str) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await bob.produce(kind)
    request = media_edge_pb2.HostMediaControlForPeerRequest(
        participant_id=bob.id, audio=kind == "audio", video=kind == "video"
    )
    with pytest.raises(Refused, match="does not allow"):
        await alice.ask(MediaEvent.HOST_CONTROL_PEER, request, media_edge_pb2.HostMediaControlForPeerResponse)
    assert meeting.journalled(ProducerPaused) == []


async def test_pins(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", HOST)
    bob = await meeting.joined("bob")
    request = media_edge_pb2.GlobalPeerPinningRequest(participant_id=bob.id)
    await host.ask(MediaEvent.GLOBAL_PIN_PEER, request, media_edge_pb2.GlobalPeerPinningResponse)
    for client in (host, bob):
        (push,) = client.pushed(MediaEvent.PEER_PINNED, media_edge_pb2.GlobalPeerPinningBroadcastResponse)
        assert push.participant_id == bob.id
    carol = await meeting.connect("carol")
    assert list((await carol.join()).room_state.pinned_peer_ids) == [bob.id]
    with pytest.raises(Refused, match="pinning"):
        await bob.ask(MediaEvent.GLOBAL_PIN_PEER, request, media_edge_pb2.GlobalPeerPinningResponse)
    await bob.close()
    assert meeting.room.pinned is None


async def test_names_change(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    request = media_edge_pb2.PeerDisplayNameEditRequest(participant_id=alice.id, display_name="Alice B.")
    response = await alice.ask(MediaEvent.CHANGE_DISPLAY_NAME, request, media_edge_pb2.PeerDisplayNameEditResponse)
    assert response.status == "success"
    (push,) = bob.pushed(MediaEvent.DISPLAY_NAME_EDITED, media_edge_pb2.PeerDisplayNameEditBroadcastResponse)
    assert (push.participant_id, push.display_name) == (alice.id, "Alice B.")
    assert [(event.peer_id, event.name) for event in meeting.journalled(PeerRenamed)] == [(alice.id, "Alice B.")]
    update = room_pb2.UpdatePeerInfoRequest(peer_id=alice.id, display_name="Al")
    assert (await alice.ask(RoomEvent.UPDATE_PEER_INFO, update, room_pb2.PeerInfoResponse)).peer.display_name == "Al"
    with pytest.raises(Refused):
        await bob.ask(MediaEvent.CHANGE_DISPLAY_NAME, request, Empty)


async def test_a_participant_who_is_shut_out_while_joining(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.connect("alice")
    await meeting.gateway.remove_participant(meeting.room.meeting_id, "participant-alice")
    with pytest.raises(Refused):
        await alice.join()
    assert [peer.name for peer in meeting.room.peers()] == [bob.name]
    # One whose token was read just before it became void.
    late = await meeting.connect("alice", peer_id="late")
    assert late.socket.closed_with == CloseCode.POLICY


async def test_a_participant_who_is_shut_out_before_the_session_begins(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    await meeting.gateway.remove_participant(MEETING, "participant-alice")
    await settle()
    # The SDK does not come back after this code.
    assert alice.socket.closed_with == CloseCode.NORMAL
    assert meeting.observer.told == []
    assert meeting.sfu_room.destroyed
