"""Sending: new tracks, mutes, ends."""

import json
import uuid

from reelkit.capture.events import MediaKind, ProducerOpened, ProducerPaused, ProducerResumed, Source
from reelkit.rooms import membership, negotiation
from reelkit.rooms.errors import BadDescription, MalformedMessage, NotFound, NotPermitted, WrongState
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers.route import LaneName, Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.producer import Producer, source_of
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.sdp import Description
from reelkit.rooms.transport import SendTransport

# The SDK keeps a few words there. Both are told to everybody whenever the track changes.
MAX_APP_DATA_CHARS = 4_096
MAX_MIME_TYPE_CHARS = 255


async def produce(
    room: Room, peer: Peer, request: media_edge_pb2.ProducerCreateRequest
) -> media_edge_pb2.ProducerCreateResponse:
    """A new m-line of the sending PeerConnection carries a track."""
    try:
        kind = MediaKind(request.kind)
    except ValueError:
        raise MalformedMessage("a track is audio or video") from None
    source = source_of(kind, screen_share=request.screen_share)
    _require_sending(peer, source)
    send = _transport(peer, request.producing_transport_id)
    offer = Description.parse(request.description.sdp)
    mid = _mid(request, offer, kind)
    answer = await _negotiate(room, peer, send, offer)
    # Meanwhile somebody may have taken the right away, or sent the peer from the stage.
    _require_sending(peer, source)
    section = answer.section(mid)
    if section is None or section.rejected or not section.codecs:
        raise BadDescription("no codec of the track can be used")
    producer = Producer(
        producer_id=str(uuid.uuid4()),
        peer_id=peer.id,
        transport_id=send.transport_id,
        feed=send.publisher.feed,
        mid=mid,
        mindex=[each.mid for each in offer.sections].index(mid),
        kind=kind,
        source=source,
        mime_type=request.mime_type or f"{kind}/{section.codecs[0]}",
        app_data=request.app_data or json.dumps({"mid": mid}),
        layers=max(1, len(negotiation.layers(section))),
        paused=request.paused,
    )
    peer.producers[producer.producer_id] = producer
    room.record(
        ProducerOpened(
            time_s=room.clock.time_s(),
            producer_id=producer.producer_id,
            peer_id=peer.id,
            feed=producer.feed,
            mid=mid,
            mindex=producer.mindex,
            kind=kind,
            source=source,
            codec=section.codecs[0],
            paused=producer.paused,
            extmap=section.extensions,
        )
    )
    created = media_edge_pb2.PeerProducerCreateBroadcastResponse(
        participant_id=peer.id, producer_state=producer.state()
    )
    room.push(MediaEvent.PRODUCER_CREATED, created, room.media_peers(but=peer))
    return media_edge_pb2.ProducerCreateResponse(
        status=True, producer_id=producer.producer_id, description=_answer(answer)
    )


def _require_sending(peer: Peer, source: Source) -> None:
    if not peer.may_send(source):
        raise NotPermitted(f"the preset does not allow sending: {source}")


async def close_producer(
    room: Room, peer: Peer, request: media_edge_pb2.ProducerCloseRequest
) -> media_edge_pb2.ProducerClosingResponse:
    """A track ends: its m-line turns inactive. The offer is answered even if the producer is gone already."""
    producer = peer.producers.get(request.producer_id)
    if producer is not None:
        membership.close_producers(room, peer, [producer])
    send = _transport(peer, request.producing_transport_id)
    answer = await _negotiate(room, peer, send, Description.parse(request.description.sdp))
    return media_edge_pb2.ProducerClosingResponse(description=_answer(answer))


async def toggle_producer(room: Room, peer: Peer, request: media_edge_pb2.ProducerToggleRequest) -> None:
    """A track is muted or unmuted; the SDK expects no reply."""
    producer = peer.producers.get(request.producer_id)
    if producer is None:
        raise NotFound("no such producer")
    set_paused(room, peer, producer, paused=request.pause, initiator=peer)


def set_paused(room: Room, peer: Peer, producer: Producer, *, paused: bool, initiator: Peer) -> None:
    """Mutes or unmutes a track. The peer itself is told only if somebody else did it."""
    if producer.paused == paused:
        return
    producer.paused = paused
    event = ProducerPaused if paused else ProducerResumed
    room.record(event(time_s=room.clock.time_s(), producer_id=producer.producer_id))
    if paused and producer.source is Source.MICROPHONE:
        room.speakers.hush(peer)
    toggled = media_edge_pb2.PeerProducerToggleBroadcastResponse(
        participant_id=peer.id, producer_state=producer.state(), initiator_participant_id=initiator.id
    )
    room.push(MediaEvent.PRODUCER_TOGGLED, toggled, room.media_peers(but=peer if initiator is peer else None))


async def _negotiate(room: Room, peer: Peer, send: SendTransport, offer: Description) -> Description:
    """Janus' answer to a further offer of the sending PeerConnection, made fit for the client."""
    fit = negotiation.resending_sound(negotiation.single_layered(offer, send.dummies))
    answer = Description.parse(await send.publisher.configure(fit.text()))
    if peer.send is not send:
        raise WrongState("the sending transport is gone", session_id=room.session_id)
    return negotiation.completed_answer(answer, offer, tcp=peer.takes_tcp)


def _transport(peer: Peer, transport_id: str) -> SendTransport:
    """The sending transport, which must be the one that the client means if it says so. Raises WrongState."""
    if peer.send is None or (transport_id and transport_id != peer.send.transport_id):
        raise WrongState("there is no such sending transport")
    return peer.send


def _mid(request: media_edge_pb2.ProducerCreateRequest, offer: Description, kind: MediaKind) -> str:
    """The m-line of the new track: the client names it in ``app_data``, and it is the last of its kind."""
    if len(request.app_data) > MAX_APP_DATA_CHARS or len(request.mime_type) > MAX_MIME_TYPE_CHARS:
        raise MalformedMessage("app_data or mime_type is too long")
    try:
        data = json.loads(request.app_data or "{}")
    except json.JSONDecodeError as error:
        raise MalformedMessage("app_data is not JSON") from error
    named = data.get("mid") if isinstance(data, dict) else None
    if named is not None:
        section = offer.section(str(named))
    else:
        section = next((each for each in reversed(offer.sections) if each.kind == kind), None)
    if section is None or section.kind != kind or section.rejected:
        raise BadDescription("the offer has no m-line for the track")
    return section.mid


def _answer(description: Description) -> media_pb2.SessionDescription:
    return media_pb2.SessionDescription(target=media_pb2.PUBLISHER, type="answer", sdp=description.text())


ROUTES: Routes = {
    MediaEvent.PRODUCE: Route(media_edge_pb2.ProducerCreateRequest, produce, lane=LaneName.SEND),
    MediaEvent.CLOSE_PRODUCER: Route(media_edge_pb2.ProducerCloseRequest, close_producer, Need.NOTHING, LaneName.SEND),
    MediaEvent.TOGGLE_PRODUCER: Route(media_edge_pb2.ProducerToggleRequest, toggle_producer),
}
