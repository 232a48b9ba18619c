"""Messages that were written in the chats of sessions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    exists,
    null,
    select,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.sessions import MAX_NAME_LENGTH, SessionRow

# SQLite counts up only an INTEGER.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")


class ChatMessageRow(Base):
    """A message as it is now; ``sequence`` is the order in which messages were written."""

    __tablename__ = "chat_messages"
    __table_args__ = (Index(None, "session_id", "sequence"), Index(None, "meeting_id", "sequence"))

    sequence: Mapped[int] = mapped_column(_Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    session_id: Mapped[str] = mapped_column(ForeignKey("sessions.id"))
    """The session that it was written in."""
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meetings.id"))
    persistent: Mapped[bool]
    """Whether later sessions of the meeting show it."""
    peer_id: Mapped[str] = mapped_column(String(64))
    participant_id: Mapped[str] = mapped_column(Id)
    display_name: Mapped[str] = mapped_column(String(MAX_NAME_LENGTH))
    payload_type: Mapped[int]
    """As in the client protocol: 0 text, 1 image, 2 file, 3 custom."""
    payload: Mapped[str] = mapped_column(Text)
    pinned: Mapped[bool]
    is_edited: Mapped[bool]
    targets: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Participants who may read a private message, its author among them; null for one to everybody."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


@dataclass(frozen=True, slots=True)
class ChatEdit:
    """What can change of a message."""

    payload_type: int
    payload: str
    pinned: bool
    is_edited: bool


class ChatRepository:
    """Chats in one database session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def write(
        self, new: Sequence[ChatMessageRow], edits: Mapping[str, ChatEdit], deleted: Sequence[str]
    ) -> tuple[str, ...]:
        """Stores messages, changes and deletes others by id, as far as they are there. Doing it again does no harm.

        Returns the ids of new messages that could not be stored, because their session is not in the book.
        """
        if deleted:
            await self._session.execute(delete(ChatMessageRow).where(ChatMessageRow.id.in_(deleted)))
        known = await self._by_id([*(row.id for row in new), *edits])
        sessions = await self._known_sessions({row.session_id for row in new})
        for row in new:
            if row.id in known:
                _edit(known[row.id], ChatEdit(row.payload_type, row.payload, row.pinned, row.is_edited))
            elif row.session_id in sessions:
                self._session.add(row)
        for message_id, change in edits.items():
            if message_id in known:
                _edit(known[message_id], change)
        await self._session.flush()
        return tuple(row.id for row in new if row.session_id not in sessions)

    async def has_public(self, session_id: str) -> bool:
        """Whether there is a message to everybody of this session."""
        found = await self._session.scalar(select(ChatMessageRow.sequence).where(*_public(session_id)).limit(1))
        return found is not None

    async def public(self, session_id: str, *, after: int, limit: int) -> tuple[ChatMessageRow, ...]:
        """Messages to everybody of this session whose sequence is above ``after``, in their order."""
        query = select(ChatMessageRow).where(*_public(session_id), ChatMessageRow.sequence > after)
        return tuple(await self._session.scalars(query.order_by(ChatMessageRow.sequence).limit(limit)))

    async def persistent(
        self, meeting_id: str, ended_after: datetime, *, before: int | None, limit: int
    ) -> tuple[ChatMessageRow, ...]:
        """Messages that later sessions show, newest first, below the sequence ``before``: those of sessions that ended
        after a time, or have not ended."""
        query = (
            select(ChatMessageRow)
            .join(SessionRow, SessionRow.id == ChatMessageRow.session_id)
            .where(
                ChatMessageRow.meeting_id == meeting_id,
                ChatMessageRow.persistent,
                SessionRow.ended_at.is_(None) | (SessionRow.ended_at > ended_after),
            )
        )
        if before is not None:
            query = query.where(ChatMessageRow.sequence < before)
        return tuple(await self._session.scalars(query.order_by(ChatMessageRow.sequence.desc()).limit(limit)))

    async def erase(self, session_id: str) -> tuple[str, ...]:
        """Deletes all messages of a session; returns their ids."""
        erased = tuple(
            await self._session.scalars(select(ChatMessageRow.id).where(ChatMessageRow.session_id == session_id))
        )
        await self.delete_of([session_id])
        return erased

    async def sessions_ended_before(self, moment: datetime, limit: int) -> tuple[str, ...]:
        """Some of the sessions that have messages and were over at that time."""
        written = exists().where(ChatMessageRow.session_id == SessionRow.id)
        query = select(SessionRow.id).where(SessionRow.ended_at <= moment, written)
        return tuple(await self._session.scalars(query.limit(limit)))

    async def delete_of(self, session_ids: Sequence[str]) -> None:
        """Deletes all messages of these sessions."""
        await self._session.execute(delete(ChatMessageRow).where(ChatMessageRow.session_id.in_(session_ids)))

    async def _by_id(self, message_ids: Sequence[str]) -> dict[str, ChatMessageRow]:
        if not message_ids:
            return {}
        rows = await self._session.scalars(select(ChatMessageRow).where(ChatMessageRow.id.in_(message_ids)))
        return {row.id: row for row in rows}

    async def _known_sessions(self, session_ids: set[str]) -> set[str]:
        if not session_ids:
            return set()
        return set(await self._session.scalars(select(SessionRow.id).where(SessionRow.id.in_(session_ids))))


def _public(session_id: str) -> tuple[ColumnElement[bool], ...]:
    return ChatMessageRow.session_id == session_id, ChatMessageRow.targets.is_(null())


def _edit(row: ChatMessageRow, change: ChatEdit) -> None:
    row.payload_type, row.payload = change.payload_type, change.payload
    row.pinned, row.is_edited = change.pinned, change.is_edited
