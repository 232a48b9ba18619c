"""Receiving what others send."""

import pytest
from google.protobuf.empty_pb2 import Empty

from reelkit.process import wait_until
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers import transports
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from reelkit.rooms.sdp import Description
from reelkit.sfu import Connected, HungUp
from tests.patience import PATIENCE_S
from tests.rooms.fake_sfu import FakeSubscriber
from tests.rooms.meeting import FakeClient, FakeMeeting, Refused, offer
from tests.rooms.sdp_texts import sdp


async def answer(client: FakeClient) -> None:
    """The client took the offer."""
    await client.ask(
        MediaEvent.RENEGOTIATE,
        media_pb2.RenegotiateRequest(transport_id=client.receive_transport),
        media_pb2.RenegotiateResponse,
    )


def subscriber(meeting: FakeMeeting, index: int) -> FakeSubscriber:
    """In the order in which the clients connected."""
    return meeting.sfu_room.subscribers[index]


async def test_the_first_offer_is_turned_round(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    await alice.connect_media()
    own = subscriber(meeting, 0)
    # It subscribes to the client's own silent m-lines, as Janus' subscribers need something to begin with.
    assert [(stream.feed, stream.feed_mid) for stream in own.streams] == [(alice.id, "0"), (alice.id, "1")]
    (given,) = own.answers
    assert [section.attribute("setup") for section in given.sections] == ["active", "active"]
    assert not own.awaits_answer


async def test_the_receiving_transport_waits_for_the_sending_one(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    meeting.sfu_room.connects = False
    request = media_pb2.CreateTransportRequest(consuming=True, description=offer(sdp("chromium_receive_connect_offer")))
    with pytest.raises(AssertionError, match="no reply"):
        await alice.ask(MediaEvent.CREATE_TRANSPORT, request, media_pb2.CreateTransportResponse)
    await alice.ask(
        MediaEvent.CREATE_TRANSPORT,
        media_pb2.CreateTransportRequest(description=offer(sdp("chromium_send_connect_offer"))),
        media_pb2.CreateTransportResponse,
    )
    assert meeting.sfu_room.subscribers == []
    meeting.publisher(alice).emit(Connected())
    # A second request is served after the first.
    await alice.ask(MediaEvent.CREATE_TRANSPORT, request, media_pb2.CreateTransportResponse)
    assert [each.detached for each in meeting.sfu_room.subscribers] == [True, False]


async def test_a_sending_transport_that_never_comes_up(meeting: FakeMeeting, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transports, "SEND_UP_TIMEOUT_S", 0.01)
    alice = await meeting.connect("alice")
    request = media_pb2.CreateTransportRequest(consuming=True, description=offer(sdp("chromium_receive_connect_offer")))
    with pytest.raises(AssertionError, match="no reply"):
        await alice.ask(MediaEvent.CREATE_TRANSPORT, request, media_pb2.CreateTransportResponse)
    await wait_until(alice.has_error, timeout_s=PATIENCE_S)


async def test_a_receiving_offer_without_counterpart(meeting: FakeMeeting) -> None:
    alice = await meeting.connect("alice")
    await alice.connect_media()
    wide = Description.parse(sdp("chromium_receive_connect_offer"))
    extra = wide.sections[0].without("mid").adding("a=mid:2")
    text = Description(wide.session, (*wide.sections, extra)).text()
    request = media_pb2.CreateTransportRequest(consuming=True, description=offer(text))
    with pytest.raises(Refused, match="has an m-line"):
        await alice.ask(MediaEvent.CREATE_TRANSPORT, request, media_pb2.CreateTransportResponse)


async def test_consuming(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    video = (await alice.produce("video")).producer_id
    response = await bob.consume((alice, audio), (alice, video))
    consumers = response.consumer_ids_map.map
    assert set(consumers) == {audio, video}
    assert consumers[audio].consumer_id == audio
    assert consumers[audio].producer_track.stream_id == "2"
    assert consumers[video].producer_track.stream_id == "3"
    assert consumers[video].producer_state.kind == media_pb2.VIDEO
    assert response.description.type == "offer"
    offered = Description.parse(response.description.sdp)
    assert [section.direction for section in offered.sections] == ["inactive", "inactive", "sendonly", "sendonly"]
    own = subscriber(meeting, 1)
    # Media flows only when the client is ready for it.
    assert len(own.answers) == 1
    await answer(bob)
    assert len(own.answers) == 2
    assert [section.direction for section in own.answers[-1].sections] == ["recvonly"] * 4
    await answer(bob)
    assert len(own.answers) == 2


async def test_consuming_what_is_gone(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    response = await bob.consume((alice, "no-such-producer"))
    assert response.consumer_ids_map.map["no-such-producer"].error_code == "not_found_track_error"
    assert not response.HasField("description")
    assert response.HasField("consumer_ids_map")


async def test_one_track_that_janus_lacks_does_not_spoil_the_others(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    carol = await meeting.joined("carol")
    good = (await alice.produce("audio")).producer_id
    bad = (await carol.produce("audio")).producer_id
    del meeting.sfu_room.publishers[carol.id]
    response = await bob.consume((carol, bad), (alice, good))
    consumers = response.consumer_ids_map.map
    # The SDK asks again for such a one after half a second.
    assert consumers[bad].error_code == "track_not_ready"
    assert consumers[good].producer_track.stream_id == "2"
    assert response.description.sdp
    alone = await bob.consume((carol, bad))
    assert alone.consumer_ids_map.map[bad].error_code == "track_not_ready"
    assert not alone.HasField("description")


async def test_an_unanswered_offer_does_not_block_the_next(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    video = (await alice.produce("video")).producer_id
    await bob.consume((alice, audio))
    response = await bob.consume((alice, video))
    assert response.consumer_ids_map.map[video].producer_track.stream_id == "3"


async def test_consumers_close_and_their_m_lines_come_back(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    video = (await alice.produce("video")).producer_id
    await bob.consume((alice, video))
    await answer(bob)
    await bob.consume((alice, audio))
    await answer(bob)
    # In the recorded offer mid 2 was the camera and is given up.
    request = media_edge_pb2.ConsumerCloseRequest(
        consumer_ids=["2", "9"],
        description=offer(sdp("chromium_close_consumer_offer")),
        consuming_transport_id=bob.receive_transport,
    )
    response = await bob.ask(MediaEvent.CLOSE_CONSUMER, request, media_edge_pb2.ConsumerClosingResponse)
    closed = Description.parse(response.description.sdp)
    assert [section.port for section in closed.sections] == [9, 9, 0, 9]
    own = subscriber(meeting, 1)
    assert [stream.active for stream in own.streams] == [True, True, False, True]
    assert not own.awaits_answer
    again = await bob.consume((alice, video))
    assert again.consumer_ids_map.map[video].producer_track.stream_id == "2"
    recycled = Description.parse(again.description.sdp)
    assert [section.port for section in recycled.sections] == [9, 9, 9, 9]


async def test_a_dead_receiving_transport_makes_the_client_ask_again(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    bob.receive_transport = "another"
    response = await bob.consume((alice, audio))
    assert response.consumer_ids_map.map[audio].error_code == "track_not_ready"
    with pytest.raises(Refused, match="no such receiving transport"):
        await answer(bob)


async def test_a_receiving_peer_connection_ends(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    subscriber(meeting, 1).emit(HungUp("ICE failed"))
    response = await bob.consume((alice, audio))
    assert response.consumer_ids_map.map[audio].error_code == "track_not_ready"
    assert subscriber(meeting, 1).detached


async def test_an_offer_nobody_asked_for_is_answered(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    audio = (await alice.produce("audio")).producer_id
    subscriber(meeting, 1).offer_unasked()
    response = await bob.consume((alice, audio))
    assert response.consumer_ids_map.map[audio].producer_track.stream_id == "2"
    assert len(subscriber(meeting, 1).answers) == 2


async def test_too_many_at_once(meeting: FakeMeeting) -> None:
    bob = await meeting.joined("bob")
    with pytest.raises(Refused, match="too many"):
        await bob.consume(*[(bob, str(number)) for number in range(101)])


async def test_layers_of_a_single_layer_are_left_alone(meeting: FakeMeeting) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    video = (await alice.produce("video")).producer_id
    await bob.consume((alice, video))
    await answer(bob)
    await switch_layer(bob, "q")
    assert subscriber(meeting, 1).layers == []


@pytest.mark.parametrize(("rid", "substream"), [("q", 0), ("h", 1), ("f", 2), ("unknown", 2)])
async def test_layers_are_switched_where_there_are_some(meeting: FakeMeeting, rid: str, substream: int) -> None:
    alice = await meeting.joined("alice")
    bob = await meeting.joined("bob")
    video = (await alice.produce("video")).producer_id
    (producer,) = meeting.room.members[alice.id].producers.values()
    producer.layers = 3
    await bob.consume((alice, video))
    await answer(bob)
    await switch_layer(bob, rid)
    assert subscriber(meeting, 1).layers == [("2", substream)]


async def switch_layer(client: FakeClient, rid: str) -> None:
    item = media_edge_pb2.UpdateConsumerSimulcastConfigRequest(
        mid="2", simulcast=media_pb2.Simulcast(preferred_rid=rid)
    )
    request = media_edge_pb2.UpdateConsumersSimulcastConfigRequest(requests=[item])
    await client.ask(MediaEvent.UPDATE_CONSUMERS_SIMULCAST_CONFIG, request, Empty)
