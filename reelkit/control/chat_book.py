"""The book of chats: what is written in meetings is kept in the database, without any meeting waiting for it."""

import asyncio
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import structlog
from prometheus_client import CollectorRegistry, Counter

from reelkit.clock import Clock, utc
from reelkit.control.chat_queue import OVERHEAD_BYTES, ChatQueue, Pending
from reelkit.control.chat_rows import edit_of, message_of, row_of
from reelkit.control.ports import Room
from reelkit.db import Database
from reelkit.db.chats import ChatRepository
from reelkit.db.errors import ConstraintViolated, DatabaseError
from reelkit.db.meetings import MeetingRepository
from reelkit.rooms.chat import MAX_MESSAGES, MAX_TOTAL_BYTES, ChatChange
from reelkit.rooms.proto.chat_pb2 import ChatMessage
from reelkit.settings import ChatSettings

log = structlog.get_logger(__name__)

# What a process that is killed can lose, and how many messages of a lively meeting share one commit.
WRITE_INTERVAL_S = 0.5
# A database that refuses is asked again after this.
RETRY_S = 5.0
# In one transaction; others may want to write too.
_MESSAGES_AT_ONCE = 500
_READ_AT_ONCE = 200
# What setting the two marks of a message, edited and pinned, adds to it.
_MARKS_BYTES = 4


@dataclass
class _Chat:
    """What the book knows of a live session."""

    room: Room
    persistent: bool = False
    size_bytes: int = 0
    full: bool = False
    withdrawn: set[str] | None = None
    """What is erased while the room is being given what earlier sessions have left."""


class ChatBook:
    """Chats in the database.

    Messages to everybody are kept; private ones only where the meeting persists its chat. Messages are kept up to
    ``max_session_bytes`` of each session, edits and deletions are applied to what is kept.
    """

    def __init__(self, database: Database, clock: Clock, settings: ChatSettings, registry: CollectorRegistry) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._queue = ChatQueue()
        self._chats: dict[str, _Chat] = {}
        self._heard = asyncio.Event()
        self._writing = asyncio.Lock()
        self._unkept = Counter(
            "reelkit_chat_unkept", "Chat messages that could not be kept, by reason.", ("reason",), registry=registry
        )

    async def open(self, room: Room) -> None:
        """A session begins. If its meeting persists its chat, the room gets what earlier sessions have left of it.

        Raises DatabaseError; what is written is kept all the same, but not for later sessions.
        """
        chat = self._chats[room.session_id] = _Chat(room)
        async with self._database.session() as session:
            meeting = await MeetingRepository(session).by_id(room.meeting_id)
        if meeting is not None and meeting.persist_chat:
            # The last words of an earlier session may still be on their way.
            await self.flush()
            withdrawn = chat.withdrawn = set()
            try:
                left = await self._left_of(room.meeting_id)
            finally:
                chat.withdrawn = None
            room.chat.restore(message for message in left if message.chat_id not in withdrawn)
            chat.persistent = True

    def changed(self, room: Room, change: ChatChange) -> None:
        """Takes note of what happened; it is written in a moment."""
        chat = self._chats.get(room.session_id)
        message = change.after
        told = message or change.before
        if chat is None or told is None or (told.target_user_ids and not chat.persistent):
            return
        chat.size_bytes += _size_bytes(change.after) - _size_bytes(change.before)
        pending = Pending(
            session_id=room.session_id,
            meeting_id=room.meeting_id,
            persistent=chat.persistent,
            chat_id=change.chat_id,
            message=message,
            new=change.before is None,
        )
        if not self._fits(room, chat, change):
            self._unkept.labels("session_full").inc()
        elif self._queue.put(pending):
            self._heard.set()
            return
        else:
            self._unkept.labels("queue_full").inc()
        # A message is kept as it is or not at all.
        if not pending.new:
            self._queue.put(replace(pending, message=None))
            self._heard.set()

    async def close(self, room: Room) -> None:
        """The session is over: nothing more is written in it. Raises DatabaseError; what waits is not lost by that."""
        self._chats.pop(room.session_id, None)
        await self.flush()

    async def flush(self) -> None:
        """Writes what has happened until now. Raises DatabaseError; what waits is not lost by that."""
        async with self._writing:
            while len(self._queue):
                batch = self._queue.take(_MESSAGES_AT_ONCE)
                try:
                    await self._write(batch)
                except ConstraintViolated as error:
                    # Another try would end the same way.
                    self._unkept.labels("refused").inc(len(batch))
                    log.error("chat messages could not be kept", messages=len(batch), reason=error.message)  # noqa: TRY400
                except BaseException:
                    self._queue.give_back(batch)
                    raise
            self._heard.clear()

    def withdraw(self, meeting_id: str, chat_ids: Collection[str]) -> None:
        """Messages of a meeting were erased: no session of it shows them any more."""
        for chat in list(self._chats.values()):
            if chat.room.meeting_id == meeting_id:
                chat.room.withdraw_chat(chat_ids)
                if chat.withdrawn is not None:
                    chat.withdrawn.update(chat_ids)

    async def run(self) -> None:
        """Writes what happens, for ever."""
        while True:
            await self._heard.wait()
            await self._clock.sleep(WRITE_INTERVAL_S)
            try:
                await self.flush()
            except DatabaseError as error:
                log.error("chats wait for the database", messages=len(self._queue), reason=error.message)  # noqa: TRY400
                await self._clock.sleep(RETRY_S)

    def _fits(self, room: Room, chat: _Chat, change: ChatChange) -> bool:
        if chat.size_bytes <= self._settings.max_session_bytes:
            return True
        if not chat.full:
            chat.full = True
            log.warning("a session's chat is too large to be kept whole", session_id=room.session_id)
        return _size_bytes(change.after) - _size_bytes(change.before) <= _MARKS_BYTES

    async def _write(self, batch: Sequence[Pending]) -> None:
        new = [row_of(each, each.message) for each in batch if each.new and each.message is not None]
        edits = {each.chat_id: edit_of(each.message) for each in batch if not each.new and each.message is not None}
        deleted = [each.chat_id for each in batch if each.message is None]
        async with self._database.transaction() as session:
            unknown = await ChatRepository(session).write(new, edits, deleted)
        if unknown:
            self._unkept.labels("refused").inc(len(unknown))
            log.error("chat messages of an unknown session could not be kept", messages=len(unknown))

    async def _left_of(self, meeting_id: str) -> list[ChatMessage]:
        """The newest messages that a room has room for, oldest first."""
        ended_after = utc(self._clock.time_s()) - timedelta(seconds=self._settings.keep_for_s)
        messages: list[ChatMessage] = []
        total_bytes, before = 0, None
        async with self._database.session() as session:
            repository = ChatRepository(session)
            while len(messages) < MAX_MESSAGES and total_bytes < MAX_TOTAL_BYTES:
                rows = await repository.persistent(meeting_id, ended_after, before=before, limit=_READ_AT_ONCE)
                read = [message_of(row) for row in rows]
                messages += read
                total_bytes += sum(message.ByteSize() for message in read)
                if len(rows) < _READ_AT_ONCE:
                    break
                before = rows[-1].sequence
        return messages[::-1]


def _size_bytes(message: ChatMessage | None) -> int:
    return 0 if message is None else OVERHEAD_BYTES + message.ByteSize()
