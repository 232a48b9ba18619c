"""The chat of one session, kept in memory."""

import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from reelkit.rooms.errors import NotFound
from reelkit.rooms.proto.chat_pb2 import ChatMessage

# The oldest messages are forgotten first. Every client asks for all of them when it joins, so together they must fit
# into one message, well below what a connection queues before it cuts its client off.
MAX_MESSAGES = 5_000
MAX_TOTAL_BYTES = 2 << 20
MS_PER_S = 1_000

Filter = Callable[[ChatMessage], bool]


@dataclass(frozen=True, slots=True)
class ChatChange:
    """What somebody did to a message: wrote it (nothing was ``before``), deleted it (nothing is ``after``) or changed
    it."""

    chat_id: str
    before: ChatMessage | None
    after: ChatMessage | None


Listener = Callable[[ChatChange], None]
"""Is told of each change before anybody else. It must return at once and raise nothing."""


class Chat:
    """Messages in the order in which they were sent. Messages go out as they are kept, so nobody may change them.

    ``changed`` hears what people do, not what is forgotten for want of room.
    """

    def __init__(self, changed: Listener | None = None) -> None:
        self._messages: dict[str, ChatMessage] = {}
        self._total_bytes = 0
        self._changed = changed

    def restore(self, messages: Iterable[ChatMessage]) -> None:
        """Puts in what was written before this session, oldest first; nobody is told."""
        for message in messages:
            self._put(message)

    def withdraw(self, chat_ids: Iterable[str]) -> list[ChatMessage]:
        """Takes out those of these messages that are there, and returns them; nobody is told."""
        withdrawn = [self._messages[chat_id] for chat_id in chat_ids if chat_id in self._messages]
        for message in withdrawn:
            self._forget(message.chat_id)
        return withdrawn

    def add(
        self,
        *,
        peer_id: str,
        user_id: str,
        name: str,
        payload_type: int,
        payload: str,
        time_s: float,
        targets: Iterable[str] = (),
    ) -> ChatMessage:
        """Appends a message; ``targets`` are the user ids of a private one."""
        message = ChatMessage(
            chat_id=str(uuid.uuid4()),
            peer_id=peer_id,
            user_id=user_id,
            display_name=name,
            payload_type=payload_type,
            payload=payload,
            target_user_ids=targets,
            created_at=int(time_s),
            created_at_ms=int(time_s * MS_PER_S),
        )
        self._put(message)
        self._tell(ChatChange(message.chat_id, None, message))
        return message

    def visible_to(self, user_id: str, *, private: bool = True) -> list[ChatMessage]:
        """What a user may read; without ``private`` no private message but their own."""
        return [message for message in self._messages.values() if visible(message, user_id, private=private)]

    def get(self, chat_id: str) -> ChatMessage:
        """Raises NotFound."""
        try:
            return self._messages[chat_id]
        except KeyError:
            raise NotFound("no such chat message") from None

    def replace(
        self,
        chat_id: str,
        *,
        payload: str | None = None,
        payload_type: int | None = None,
        pinned: bool | None = None,
    ) -> ChatMessage:
        """Changes a message and returns the new one. Raises NotFound."""
        before = self.get(chat_id)
        message = ChatMessage()
        message.CopyFrom(before)
        if payload is not None:
            message.payload = payload
            message.is_edited = True
        if payload_type is not None:
            message.payload_type = payload_type
        if pinned is not None:
            message.pinned = pinned
        self._put(message)
        self._tell(ChatChange(chat_id, before, message))
        return message

    def delete(self, chat_id: str) -> None:
        """Raises NotFound."""
        before = self.get(chat_id)
        self._forget(chat_id)
        self._tell(ChatChange(chat_id, before, None))

    def _tell(self, change: ChatChange) -> None:
        if self._changed is not None:
            self._changed(change)

    def _forget(self, chat_id: str) -> None:
        self._total_bytes -= self.get(chat_id).ByteSize()
        del self._messages[chat_id]

    def _put(self, message: ChatMessage) -> None:
        """Adds a message, or replaces it in its place."""
        old = self._messages.get(message.chat_id)
        self._messages[message.chat_id] = message
        self._total_bytes += message.ByteSize() - (old.ByteSize() if old is not None else 0)
        while len(self._messages) > MAX_MESSAGES or self._total_bytes > MAX_TOTAL_BYTES:
            self._forget(next(iter(self._messages)))

    def page(
        self,
        user_id: str,
        *,
        from_ms: int,
        size: int,
        offset: int,
        backwards: bool,
        wanted: Filter,
        private: bool = True,
    ) -> tuple[list[ChatMessage], bool]:
        """Up to ``size`` messages on one side of a time, the nearest first, and whether there are more."""
        messages = [message for message in self.visible_to(user_id, private=private) if wanted(message)]
        if backwards:
            messages = [message for message in reversed(messages) if message.created_at_ms <= from_ms]
        else:
            messages = [message for message in messages if message.created_at_ms >= from_ms]
        return messages[offset : offset + size], len(messages) > offset + size


def visible(message: ChatMessage, user_id: str, *, private: bool = True) -> bool:
    """Whether a user may read a message; one who may not receive ``private`` ones still reads their own."""
    if not message.target_user_ids or user_id == message.user_id:
        return True
    return private and user_id in message.target_user_ids
