"""What is to be written of chats, so that no meeting ever waits for the database."""

from dataclasses import dataclass, replace
from itertools import islice

from reelkit.rooms.proto.chat_pb2 import ChatMessage

# Of all meetings together; far more than is written in the minutes that a database may be away.
MAX_QUEUED_BYTES = 64 << 20
# What a row, or a note that one is to be deleted, takes beside its message.
OVERHEAD_BYTES = 256


@dataclass(frozen=True, slots=True)
class Pending:
    """What is to be done to one message: the outcome of all that happened to it since it was written last."""

    session_id: str
    meeting_id: str
    persistent: bool
    chat_id: str
    message: ChatMessage | None
    """As it is to be; None to delete it."""
    new: bool
    """Whether it may not be in the database yet."""

    @property
    def size_bytes(self) -> int:
        return OVERHEAD_BYTES + (self.message.ByteSize() if self.message is not None else 0)

    def then(self, later: "Pending") -> "Pending":
        """Both in one; ``later`` is about the same message."""
        return replace(self, message=later.message)


class ChatQueue:
    """Messages that wait to be written, each once, in the order in which they were first heard of."""

    def __init__(self) -> None:
        self._waiting: dict[str, Pending] = {}
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._waiting)

    def put(self, pending: Pending) -> bool:
        """Adds it, or what it changes about one that waits; False if there is no room for it."""
        known = self._waiting.get(pending.chat_id)
        if known is not None:
            pending = known.then(pending)
        growth = pending.size_bytes - (known.size_bytes if known is not None else 0)
        # What somebody deletes is deleted, come what may.
        if growth > 0 and self._bytes + growth > MAX_QUEUED_BYTES and pending.message is not None:
            return False
        self._waiting[pending.chat_id] = pending
        self._bytes += growth
        return True

    def take(self, count: int) -> list[Pending]:
        """Removes the first ones, up to ``count``."""
        taken = list(islice(self._waiting.values(), count))
        for pending in taken:
            del self._waiting[pending.chat_id]
            self._bytes -= pending.size_bytes
        return taken

    def give_back(self, taken: list[Pending]) -> None:
        """Puts what was taken, and may not have been written, before the rest. What was heard since stays."""
        newer, self._waiting, self._bytes = self._waiting, {}, 0
        for pending in taken:
            self._add(pending)
        for pending in newer.values():
            known = self._waiting.get(pending.chat_id)
            self._add(pending if known is None else known.then(pending))

    def _add(self, pending: Pending) -> None:
        known = self._waiting.get(pending.chat_id)
        self._bytes += pending.size_bytes - (known.size_bytes if known is not None else 0)
        self._waiting[pending.chat_id] = pending
