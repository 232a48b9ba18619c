"""Sending tracks."""

import json

import pytest

from reelkit.capture.events import ProducerClosed, ProducerOpened, ProducerPaused, ProducerResumed
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from reelkit.sfu import HungUp, MediaChanged
from tests.rooms.manual_clock import settle
from tests.rooms.meeting import PEOPLE, FakeMeeting, Refused, offer
from tests.rooms.sdp_texts import sdp

CREATED = (MediaEvent.PRODUCER_CREATED, media_edge_pb2.PeerProducerCreateBroadcastResponse)
TOGGLED = (MediaEvent.PRODUCER_TOGGLED, media_edge_pb2.PeerProducerToggleBroadcastResponse)
CLOSED = (MediaEvent.PRODUCER_CLOSED, media_edge_pb2.PeerProducerCloseBroadcastResponse)


async def test_a_microphone(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    response = await alice.produce("audio")
    assert response.status
    assert response.description.type == "answer"
    (created,) = bob.pushed(*CREATED)
    assert created.participant_id == alice.id
    assert created.producer_state.producer_id == response.producer_id
    assert created.producer_state.kind == media_pb2.AUDIO
    assert created.producer_state.producing_transport_id == alice.send_transport
    assert json.loads(created.producer_state.app_data) == {"mid": "2"}
    assert alice.pushed(*CREATED) == []
    (opened,) = meeting.journalled(ProducerOpened)
    assert (opened.feed, opened.mid, opened.mindex) == (alice.id, "2", 2)
    assert (opened.kind, opened.source, opened.codec, opened.paused) == ("audio", "microphone", "opus", False)
    assert opened.extmap == {
        "urn:ietf:params:rtp-hdrext:ssrc-audio-level": 1,
        "urn:ietf:params:rtp-hdrext:sdes:mid": 4,
    }


@pytest.mark.parametrize(
    ("kind", "screen_share", "source"),
    [
        ("audio", False, "microphone"),
        ("video", False, "camera"),
        ("video", True, "screen"),
        ("audio", True, "screen_audio"),
    ],
)
async def test_sources(meeting: FakeMeeting, kind: str, screen_share: bool, source: str) -> None:
    alice = await meeting.joined("alice")
    await alice.produce(kind, screen_share=screen_share)
    (opened,) = meeting.journalled(ProducerOpened)
    assert opened.source == source
    assert opened.codec == {"audio": "opus", "video": "vp8"}[kind]


async def test_late_joiners_learn_of_tracks(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    response = await alice.produce("video", paused=True)
    bob = await meeting.connect("bob")
    (participant,) = (await bob.join()).participants
    (state,) = participant.producer_states
    assert (state.producer_id, state.kind, state.pause) == (response.producer_id, media_pb2.VIDEO, True)
    assert state.mime_type == "video/vp8"


async def test_mute_and_unmute(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    producer_id = (await alice.produce("audio")).producer_id
    for pause in (True, True, False):
        toggle = media_edge_pb2.ProducerToggleRequest(producer_id=producer_id, pause=pause)
        await alice.tell(MediaEvent.TOGGLE_PRODUCER, toggle)
    pushes = bob.pushed(*TOGGLED)
    assert [push.producer_state.pause for push in pushes] == [True, False]
    assert pushes[0].initiator_participant_id == alice.id
    assert alice.pushed(*TOGGLED) == []
    changes = [event for event in meeting.journal() if isinstance(event, (ProducerPaused, ProducerResumed))]
    assert [type(event) for event in changes] == [ProducerPaused, ProducerResumed]
    assert {event.producer_id for event in changes} == {producer_id}


async def test_nobody_mutes_by_anothers_producer_id(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    producer_id = (await alice.produce("audio")).producer_id
    await bob.tell(
        MediaEvent.TOGGLE_PRODUCER, media_edge_pb2.ProducerToggleRequest(producer_id=producer_id, pause=True)
    )
    assert meeting.journalled(ProducerPaused) == []


async def test_a_track_ends(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    producer_id = (await alice.produce("video")).producer_id
    ended = sdp("chromium_produce_video_offer")
    request = media_edge_pb2.ProducerCloseRequest(producer_id=producer_id, description=offer(ended))
    response = await alice.ask(MediaEvent.CLOSE_PRODUCER, request, media_edge_pb2.ProducerClosingResponse)
    assert response.description.type == "answer"
    (closed,) = bob.pushed(*CLOSED)
    assert closed.producer_state.producer_id == producer_id
    assert [event.producer_id for event in meeting.journalled(ProducerClosed)] == [producer_id]
    # The SDK may ask again after it came back; the m-line has to be answered all the same.
    again = await alice.ask(MediaEvent.CLOSE_PRODUCER, request, media_edge_pb2.ProducerClosingResponse)
    assert again.description.sdp
    assert len(meeting.journalled(ProducerClosed)) == 1


@pytest.mark.parametrize(("kind", "screen_share"), [("audio", False), ("video", False), ("video", True)])
async def test_the_preset_decides_what_may_be_sent(meeting: FakeMeeting, kind: str, screen_share: bool) -> None:
    alice = await meeting.joined("alice", {**PEOPLE, "permissions": {"media": {}}})
    with pytest.raises(Refused, match="does not allow"):
        await alice.produce(kind, screen_share=screen_share)
    assert meeting.journalled(ProducerOpened) == []


async def test_simulcast_never_reaches_janus(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    response = await alice.produce("video", text=sdp("chromium_produce_simulcast_offer"))
    offered = meeting.publisher(alice).offers[-1].section("3")
    assert offered is not None
    assert offered.attributes("rid") == ["f send"]
    assert "a=simulcast:recv f\r\n" in response.description.sdp


async def test_another_sending_transport_replaces_the_first(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    old = meeting.publisher(alice)
    await alice.produce("audio")
    response = await alice.ask(
        MediaEvent.CREATE_TRANSPORT,
        media_pb2.CreateTransportRequest(description=offer(sdp("chromium_send_connect_offer"))),
        media_pb2.CreateTransportResponse,
    )
    assert old.detached
    assert len(bob.pushed(*CLOSED)) == 1
    with pytest.raises(Refused, match="no such sending transport"):
        await alice.produce("audio")
    alice.send_transport = response.transport_id
    await alice.produce("audio")
    # Packet files are named after feeds: no two transports may share one.
    assert [event.feed for event in meeting.journalled(ProducerOpened)] == [alice.id, f"{alice.id}_2"]


async def test_a_peer_connection_ends(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    await alice.produce("audio")
    publisher = meeting.publisher(alice)
    publisher.emit(HungUp("ICE failed"))
    await settle()
    assert publisher.detached
    assert len(bob.pushed(*CLOSED)) == 1
    assert len(meeting.journalled(ProducerClosed)) == 1


async def test_packets_that_stay_away_end_a_track_only_while_the_socket_is_away(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    await alice.produce("video")
    publisher = meeting.publisher(alice)
    publisher.emit(MediaChanged("3", "video", receiving=False))
    assert meeting.journalled(ProducerClosed) == []
    await alice.close(1006)
    assert len(meeting.journalled(ProducerClosed)) == 1
    publisher.emit(MediaChanged("2", "audio", receiving=False))
    assert len(meeting.journalled(ProducerClosed)) == 2


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"kind": "smell"}, "audio or video"),
        ({"app_data": "{"}, "not JSON"),
        ({"app_data": '"' + "x" * 5_000 + '"'}, "too long"),
        ({"mime_type": "x" * 300}, "too long"),
        ({"app_data": '{"mid": "9"}'}, "no m-line"),
        ({"app_data": '{"mid": "3"}'}, "no m-line"),
        ({"description": offer("nonsense")}, "not a session description"),
    ],
)
async def test_bad_requests_are_refused(meeting: FakeMeeting, changes: dict[str, object], problem: str) -> None:
    alice = await meeting.joined("alice")
    good = {
        "kind": "audio",
        "description": offer(sdp("chromium_produce_audio_offer")),
        "app_data": '{"mid": "2"}',
    }
    request = media_edge_pb2.ProducerCreateRequest(**(good | changes))  # type: ignore[arg-type]  # given by name
    with pytest.raises(Refused, match=problem):
        await alice.ask(MediaEvent.PRODUCE, request, media_edge_pb2.ProducerCreateResponse)
    # The room lives on.
    assert (await alice.produce("audio")).status


async def test_a_codec_that_janus_does_not_have(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    exotic = sdp("chromium_produce_audio_offer").replace("opus/48000/2", "speex/8000")
    with pytest.raises(Refused, match="codec"):
        await alice.produce("audio", text=exotic)


async def test_av1_is_refused(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    av1 = sdp("chromium_produce_video_offer").replace("a=rtpmap:96 VP8/90000", "a=rtpmap:96 AV1/90000")
    with pytest.raises(Refused, match="codec"):
        await alice.produce("video", text=av1)
    assert (await alice.produce("video")).status


async def test_janus_may_ask_for_lost_packets_of_a_voice(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    await alice.produce("audio")
    offered = meeting.publisher(alice).offers[-1].section("2")
    assert offered is not None
    assert "111 nack" in offered.attributes("rtcp-fb")


async def test_without_app_data_it_is_the_last_of_its_kind(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    request = media_edge_pb2.ProducerCreateRequest(kind="video", description=offer(sdp("chromium_produce_video_offer")))
    await alice.ask(MediaEvent.PRODUCE, request, media_edge_pb2.ProducerCreateResponse)
    (opened,) = meeting.journalled(ProducerOpened)
    assert (opened.mid, opened.mindex) == ("3", 3)


async def test_nothing_is_sent_before_the_join(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    await alice.connect_media()
    with pytest.raises(Refused, match="not joined"):
        await alice.produce("audio")
