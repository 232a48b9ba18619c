"""The stage of a webinar."""

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.capture.events import PeerJoined, PeerStageChanged, ProducerClosed, ProducerOpened
from reelkit.rooms.events import RoomEvent
from reelkit.rooms.handlers import stage
from reelkit.rooms.proto import room_pb2, stage_pb2
from reelkit.rooms.stage import Stage
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused
from tests.rooms.presets import preset, sending

PRESENTER = preset("presenter", view_type="WEBINAR", stage_access="ALLOWED", accept_stage_requests=True)
VIEWER = preset("viewer", view_type="WEBINAR", media=sending("CAN_REQUEST"))
AUDIENCE = preset("audience", view_type="WEBINAR", media=sending("NOT_ALLOWED"))
STATUS = (RoomEvent.PEER_STAGE_STATUS_UPDATE, room_pb2.PeerStatusUpdate)


def users(*clients: FakeClient) -> stage_pb2.StageUsers:
    return stage_pb2.StageUsers(user_ids=[client.admission.participant_id for client in clients])


async def go(client: FakeClient) -> None:
    """Goes onto the stage; the SDK awaits the reply under another number. Raises Refused."""
    await client.ask(RoomEvent.JOIN_STAGE, Empty(), room_pb2.PeerStatusUpdate, replied=STATUS[0])


async def leave(client: FakeClient) -> None:
    await client.ask(RoomEvent.LEAVE_STAGE, users(client), room_pb2.PeerStatusUpdate, replied=STATUS[0])


def place(meeting: FakeMeeting, client: FakeClient) -> Stage:
    return meeting.room.member(client.id).stage


def told(client: FakeClient, of: FakeClient) -> list[int]:
    return [push.stage_type for push in client.pushed(*STATUS) if push.peer_id == of.id]


async def test_a_viewer_is_called_onto_the_stage(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    (joined,) = host.pushed(RoomEvent.JOIN_ROOM, room_pb2.PeerInfoResponse)
    assert joined.peer.stage_type == room_pb2.STAGE_TYPE_OFF_STAGE
    with pytest.raises(Refused, match="does not allow sending"):
        await bob.produce("audio")
    with pytest.raises(Refused, match="not called"):
        await go(bob)

    await bob.tell(RoomEvent.REQUEST_STAGE_ACCESS, Empty())
    (request,) = host.pushed(RoomEvent.GET_STAGE_REQUESTS, stage_pb2.GetStageRequestsResponse)[-1].stage_requests
    assert (request.user_id, request.display_name) == ("participant-bob", "bob")
    await host.tell(RoomEvent.GRANT_STAGE_ACCESS, users(bob))
    assert len(bob.pushed(RoomEvent.GRANT_STAGE_ACCESS, Empty)) == 1
    with pytest.raises(Refused, match="does not allow sending"):
        await bob.produce("audio")
    await go(bob)
    await bob.produce("audio")
    assert told(host, bob) == [3, 2, 1]
    state = await bob.ask(RoomEvent.GET_ROOM_STAGE_STATE, Empty(), room_pb2.GetRoomStageStateResponse)
    assert list(state.on_stage_peers) == [host.id, bob.id]

    await leave(bob)
    # The SDK says so once more when it is sent away.
    await leave(bob)
    assert told(host, bob) == [3, 2, 1, 4]
    assert len(meeting.journalled(ProducerClosed)) == 1
    # Films show whoever is on the stage.
    assert [event.on_stage for event in meeting.journalled(PeerJoined)] == [True, False]
    assert [event.on_stage for event in meeting.journalled(PeerStageChanged)] == [True, False]
    with pytest.raises(Refused, match="does not allow sending"):
        await bob.produce("audio")


async def test_presenters_are_on_the_stage_and_come_back_to_it(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    await host.produce("audio")
    await leave(host)
    assert place(meeting, host) is Stage.OFF
    await go(host)
    assert place(meeting, host) is Stage.ON


async def test_requests_are_denied_and_taken_back(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    await bob.tell(RoomEvent.REQUEST_STAGE_ACCESS, Empty())
    await host.tell(RoomEvent.DENY_STAGE_ACCESS, users(bob))
    assert RoomEvent.DENY_STAGE_ACCESS in bob.events()
    assert place(meeting, bob) is Stage.OFF
    await bob.tell(RoomEvent.REQUEST_STAGE_ACCESS, Empty())
    await bob.tell(RoomEvent.CANCEL_STAGE_REQUEST, Empty())
    assert told(host, bob) == [3, 4, 3, 4]
    requests = await host.ask(RoomEvent.GET_STAGE_REQUESTS, Empty(), stage_pb2.GetStageRequestsResponse)
    assert not requests.stage_requests


async def test_people_are_sent_from_the_stage(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    await host.tell(RoomEvent.GRANT_STAGE_ACCESS, users(bob))
    await go(bob)
    await bob.produce("audio")
    await host.ask(RoomEvent.LEAVE_STAGE, users(bob), Empty)
    assert told(bob, bob) == [4]
    assert len(meeting.journalled(ProducerClosed)) == 1
    with pytest.raises(Refused, match="does not allow sending"):
        await bob.produce("audio")


async def test_the_stage_needs_the_right(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    carol = await meeting.joined("carol", AUDIENCE)
    with pytest.raises(Refused, match="does not allow asking"):
        await carol.ask(RoomEvent.REQUEST_STAGE_ACCESS, Empty(), Empty)
    for event in (RoomEvent.GRANT_STAGE_ACCESS, RoomEvent.DENY_STAGE_ACCESS, RoomEvent.LEAVE_STAGE):
        with pytest.raises(Refused, match="does not allow deciding"):
            await bob.ask(event, users(carol), Empty)
    await host.tell(RoomEvent.GRANT_STAGE_ACCESS, users(carol))
    assert place(meeting, carol) is Stage.OFF
    with pytest.raises(Refused, match="not called"):
        await go(carol)
    requests = await bob.ask(RoomEvent.GET_STAGE_REQUESTS, Empty(), stage_pb2.GetStageRequestsResponse)
    assert not requests.stage_requests


async def test_a_call_has_no_stage(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    with pytest.raises(Refused, match="no stage"):
        await go(alice)
    asking = await meeting.joined("asking", preset(media=sending("CAN_REQUEST")))
    with pytest.raises(Refused, match="does not allow sending"):
        await asking.produce("audio")


async def test_a_dropped_socket_keeps_its_place(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    await host.tell(RoomEvent.GRANT_STAGE_ACCESS, users(bob))
    await go(bob)
    await bob.close(1006)
    again = await meeting.connect("bob", VIEWER)
    request = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(peer_id=again.id, display_name="bob"))
    reply = await again.ask(RoomEvent.JOIN_ROOM, request, room_pb2.PeerInfoResponse)
    assert reply.peer.stage_type == room_pb2.STAGE_TYPE_ON_STAGE


async def test_a_place_by_a_right_that_is_lost(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", PRESENTER)
    await bob.close(1006)
    bob = await meeting.connect("bob", VIEWER)
    assert place(meeting, bob) is Stage.OFF
    assert told(host, bob) == [4]
    (left,) = meeting.journalled(PeerStageChanged)
    assert (left.peer_id, left.on_stage) == (bob.id, False)


async def test_sent_from_the_stage_while_beginning_to_send(meeting: FakeMeeting) -> None:
    host = await meeting.joined("host", PRESENTER)
    bob = await meeting.joined("bob", VIEWER)
    await host.tell(RoomEvent.GRANT_STAGE_ACCESS, users(bob))
    await go(bob)
    publisher = meeting.publisher(bob)
    configure = publisher.configure

    async def slowly(offer_sdp: str) -> str:
        await stage.leave(meeting.room, meeting.room.member(host.id), users(bob))
        return await configure(offer_sdp)

    publisher.configure = slowly  # type: ignore[method-assign]
    with pytest.raises(Refused, match="does not allow sending"):
        await bob.produce("audio")
    assert meeting.journalled(ProducerOpened) == []
