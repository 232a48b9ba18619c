"""Chat messages. A reply doubles as the sender's own copy of the message."""

from google.protobuf.empty_pb2 import Empty
from google.protobuf.message import Message

from reelkit.rooms.chat import visible
from reelkit.rooms.errors import LimitExceeded, NotPermitted
from reelkit.rooms.events import ChatEvent
from reelkit.rooms.handlers.route import Route, Routes
from reelkit.rooms.peer import Peer
from reelkit.rooms.preset import PrivateChat, PublicChat
from reelkit.rooms.proto import chat_pb2
from reelkit.rooms.room import Room

MAX_PAYLOAD_CHARS = 32_768
MAX_PAGE = 500
_TEXT = 0


async def get_messages(room: Room, peer: Peer, _request: Empty) -> chat_pb2.GetChatMessagesResponse:
    peer.require_rate()
    messages = room.chat.visible_to(peer.admission.participant_id, private=_receives_private(peer))
    return chat_pb2.GetChatMessagesResponse(messages=messages)


async def get_page(
    room: Room, peer: Peer, request: chat_pb2.GetPaginatedChatMessageRoomRequest
) -> chat_pb2.GetPaginatedChatMessageRoomResponse:
    peer.require_rate()

    def wanted(message: chat_pb2.ChatMessage) -> bool:
        match request.filters.WhichOneof("filters"):
            case "pinned":
                return message.pinned == request.filters.pinned
            case "user_id":
                return message.user_id == request.filters.user_id
            case _:
                return True

    messages, more = room.chat.page(
        peer.admission.participant_id,
        from_ms=request.time_stamp,
        size=_page_size(request.size),
        offset=getattr(request, "from"),
        backwards=request.reversed,
        private=_receives_private(peer),
        wanted=wanted,
    )
    return chat_pb2.GetPaginatedChatMessageRoomResponse(messages=messages, next=more)


async def search(
    room: Room, peer: Peer, request: chat_pb2.SearchChatMessagesRequest
) -> chat_pb2.GetChatMessagesResponse:
    peer.require_rate()
    term = request.search_term.casefold()
    messages, _ = room.chat.page(
        peer.admission.participant_id,
        from_ms=request.time_stamp,
        size=_page_size(request.size),
        offset=getattr(request, "from"),
        backwards=request.reversed,
        private=_receives_private(peer),
        wanted=lambda message: term in message.payload.casefold(),
    )
    return chat_pb2.GetChatMessagesResponse(messages=messages)


async def send_to_room(
    room: Room, peer: Peer, request: chat_pb2.SendChatMessageToRoomRequest
) -> chat_pb2.SendChatMessageToRoomResponse:
    peer.require_rate(request.ByteSize())
    _require_sending(peer.permissions.chat.public, request.payload_type, request.payload)
    room.chat_allowance.require(peer.admission.participant_id, request.ByteSize())
    message = room.chat.add(
        peer_id=peer.id,
        user_id=peer.admission.participant_id,
        name=peer.name,
        payload_type=request.payload_type,
        payload=request.payload,
        time_s=room.clock.time_s(),
    )
    response = chat_pb2.SendChatMessageToRoomResponse(message=message)
    room.push(ChatEvent.SEND_TO_ROOM, response, room.joined_peers(but=peer))
    return response


async def send_to_peers(
    room: Room, peer: Peer, request: chat_pb2.SendChatMessageToPeersRequest
) -> chat_pb2.SendChatMessageToPeersResponse:
    """A private message. What the SDK calls peer ids here are user ids; targets that may not receive get nothing."""
    peer.require_rate(request.ByteSize())
    _require_sending(peer.permissions.chat.private, request.payload_type, request.payload)
    room.chat_allowance.require(peer.admission.participant_id, request.ByteSize())
    message = room.chat.add(
        peer_id=peer.id,
        user_id=peer.admission.participant_id,
        name=peer.name,
        payload_type=request.payload_type,
        payload=request.payload,
        time_s=room.clock.time_s(),
        targets=sorted({*request.peer_ids, peer.admission.participant_id}),
    )
    response = chat_pb2.SendChatMessageToPeersResponse(message=message)
    _push_visible(room, ChatEvent.SEND_TO_PEERS, response, message, but=peer)
    return response


async def edit(room: Room, peer: Peer, request: chat_pb2.EditChatMessageRequest) -> chat_pb2.EditChatMessageResponse:
    peer.require_rate(request.ByteSize())
    old = _own(room, peer, request.chat_id)
    chat = peer.permissions.chat
    payload = request.payload if request.HasField("payload") else old.payload
    payload_type = request.payload_type if request.HasField("payload_type") else old.payload_type
    _require_sending(chat.private if old.target_user_ids else chat.public, payload_type, payload)
    room.chat_allowance.require(peer.admission.participant_id, request.ByteSize())
    message = room.chat.replace(
        old.chat_id,
        payload=payload,
        payload_type=payload_type,
        pinned=request.pinned if request.HasField("pinned") else None,
    )
    response = chat_pb2.EditChatMessageResponse(message=message)
    _push_visible(room, ChatEvent.EDIT_MESSAGE, response, message, but=peer)
    return response


async def delete(
    room: Room, peer: Peer, request: chat_pb2.DeleteChatMessageRequest
) -> chat_pb2.DeleteChatMessageResponse:
    peer.require_rate()
    message = _own(room, peer, request.chat_id)
    room.chat.delete(message.chat_id)
    response = chat_pb2.DeleteChatMessageResponse(chat_id=message.chat_id)
    _push_visible(room, ChatEvent.DELETE_MESSAGE, response, message, but=peer)
    return response


async def pin(room: Room, peer: Peer, request: chat_pb2.PinChatMessageRequest) -> chat_pb2.PinChatMessageResponse:
    """Whoever may write may pin."""
    peer.require_rate()
    if not peer.permissions.chat.public.can_send:
        raise NotPermitted("the preset does not allow writing")
    if not _readable(room.chat.get(request.chat_id), peer):
        raise NotPermitted("the message is somebody else's")
    message = room.chat.replace(request.chat_id, pinned=request.pinned)
    response = chat_pb2.PinChatMessageResponse(chat_id=message.chat_id, pinned=message.pinned, message=message)
    _push_visible(room, ChatEvent.PIN_MESSAGE, response, message, but=peer)
    return response


def _push_visible(room: Room, event: ChatEvent, response: Message, message: chat_pb2.ChatMessage, *, but: Peer) -> None:
    room.push(event, response, (each for each in room.joined_peers(but=but) if _readable(message, each)))


def _readable(message: chat_pb2.ChatMessage, peer: Peer) -> bool:
    return visible(message, peer.admission.participant_id, private=_receives_private(peer))


def _receives_private(peer: Peer) -> bool:
    return peer.permissions.chat.private.can_receive


def _own(room: Room, peer: Peer, chat_id: str) -> chat_pb2.ChatMessage:
    message = room.chat.get(chat_id)
    if message.user_id != peer.admission.participant_id:
        raise NotPermitted("the message is somebody else's")
    return message


def _require_sending(chat: PublicChat | PrivateChat, payload_type: int, payload: str) -> None:
    if not chat.can_send or not (chat.text if payload_type == _TEXT else chat.files):
        raise NotPermitted("the preset does not allow such a message")
    if len(payload) > MAX_PAYLOAD_CHARS:
        raise LimitExceeded("the message is too long")


def _page_size(size: int) -> int:
    return min(max(size, 1), MAX_PAGE)


ROUTES: Routes = {
    ChatEvent.GET_MESSAGES: Route(Empty, get_messages),
    ChatEvent.GET_PAGINATED_MESSAGES: Route(chat_pb2.GetPaginatedChatMessageRoomRequest, get_page),
    ChatEvent.SEARCH_MESSAGES: Route(chat_pb2.SearchChatMessagesRequest, search),
    ChatEvent.SEND_TO_ROOM: Route(chat_pb2.SendChatMessageToRoomRequest, send_to_room),
    ChatEvent.SEND_TO_PEERS: Route(chat_pb2.SendChatMessageToPeersRequest, send_to_peers),
    ChatEvent.EDIT_MESSAGE: Route(chat_pb2.EditChatMessageRequest, edit),
    ChatEvent.DELETE_MESSAGE: Route(chat_pb2.DeleteChatMessageRequest, delete),
    ChatEvent.PIN_MESSAGE: Route(chat_pb2.PinChatMessageRequest, pin),
}
