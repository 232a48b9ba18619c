"""From a frame to its handler and back to a reply."""

from functools import partial

import structlog
from google.protobuf.message import Message

from reelkit.errors import ReelkitError
from reelkit.rooms.connection import Connection
from reelkit.rooms.envelope import Envelope, decode, decode_payload, encode
from reelkit.rooms.errors import MalformedMessage, RoomClosed, RoomError, UnsupportedEvent, WrongState
from reelkit.rooms.events import MediaEvent
from reelkit.rooms.handlers.route import LaneName, Need, Reply, Route
from reelkit.rooms.handlers.routes import ROUTES
from reelkit.rooms.peer import Peer
from reelkit.rooms.proto.media_edge_pb2 import ErrorResponse
from reelkit.rooms.room import Room

log = structlog.get_logger(__name__)


class Dispatcher:
    """Serves the requests that come over one websocket. Whatever is wrong with one of them ends in an error reply."""

    def __init__(self, room: Room, peer: Peer, connection: Connection) -> None:
        self._room = room
        self._peer = peer
        self._connection = connection
        self._log = log.bind(session_id=room.session_id, peer_id=peer.id)

    def receive(self, frame: bytes) -> None:
        """Takes a frame; its handler runs when its lane is free."""
        envelope = Envelope(0, None, b"")
        try:
            envelope = decode(frame)
            route = ROUTES.get(envelope.event)
            if route is None:
                raise UnsupportedEvent(f"event {envelope.event:#x} is not supported")
            request = decode_payload(route.request, envelope.payload)
            lanes = {
                LaneName.ROOM: self._peer.room_lane,
                LaneName.SEND: self._peer.send_lane,
                LaneName.RECEIVE: self._peer.receive_lane,
            }
            lanes[route.lane_of(request)].submit(partial(self._serve, envelope, route, request))
        except RoomError as error:
            self._refuse(envelope, error)

    async def _serve(self, envelope: Envelope, route: Route, request: Message) -> None:
        try:
            self._require_state(route)
            reply = await route.handle(self._room, self._peer, request)
        except ReelkitError as error:
            self._refuse(envelope, error)
        except Exception:  # the top of a request: its fault must not end the lane, and the client is told
            log.exception("a request failed", peer_id=self._peer.id, event_number=f"{envelope.event:#x}")
            self._reply_error(envelope, "internal error")
        else:
            if isinstance(reply, Reply):
                self._connection.send(encode(reply.event, reply.message, envelope.request_id))
            elif reply is not None:
                self._connection.send(encode(envelope.event, reply, envelope.request_id))

    def _require_state(self, route: Route) -> None:
        if self._peer.removed:
            raise RoomClosed("the peer is not in the meeting any more")
        if route.need is Need.JOINED and not self._peer.joined:
            raise WrongState("the peer has not joined")

    def _refuse(self, envelope: Envelope, error: ReelkitError) -> None:
        quiet = isinstance(error, (MalformedMessage, UnsupportedEvent, RoomClosed))
        log_it = self._log.debug if quiet else self._log.info
        log_it("a request was refused", event_number=f"{envelope.event:#x}", error=str(error))
        self._reply_error(envelope, error.message)

    def _reply_error(self, envelope: Envelope, message: str) -> None:
        response = ErrorResponse(error_message=message, event_id=envelope.event & 0x7FFFFFFF)
        self._connection.send(encode(MediaEvent.ERROR, response, envelope.request_id))
