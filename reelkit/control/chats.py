"""The chats of sessions, as callers get them."""

import asyncio
from collections.abc import AsyncIterator

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control import chat_csv
from reelkit.control.chat_book import ChatBook
from reelkit.control.chat_links import ChatLink, ChatLinks
from reelkit.control.errors import Conflict, NotFound
from reelkit.db import Database
from reelkit.db.chats import ChatRepository
from reelkit.db.sessions import SessionRepository, SessionRow

log = structlog.get_logger(__name__)

# A message is up to 128 KiB.
_MESSAGES_AT_ONCE = 100
_NO_SESSION = "there is no such session in this app"


class ChatService:
    """What was written in sessions for everybody to read. All methods raise DatabaseError."""

    def __init__(self, database: Database, clock: Clock, book: ChatBook, links: ChatLinks) -> None:
        self._database = database
        self._clock = clock
        self._book = book
        self._links = links

    async def link(self, app_id: str, session_id: str) -> ChatLink:
        """Where the chat of a session can be downloaded; of a live one, what there is by then.

        Raises NotFound, also for another app's session, and where nothing was written or is kept.
        """
        await self._book.flush()
        async with self._database.session() as session:
            row = await self._found(session, app_id, session_id)
            return self._links.to(row.app_id, row.id, row.ended_at)

    async def csv(self, app_id: str, session_id: str, *, spreadsheet: bool) -> AsyncIterator[bytes]:
        """The chat of a session in pieces of CSV. Raises NotFound as :meth:`link` does, before the first piece."""
        await self._book.flush()
        async with self._database.session() as session:
            row = await self._found(session, app_id, session_id)
        return self._pieces(row.id, spreadsheet=spreadsheet)

    async def erase(self, app_id: str, session_id: str) -> int:
        """Deletes what is kept of a session's chat, private messages included, also from a later session that shows it;
        returns how many messages.

        Raises NotFound, also for another app's session, and Conflict while the session goes on.
        """
        await self._book.flush()
        async with self._database.transaction() as session:
            row = await SessionRepository(session).get(session_id)
            if row is None or row.app_id != app_id:
                raise NotFound(_NO_SESSION)
            if row.ended_at is None:
                raise Conflict("the session goes on: its chat can be erased once it has ended")
            erased = await ChatRepository(session).erase(session_id)
        self._book.withdraw(row.meeting_id, erased)
        log.info("a chat is erased", session_id=session_id, messages=len(erased))
        return len(erased)

    async def _pieces(self, session_id: str, *, spreadsheet: bool) -> AsyncIterator[bytes]:
        yield chat_csv.head(spreadsheet=spreadsheet).encode()
        after = 0
        while True:
            # A slow client does not hold a connection to the database.
            async with self._database.session() as session:
                rows = await ChatRepository(session).public(session_id, after=after, limit=_MESSAGES_AT_ONCE)
            if not rows:
                return
            after = rows[-1].sequence
            # Of long messages it takes longer than any meeting should wait.
            lines = await asyncio.to_thread(chat_csv.lines, rows, spreadsheet=spreadsheet)
            yield lines.encode()

    async def _found(self, session: AsyncSession, app_id: str, session_id: str) -> SessionRow:
        row = await SessionRepository(session).get(session_id)
        if row is None or row.app_id != app_id:
            raise NotFound(_NO_SESSION)
        if row.ended_at is not None and self._links.gone_at(row.ended_at) <= utc(self._clock.time_s()):
            raise NotFound("the session's chat is no longer kept")
        if not await ChatRepository(session).has_public(session_id):
            raise NotFound("nothing was written in the session's chat, or nothing that everybody may read")
        return row
