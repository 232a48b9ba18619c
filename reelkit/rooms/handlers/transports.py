"""Setting up the two PeerConnections."""

import asyncio
import uuid
from collections.abc import Iterable
from functools import partial

from reelkit.rooms import membership, negotiation
from reelkit.rooms.errors import BadDescription, WrongState
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers.route import LaneName, Need, Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto import media_pb2
from reelkit.rooms.room import Room
from reelkit.rooms.sdp import Description, TransportParameters
from reelkit.rooms.transport import ReceiveTransport, SendTransport
from reelkit.sfu import Connected, ConnectionEvent, HungUp, MediaChanged, SfuRoom, StreamRef

# The SDK gives up a transport that has no answer after 20 s. Its receiving one has to wait for its sending one.
SEND_UP_TIMEOUT_S = 15.0


async def create_transport(
    room: Room, peer: Peer, request: media_pb2.CreateTransportRequest
) -> media_pb2.CreateTransportResponse:
    """Answers the first offer of a PeerConnection; a transport of the same direction that was there is given up."""
    offer = Description.parse(request.description.sdp)
    transport_id = uuid.uuid4().hex
    if request.consuming:
        answer = await _create_receive(room, peer, transport_id, offer)
        target = media_pb2.SUBSCRIBER
    else:
        answer = await _create_send(room, peer, transport_id, offer)
        target = media_pb2.PUBLISHER
    description = media_pb2.SessionDescription(target=target, type="answer", sdp=answer)
    return media_pb2.CreateTransportResponse(transport_id=transport_id, description=description)


async def _create_send(room: Room, peer: Peer, transport_id: str, offer: Description) -> str:
    membership.close_producers(room, peer, list(peer.producers.values()))
    old = peer.send
    peer.set_send(None)
    if old is not None:
        await membership.give_up(room, old.publisher)
    sfu = room.require_sfu()
    publisher = await sfu.publisher(room.next_feed(peer), peer.name)
    transport = SendTransport(
        transport_id=transport_id,
        publisher=publisher,
        dummies={section.mid: section.kind for section in offer.sections},
    )
    publisher.on_event(partial(_send_event, room, peer, transport))
    try:
        answer = Description.parse(await publisher.join_and_configure(offer.text()))
        _require_present(room, peer, sfu)
    except BaseException:
        await asyncio.shield(membership.give_up(room, publisher))
        raise
    peer.set_send(transport)
    return negotiation.completed_answer(answer, offer, tcp=peer.takes_tcp).text()


def _send_event(room: Room, peer: Peer, transport: SendTransport, event: ConnectionEvent) -> None:
    """What the SFU tells of a sending PeerConnection."""
    match event:
        case Connected():
            transport.settled.set()
        case HungUp(reason) if peer.send is transport:
            room.log.info("a sending PeerConnection ended", peer_id=peer.id, reason=reason)
            peer.set_send(None)
            membership.close_producers(room, peer, list(peer.producers.values()))
            room.tasks.spawn(membership.give_up(room, transport.publisher), "hang-up")
        case MediaChanged(mid=mid, receiving=receiving) if peer.send is transport:
            affected = [producer for producer in peer.producers.values() if producer.mid == mid]
            for producer in affected:
                producer.receiving = receiving
            if not receiving and peer.connection is None:
                # Its socket dropped and now its packets stay away: the client is gone, at least for now.
                membership.close_producers(room, peer, affected)
        case _:
            room.log.debug("a sending PeerConnection has an event", peer_id=peer.id, sfu_event=str(event))


async def _create_receive(room: Room, peer: Peer, transport_id: str, offer: Description) -> str:
    old = peer.receive
    peer.receive = None
    if old is not None:
        await membership.give_up(room, old.subscriber)
    send = await _send_that_is_up(peer)
    sfu = room.require_sfu()
    subscriber = await sfu.subscriber()
    try:
        streams = _own_dummies(send, (section.kind for section in offer.sections))
        janus_offer = await subscriber.join(streams)
        transport = ReceiveTransport(
            transport_id=transport_id,
            subscriber=subscriber,
            client=TransportParameters.of(offer),
            extension_ids=negotiation.extension_ids(offer),
            dummies=frozenset(section.mid for section in offer.sections),
            offer=Description.parse(janus_offer.sdp),
            tcp=peer.takes_tcp,
        )
        subscriber.on_offer(transport.take)
        subscriber.on_event(partial(_receive_event, room, peer, transport))
        answer = transport.answer_for_client(offer)
        await transport.answer_janus()
        _require_present(room, peer, sfu)
    except BaseException:
        await asyncio.shield(membership.give_up(room, subscriber))
        raise
    peer.receive = transport
    return answer


def _receive_event(room: Room, peer: Peer, transport: ReceiveTransport, event: ConnectionEvent) -> None:
    """What the SFU tells of a receiving PeerConnection."""
    if isinstance(event, HungUp) and peer.receive is transport:
        room.log.info("a receiving PeerConnection ended", peer_id=peer.id, reason=event.reason)
        peer.receive = None
        room.tasks.spawn(membership.give_up(room, transport.subscriber), "hang-up")


def _require_present(room: Room, peer: Peer, sfu: SfuRoom) -> None:
    """Raises WrongState or MediaUnavailable if the peer or Janus went while a transport was being set up."""
    if room.require_sfu() is not sfu or peer.removed:
        raise WrongState("the media room was left meanwhile")


async def _send_that_is_up(peer: Peer) -> SendTransport:
    """The peer's sending transport once it is connected.

    Janus' subscribers must subscribe to something to begin with, and the peer's own silent m-lines are there for sure.
    """
    try:
        async with asyncio.timeout(SEND_UP_TIMEOUT_S):
            while True:
                await peer.send_arrived.wait()
                send = peer.send
                if send is not None:
                    await send.settled.wait()
                    if peer.send is send:
                        return send
    except TimeoutError:
        raise WrongState("the sending transport did not connect", retry=True) from None


def _own_dummies(send: SendTransport, kinds: Iterable[str]) -> list[StreamRef]:
    """One silent m-line of the peer itself for each m-line of its receiving offer. Raises BadDescription."""
    free = dict(send.dummies)
    streams: list[StreamRef] = []
    for kind in kinds:
        mid = next((mid for mid, dummy_kind in free.items() if dummy_kind == kind), None)
        if mid is None:
            raise BadDescription("the receiving offer has an m-line that the sending one has not")
        del free[mid]
        streams.append(StreamRef(send.publisher.feed, mid))
    return streams


def _lane(request: media_pb2.CreateTransportRequest) -> LaneName:
    return LaneName.RECEIVE if request.consuming else LaneName.SEND


ROUTES: Routes = {
    MediaEvent.CREATE_TRANSPORT: Route(media_pb2.CreateTransportRequest, create_transport, Need.NOTHING, _lane),
}
