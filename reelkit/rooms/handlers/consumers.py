"""Receiving: what others send, and its end."""

from collections.abc import Sequence

from google.protobuf.empty_pb2 import Empty

from reelkit.rooms.errors import LimitExceeded, WrongState
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers.route import EMPTY, LaneName, Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.producer import Producer
from reelkit.rooms.proto import media_edge_pb2, media_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.sdp import Description
from reelkit.rooms.transport import ReceiveTransport
from reelkit.sfu import FeedNotReady, Offer

# The SDK asks for 35 at most.
MAX_BATCH = 100
# Error codes of single tracks: the SDK gives up on the first and asks again after half a second on any other.
GONE = "not_found_track_error"
NOT_READY = "track_not_ready"
# Substreams of Janus by the SDK's names of layers.
_SUBSTREAMS = {"f": 2, "h": 1, "q": 0}


async def consume(
    room: Room, peer: Peer, request: media_edge_pb2.ConsumePeersRequest
) -> media_edge_pb2.ConsumePeerResponse:
    """Subscribes to tracks. The reply has Janus' new offer, unless nothing could be subscribed to."""
    if len(request.requests) > MAX_BATCH:
        raise LimitExceeded("too many tracks at once")
    consumers: dict[str, media_pb2.ConsumerState] = {}
    wanted: list[Producer] = []
    for item in request.requests:
        producer = _producer(room, item)
        if producer is None:
            consumers[item.producer_id] = media_pb2.ConsumerState(error_code=GONE)
        else:
            wanted.append(producer)
    response = media_edge_pb2.ConsumePeerResponse(status=True)
    transport = peer.receive
    if transport is None or request.consuming_transport_id not in ("", transport.transport_id):
        # The client will notice that its PeerConnection is dead; until it has a new one it is to keep asking.
        consumers.update((producer.producer_id, _not_ready()) for producer in wanted)
    elif wanted:
        await transport.answer_janus()
        offer = await _subscribe(transport, wanted)
        for producer in wanted:
            mid = offer.mid_of(producer.stream) if offer is not None else None
            consumers[producer.producer_id] = _consumer(transport, producer, mid)
        if offer is not None:
            response.description.CopyFrom(_description("offer", transport.offer_for_client()))
    for producer_id, consumer in consumers.items():
        response.consumer_ids_map.map[producer_id].CopyFrom(consumer)
    # The map has to be there even if it is empty.
    response.consumer_ids_map.SetInParent()
    return response


async def _subscribe(transport: ReceiveTransport, producers: Sequence[Producer]) -> Offer | None:
    """Subscribes to what can be subscribed to; Janus refuses a whole batch for one track that is not there."""
    try:
        offer = await transport.subscriber.update(subscribe=[producer.stream for producer in producers])
    except FeedNotReady:
        if len(producers) == 1:
            return None
    else:
        if offer is not None:
            transport.take(offer)
        return offer
    newest: Offer | None = None
    for producer in producers:
        await transport.answer_janus()
        newest = await _subscribe(transport, [producer]) or newest
    return newest


def _consumer(transport: ReceiveTransport, producer: Producer, mid: str | None) -> media_pb2.ConsumerState:
    if mid is None:
        return _not_ready()
    transport.consumers[mid] = producer.producer_id
    return media_pb2.ConsumerState(
        consumer_id=producer.producer_id,
        producer_state=producer.state(),
        producer_track=media_pb2.ProducerTrack(
            track_id=producer.producer_id, producer_id=producer.producer_id, stream_id=mid
        ),
    )


def _not_ready() -> media_pb2.ConsumerState:
    return media_pb2.ConsumerState(error_code=NOT_READY)


def _producer(room: Room, item: media_edge_pb2.ConsumePeerRequest) -> Producer | None:
    sender = room.members.get(item.producing_peer_id)
    return sender.producers.get(item.producer_id) if sender is not None else None


async def renegotiate(_room: Room, peer: Peer, request: media_pb2.RenegotiateRequest) -> media_pb2.RenegotiateResponse:
    """The client took the offer, so Janus gets its answer; what the client's answer says is known already."""
    transport = _transport(peer, request.transport_id)
    await transport.answer_janus()
    return media_pb2.RenegotiateResponse(transport_id=transport.transport_id)


async def close_consumers(
    room: Room, peer: Peer, request: media_edge_pb2.ConsumerCloseRequest
) -> media_edge_pb2.ConsumerClosingResponse:
    """The client stopped m-lines and offers what is left."""
    transport = _transport(peer, request.consuming_transport_id)
    client_offer = Description.parse(request.description.sdp)
    mids = [mid for mid in request.consumer_ids if mid in transport.consumers]
    await transport.answer_janus()
    if mids:
        offer = await transport.subscriber.update(unsubscribe_mids=mids)
        if offer is not None:
            transport.take(offer)
    for mid in mids:
        del transport.consumers[mid]
    transport.closed.update(section.mid for section in client_offer.sections if section.rejected)
    await transport.answer_janus()
    answer = transport.answer_for_client(client_offer)
    room.log.debug("consumers closed", peer_id=peer.id, mids=mids)
    return media_edge_pb2.ConsumerClosingResponse(description=_description("answer", answer))


async def update_simulcast(
    room: Room, peer: Peer, request: media_edge_pb2.UpdateConsumersSimulcastConfigRequest
) -> Empty:
    """Chooses layers; a track that has one layer only is left alone."""
    transport = _transport(peer, request.consuming_transport_id)
    for item in request.requests:
        producer = _find(room, transport.consumers.get(item.mid))
        if producer is not None and producer.layers > 1:
            wanted = _SUBSTREAMS.get(item.simulcast.preferred_rid, producer.layers - 1)
            await transport.subscriber.set_layers(item.mid, min(wanted, producer.layers - 1))
    return EMPTY


def _find(room: Room, producer_id: str | None) -> Producer | None:
    for peer in room.members.values():
        if producer_id in peer.producers:
            return peer.producers[producer_id]
    return None


def _transport(peer: Peer, transport_id: str) -> ReceiveTransport:
    """The receiving transport, which must be the one that the client means if it says so. Raises WrongState."""
    if peer.receive is None or (transport_id and transport_id != peer.receive.transport_id):
        raise WrongState("there is no such receiving transport")
    return peer.receive


def _description(kind: str, sdp: str) -> media_pb2.SessionDescription:
    return media_pb2.SessionDescription(target=media_pb2.SUBSCRIBER, type=kind, sdp=sdp)


ROUTES: Routes = {
    MediaEvent.CONSUME: Route(media_edge_pb2.ConsumePeersRequest, consume, lane=LaneName.RECEIVE),
    MediaEvent.RENEGOTIATE: Route(media_pb2.RenegotiateRequest, renegotiate, lane=LaneName.RECEIVE),
    MediaEvent.CLOSE_CONSUMER: Route(
        media_edge_pb2.ConsumerCloseRequest, close_consumers, Need.NOTHING, LaneName.RECEIVE
    ),
    MediaEvent.UPDATE_CONSUMERS_SIMULCAST_CONFIG: Route(
        media_edge_pb2.UpdateConsumersSimulcastConfigRequest, update_simulcast, lane=LaneName.RECEIVE
    ),
}
