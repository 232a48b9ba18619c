"""Sockets that drop, and peers that return or do not."""

import pytest

from reelkit.capture.events import PeerJoined, PeerLeft, ProducerClosed, ProducerOpened
from reelkit.process import wait_until
from reelkit.rooms.events import MediaEvent, RoomEvent
from reelkit.rooms.handlers import joining
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from reelkit.settings import RoomSettings, Settings
from reelkit.sfu import HungUp
from tests.patience import PATIENCE_S
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import PEOPLE, FakeClient, FakeMeeting

GRACE_S = RoomSettings().reconnect_grace_s
LEFT = (RoomEvent.LEAVE_ROOM, room_pb2.PeerInfoResponse)


async def returned(meeting: FakeMeeting, old: FakeClient) -> FakeClient:
    """The same client on a new websocket; it keeps its PeerConnections."""
    client = await meeting.connect(old.name)
    client.send_transport, client.receive_transport = old.send_transport, old.receive_transport
    return client


async def test_a_dropped_peer_returns(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.joined("alice")
    first = (await alice.produce("audio")).producer_id
    publisher = meeting.publisher(alice)
    await alice.close(1006)
    assert bob.pushed(*LEFT) == []
    assert meeting.room.visible_peer_count == 2
    await meeting.pass_time(GRACE_S - 1)
    again = await returned(meeting, alice)
    (closed,) = bob.pushed(MediaEvent.PRODUCER_CLOSED, media_edge_pb2.PeerProducerCloseBroadcastResponse)
    assert closed.producer_state.producer_id == first
    bob.forget()
    await again.join()
    # The others still know it.
    assert bob.pushed(RoomEvent.JOIN_ROOM, room_pb2.PeerInfoResponse) == []
    second = (await again.produce("audio")).producer_id
    assert not publisher.detached
    await meeting.pass_time(2 * GRACE_S)
    assert meeting.room.visible_peer_count == 2
    assert [event.feed for event in meeting.journalled(ProducerOpened)] == [alice.id, alice.id]
    assert first != second
    assert len(meeting.journalled(PeerJoined)) == 2
    assert meeting.journalled(PeerLeft) == []


async def test_a_dropped_peer_stays_away(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    publisher = meeting.publisher(alice)
    await alice.close(1006)
    await meeting.pass_time(GRACE_S)
    (left,) = bob.pushed(*LEFT)
    assert left.peer.peer_id == alice.id
    assert publisher.detached
    assert meeting.observer.told[-1] == ("peer_left", "alice")
    assert [event.peer_id for event in meeting.journalled(PeerLeft)] == [alice.id]
    assert len(meeting.journalled(ProducerClosed)) == 1


@pytest.mark.parametrize("code", [1000, 1001])
async def test_a_goodbye_is_final(meeting: FakeMeeting, code: int) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.joined("alice")
    await alice.close(code)
    assert len(bob.pushed(*LEFT)) == 1


async def test_whoever_said_goodbye_is_not_waited_for(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.joined("alice")
    await alice.ask(RoomEvent.LEAVE_ROOM, room_pb2.LeaveRoomRequest(), room_pb2.PeerInfoResponse)
    await alice.close(1006)
    assert len(bob.pushed(*LEFT)) == 1


async def test_a_second_socket_replaces_the_first(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    alice = await meeting.joined("alice")
    again = await returned(meeting, alice)
    assert alice.socket.closed_with == 4001
    await settle()
    await again.join()
    assert bob.pushed(*LEFT) == []
    assert meeting.room.visible_peer_count == 2


async def test_a_peer_id_is_no_proof_of_identity(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    thief = await meeting.connect("thief", PEOPLE, peer_id=alice.id)
    assert thief.socket.closed_with == 1008
    assert alice.socket.closed_with is None


async def test_the_peer_id_of_one_who_left_stays_theirs(meeting: FakeMeeting) -> None:
    await meeting.joined("bob")
    alice = await meeting.joined("alice")
    await alice.close(1000)
    thief = await meeting.connect("thief", PEOPLE, peer_id=alice.id)
    assert thief.socket.closed_with == 1008
    again = await meeting.connect("alice")
    await again.join()
    assert (again.id, again.socket.closed_with) == (alice.id, None)


@pytest.mark.parametrize("peer_id", ["", "a b", "../../etc", "x" * 65])
async def test_odd_peer_ids_are_not_let_in(meeting: FakeMeeting, peer_id: str) -> None:
    odd = FakeClient(meeting, meeting.admission("odd", peer_id=peer_id or "€"))
    await settle()
    assert odd.socket.closed_with == 1008


async def test_a_client_without_peer_connections_is_let_in_when_it_has_some(meeting: FakeMeeting) -> None:
    """After a restart of the server a client believes for a while that its PeerConnections live."""
    alice = await meeting.joined("alice")
    meeting.publisher(alice).emit(HungUp("the other side is gone"))
    await alice.close(1006)
    again = await meeting.connect("alice")
    request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(display_name="alice"))
    await again.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)
    complete = media_edge_pb2.PeerJoinCompleteRequest()
    with pytest.raises(AssertionError, match="no reply"):
        await again.ask(MediaEvent.SELF_JOIN_COMPLETE, complete, media_edge_pb2.PeerJoinCompleteResponse)
    await again.connect_media()
    assert MediaEvent.SELF_JOIN_COMPLETE in again.events()


async def test_a_client_that_never_has_some_is_let_in_all_the_same(
    meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "SEND_TRANSPORT_TIMEOUT_S", 0.01)
    alice = await meeting.connect("alice")
    request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(display_name="alice"))
    await alice.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)
    complete = media_edge_pb2.PeerJoinCompleteRequest()
    await alice.tell(MediaEvent.SELF_JOIN_COMPLETE, complete)

    async def let_in() -> bool:
        return MediaEvent.SELF_JOIN_COMPLETE in alice.events()

    await wait_until(let_in, timeout_s=PATIENCE_S)


async def test_silent_clients_are_dead(tmp_path_factory: pytest.TempPathFactory) -> None:
    rooms = RoomSettings(heartbeat_interval_s=8, peer_timeout_s=25, reconnect_grace_s=0.5)
    meeting = FakeMeeting(tmp_path_factory.mktemp("data"), Settings(rooms=rooms))
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    for _ in range(4):
        await meeting.clock.advance(8)
        bob.socket.arrive("3")
    assert alice.socket.sent.count("2") == 3
    assert alice.socket.closed_with == 4000
    assert bob.socket.closed_with is None
    await meeting.clock.advance(1)
    assert [peer.name for peer in meeting.room.peers()] == ["bob"]
    await meeting.gateway.close()
