"""Frames that are wrong, and limits."""

import pytest
from google.protobuf.empty_pb2 import Empty
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from reelkit.capture.events import Event
from reelkit.rooms.envelope import encode
from reelkit.rooms.events import MediaEvent, RoomEvent
from reelkit.rooms.handlers.routes import ROUTES
from reelkit.rooms.proto import media_edge_pb2, room_pb2
from reelkit.rooms.proto.envelope_pb2 import SocketMessage
from reelkit.rooms.room import Room
from reelkit.settings import RoomSettings, Settings
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused


async def errors(client: FakeClient) -> list[str]:
    await settle()
    return [push.error_message for push in client.pushed(MediaEvent.ERROR, media_edge_pb2.ErrorResponse)]


async def test_garbage_is_refused_and_the_meeting_goes_on(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    alice.socket.arrive(b"\xff\xff")
    alice.socket.arrive(SocketMessage(event=RoomEvent.JOIN_ROOM, payload=b"\xff").SerializeToString())
    assert await errors(alice) == [
        "not a message of the protocol",
        "the payload is no socket.room.JoinRoomRequest",
    ]
    assert (await alice.ask(RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)).room.title


async def test_unknown_events_are_answered(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    with pytest.raises(Refused, match="0x77777 is not supported"):
        await alice.ask(0x77777, Empty(), Empty)
    # The largest number must still fit into the reply.
    alice.socket.arrive(encode(0xFFFFFFFF, Empty()))
    assert len(await errors(alice)) == 1


async def test_nothing_works_before_the_join(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    with pytest.raises(Refused, match="has not joined"):
        await alice.ask(MediaEvent.SELF_JOIN_COMPLETE, Empty(), Empty)


async def test_a_fault_of_ours_is_an_error_reply(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await meeting.joined("alice")

    def broken(_self: Room, _event: Event, **_: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(Room, "record", broken)
    message = room_pb2.BroadcastMessage(type="x", payload=b"{}")
    with pytest.raises(Refused, match="internal error"):
        await alice.ask(RoomEvent.BROADCAST_MESSAGE, message, Empty)
    monkeypatch.undo()
    await alice.ask(RoomEvent.BROADCAST_MESSAGE, message, room_pb2.BroadcastMessage)


async def test_a_full_disk_costs_events_and_no_meeting(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await meeting.joined("alice")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(meeting.room.journal, "append", full)
    assert (await alice.produce("audio")).status


async def test_too_many_waiting_requests(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    for _ in range(70):
        alice.socket.arrive(encode(RoomEvent.ROOM_PEER_COUNT, Empty()))
    assert (await errors(alice)).count("too many requests are waiting") == 6


async def test_large_messages_end_the_connection(tmp_path_factory: pytest.TempPathFactory) -> None:
    meeting = FakeMeeting(
        tmp_path_factory.mktemp("data"), Settings(rooms=RoomSettings(max_message_bytes=40_000, max_peers=2))
    )
    alice = await meeting.joined("alice")
    alice.socket.arrive(bytes(40_001))
    await settle()
    assert alice.socket.closed_with == 1009
    await meeting.gateway.close()


async def test_a_meeting_can_be_full(tmp_path_factory: pytest.TempPathFactory) -> None:
    meeting = FakeMeeting(tmp_path_factory.mktemp("data"), Settings(rooms=RoomSettings(max_peers=2)))
    await meeting.joined("alice")
    bob = await meeting.joined("bob")
    carol = await meeting.connect("carol")
    assert carol.socket.closed_with == 1013
    await bob.close()
    await meeting.joined("carol")
    assert meeting.room.visible_peer_count == 2
    await meeting.gateway.close()


async def test_whoever_does_not_join_takes_no_place(tmp_path_factory: pytest.TempPathFactory) -> None:
    meeting = FakeMeeting(tmp_path_factory.mktemp("data"), Settings(rooms=RoomSettings(max_peers=2)))
    mallory, second = [await meeting.connect("mallory", peer_id=f"mallory-{number}") for number in range(2)]
    erin = await meeting.connect("erin")
    # There is a bound for those who are on their way in, too.
    assert (second.socket.closed_with, erin.socket.closed_with) == (None, 1013)
    await second.close()
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    with pytest.raises(Refused, match="the meeting is full"):
        await mallory.join()
    await bob.close()
    await mallory.join()
    assert meeting.room.visible_peer_count == 2
    assert alice.socket.closed_with is None
    await meeting.gateway.close()


async def test_a_participant_has_only_so_many_devices(tmp_path_factory: pytest.TempPathFactory) -> None:
    meeting = FakeMeeting(tmp_path_factory.mktemp("data"), Settings(rooms=RoomSettings(max_devices=2)))
    phone, laptop, third = [await meeting.connect("ada", peer_id=name) for name in ("phone", "laptop", "third")]
    await phone.join()
    assert (laptop.socket.closed_with, third.socket.closed_with) == (None, 1013)
    # One that comes back is the same device, and others have theirs.
    await meeting.connect("ada", peer_id="phone")
    assert phone.socket.closed_with == 4001
    await meeting.joined("bo")
    await laptop.close()
    assert (await meeting.connect("ada", peer_id="third")).socket.closed_with is None
    await meeting.gateway.close()


async def test_an_observer_that_fails_fails_the_join_alone(
    meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(_room: Room) -> None:
        raise RuntimeError("the database is away")

    monkeypatch.setattr(meeting.observer, "session_started", refuse)
    alice = await meeting.connect("alice")
    join = room_pb2.JoinRoomRequest(peer=room_pb2.Peer(display_name="alice"))
    with pytest.raises(Refused, match="internal error"):
        await alice.ask(RoomEvent.JOIN_ROOM, join, room_pb2.PeerInfoResponse)
    monkeypatch.undo()
    await alice.ask(RoomEvent.JOIN_ROOM, join, room_pb2.PeerInfoResponse)
    assert meeting.room.visible_peer_count == 1


@hypothesis_settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frames=st.lists(st.tuples(st.sampled_from(sorted(ROUTES)), st.binary(max_size=60)), max_size=6))
def test_no_payload_does_harm(tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, bytes]]) -> None:
    """Whatever a client sends, the next request is answered."""
    import asyncio

    async def scenario() -> None:
        meeting = FakeMeeting(tmp_path_factory.mktemp("data"))
        alice = await meeting.joined("alice")
        bob = await meeting.joined("bob")
        for event, payload in frames:
            alice.socket.arrive(SocketMessage(event=event, id="x", payload=payload).SerializeToString())
        await settle()
        assert (await bob.ask(RoomEvent.GET_ROOM_INFO, Empty(), room_pb2.RoomInfoResponse)).room.title
        assert "internal error" not in await errors(alice)
        await meeting.gateway.close()

    asyncio.run(scenario())
