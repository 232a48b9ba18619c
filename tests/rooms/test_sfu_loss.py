"""Janus dies and comes back under a running meeting."""

import asyncio

import pytest

from reelkit.capture.events import CaptureSwitched, ProducerOpened, SfuLost
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from reelkit.sfu import SfuLost as SfuLostError
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import MEETING, FakeMeeting, Refused, offer
from tests.rooms.sdp_texts import sdp


async def test_the_meeting_goes_on(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    room = meeting.room
    await alice.produce("audio")
    first = meeting.sfu_room
    await meeting.sfu.die()
    await settle()
    (closed,) = bob.pushed(MediaEvent.PRODUCER_CLOSED, media_edge_pb2.PeerProducerCloseBroadcastResponse)
    assert closed.participant_id == alice.id
    assert [event.reason for event in meeting.journalled(SfuLost)] == ["killed by a test"]
    assert meeting.observer.told[-1] == ("sfu_lost", MEETING)
    with pytest.raises(Refused, match="unavailable"):
        await alice.connect_media()

    await meeting.sfu.revive()
    await settle()
    assert meeting.sfu_room is not first
    assert meeting.sfu_room.recording_dir == first.recording_dir
    for client in (alice, bob):
        assert len(client.pushed(MediaEvent.ROOM_TERMINATED, media_edge_pb2.MediaRoomTerminationBroadcastResponse)) == 1
    assert meeting.room is room

    await alice.connect_media()
    await alice.produce("audio")
    assert [event.feed for event in meeting.journalled(ProducerOpened)] == [alice.id, f"{alice.id}_2"]
    assert len(bob.pushed(MediaEvent.PRODUCER_CREATED, media_edge_pb2.PeerProducerCreateBroadcastResponse)) == 2


async def test_a_recording_goes_on(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.room.start_capture("r1")
    await meeting.sfu.die()
    await meeting.sfu.revive()
    assert meeting.sfu_room.switches == [True]
    assert [event.on for event in meeting.journalled(CaptureSwitched)] == [True, False, True]
    await meeting.room.stop_capture("r1", "stopped")
    assert meeting.sfu_room.switches == [True, False]


async def test_a_recording_that_was_stopped_meanwhile_stays_off(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.room.start_capture("r1")
    await meeting.sfu.die()
    await meeting.room.stop_capture("r1", "stopped")
    await meeting.sfu.revive()
    assert meeting.sfu_room.switches == []
    assert [event.on for event in meeting.journalled(CaptureSwitched)] == [True, False]


async def test_a_transport_of_the_old_janus_is_not_used(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    alice = await meeting.connect("alice")
    old = meeting.sfu_room
    publisher = await old.publisher("feed", "name")
    answered = asyncio.Event()

    async def slow_answer(_: str) -> str:
        await answered.wait()
        return sdp("janus_send_connect_answer")

    async def same_publisher(_feed: str, _display: str) -> object:
        return publisher

    monkeypatch.setattr(publisher, "join_and_configure", slow_answer)
    monkeypatch.setattr(old, "publisher", same_publisher)
    request = media_pb2.CreateTransportRequest(description=offer(sdp("chromium_send_connect_offer")))
    with pytest.raises(AssertionError, match="no reply"):
        await alice.ask(MediaEvent.CREATE_TRANSPORT, request, media_pb2.CreateTransportResponse)
    await meeting.sfu.die()
    await meeting.sfu.revive()
    answered.set()
    await settle()
    assert alice.events()[-1] == MediaEvent.ERROR
    await alice.connect_media()


async def test_no_new_meetings_without_janus(meeting: FakeMeeting) -> None:
    meeting.sfu.down = True
    alice = await meeting.connect("alice")
    # The SDK tries again.
    assert alice.socket.closed_with == 1013
    assert list(meeting.captures_dir.iterdir()) == []
    with pytest.raises(SfuLostError):
        await meeting.gateway.open_room(MEETING, "A meeting")


async def test_janus_dies_again_before_the_room_is_back(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await meeting.sfu.die()
    for callback_round in range(2):
        meeting.sfu.down = callback_round == 0
        for restored in meeting.sfu.restored_callbacks:
            await restored()
    assert len(meeting.sfu.rooms) == 2
    await alice.connect_media()


async def test_the_meeting_ends_while_janus_is_away(meeting: FakeMeeting) -> None:
    await meeting.joined("alice")
    await meeting.sfu.die()
    await meeting.gateway.close()
    assert meeting.observer.told[-1] == ("session_ended", MEETING)
    await meeting.sfu.revive()
    assert len(meeting.sfu.rooms) == 1
