"""What clients hear of the chat without anybody in the room having done it."""

from collections.abc import Collection
from typing import TYPE_CHECKING

from reelkit.rooms.chat import visible
from reelkit.rooms.events import ChatEvent
from reelkit.rooms.proto.chat_pb2 import DeleteChatMessageResponse

if TYPE_CHECKING:
    from reelkit.rooms.room import Room


def withdraw(room: "Room", chat_ids: Collection[str]) -> None:
    """Takes those of these messages away that the room shows; clients hear it as a deletion."""
    for message in room.chat.withdraw(chat_ids):
        readers = (peer for peer in room.joined_peers() if visible(message, peer.admission.participant_id))
        room.push(ChatEvent.DELETE_MESSAGE, DeleteChatMessageResponse(chat_id=message.chat_id), readers)
