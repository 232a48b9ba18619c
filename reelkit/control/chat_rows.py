"""Chat messages between the client protocol and the database."""

from reelkit.clock import utc
from reelkit.control.chat_queue import Pending
from reelkit.db.chats import ChatEdit, ChatMessageRow
from reelkit.db.sessions import MAX_NAME_LENGTH
from reelkit.rooms.chat import MS_PER_S
from reelkit.rooms.proto.chat_pb2 import ChatMessage


def edit_of(message: ChatMessage) -> ChatEdit:
    """What may have changed of a message."""
    return ChatEdit(message.payload_type, _storable(message.payload), message.pinned, message.is_edited)


def row_of(pending: Pending, message: ChatMessage) -> ChatMessageRow:
    """A new row."""
    return ChatMessageRow(
        id=message.chat_id,
        session_id=pending.session_id,
        meeting_id=pending.meeting_id,
        persistent=pending.persistent,
        peer_id=message.peer_id,
        participant_id=message.user_id,
        display_name=_storable(message.display_name)[:MAX_NAME_LENGTH],
        payload_type=message.payload_type,
        payload=_storable(message.payload),
        pinned=message.pinned,
        is_edited=message.is_edited,
        targets=[_storable(target) for target in message.target_user_ids] or None,
        created_at=utc(message.created_at_ms / MS_PER_S),
    )


def message_of(row: ChatMessageRow) -> ChatMessage:
    """The message as clients get it."""
    created_at_ms = round(row.created_at.timestamp() * MS_PER_S)
    return ChatMessage(
        chat_id=row.id,
        peer_id=row.peer_id,
        user_id=row.participant_id,
        display_name=row.display_name,
        payload_type=row.payload_type,
        payload=row.payload,
        pinned=row.pinned,
        is_edited=row.is_edited,
        target_user_ids=row.targets or (),
        created_at=created_at_ms // MS_PER_S,
        created_at_ms=created_at_ms,
    )


def _storable(text: str) -> str:
    # PostgreSQL cannot hold the character.
    return text.replace("\0", "\ufffd")
