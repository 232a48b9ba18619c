"""What happens in rooms, as control hears of it."""

import structlog

from reelkit.control.chat_book import ChatBook
from reelkit.control.livestreamer import Livestreamer
from reelkit.control.on_start import OnStart
from reelkit.control.page_recorder import PageRecorder
from reelkit.control.portraits import Portraits
from reelkit.control.ports import Room
from reelkit.control.recorder import Recorder
from reelkit.control.retention import Retention
from reelkit.control.sessions import SessionBook
from reelkit.control.webhooks.events import EndReason
from reelkit.db.errors import DatabaseError
from reelkit.rooms.chat import ChatChange
from reelkit.rooms.peer import PeerInfo
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)


class MeetingObserver:
    """Implements :class:`reelkit.rooms.observer.RoomObserver`.

    It keeps the book of sessions, watches for empty meetings, and starts the recording of meetings that want one from
    the first join. A database that refuses costs lines of the book, never the meeting. It never waits for a change of
    a recording, because such a change may be waiting for the room that calls.
    """

    def __init__(
        self,
        *,
        sessions: SessionBook,
        chats: ChatBook,
        on_start: OnStart,
        livestreams: Livestreamer,
        recorder: Recorder,
        pages: PageRecorder,
        portraits: Portraits,
        retention: Retention,
    ) -> None:
        self._sessions = sessions
        self._chats = chats
        self._on_start = on_start
        self._livestreams = livestreams
        self._recorder = recorder
        self._pages = pages
        self._portraits = portraits
        self._retention = retention
        self._tasks = TaskOwner("observer")
        self._seen: set[str] = set()
        """Sessions in which somebody visible has been."""

    async def session_started(self, room: Room) -> None:
        """Enters it into the book, and gives it the chat that its meeting persists."""
        try:
            await self._sessions.open(room)
        except DatabaseError as error:
            self._log_refusal(room, error)
        try:
            await self._chats.open(room)
        except DatabaseError as error:
            log.error("a chat begins empty", session_id=room.session_id, reason=error.message)  # noqa: TRY400

    async def session_ended(self, room: Room) -> None:
        """Ends what was left of its recordings, and deletes its capture if nobody needs it."""
        self._seen.discard(room.session_id)
        self._recorder.room_ended(room)
        self._pages.room_ended(room)
        self._livestreams.room_ended(room)
        await self._portraits.session_ended(room.session_id)
        try:
            # Before the end, which tells where the chat can be downloaded.
            await self._chats.close(room)
        except DatabaseError as error:
            log.error("a chat waits for the database", session_id=room.session_id, reason=error.message)  # noqa: TRY400
        try:
            reason = EndReason.HOST_ENDED_MEETING if room.ended_by_host else EndReason.ALL_PARTICIPANTS_LEFT
            await self._sessions.end(room.session_id, reason=reason)
            await self._retention.release(room.session_id)
        except DatabaseError as error:
            self._log_refusal(room, error)

    async def peer_joined(self, room: Room, peer: PeerInfo) -> None:
        """The first visible peer of a session starts the recording of a ``record_on_start`` meeting."""
        self._recorder.presence_changed(room)
        self._livestreams.presence_changed(room)
        if self._recorder.is_filming(room) or self._livestreams.is_streaming(room):
            self._portraits.fetch(room, peer)
        try:
            await self._sessions.joined(room, peer)
        except DatabaseError as error:
            self._log_refusal(room, error)
        if not peer.hidden and room.session_id not in self._seen:
            self._seen.add(room.session_id)
            self._tasks.spawn(
                self._on_start.run(room, is_live=lambda: room.session_id in self._seen),
                f"on-start-{room.session_id}",
            )

    async def peer_left(self, room: Room, peer: PeerInfo) -> None:
        self._recorder.presence_changed(room)
        self._livestreams.presence_changed(room)
        self._portraits.left(room, peer)
        try:
            await self._sessions.left(room, peer)
        except DatabaseError as error:
            self._log_refusal(room, error)

    def chat_changed(self, room: Room, change: ChatChange) -> None:
        """It is written in a moment."""
        self._chats.changed(room, change)

    async def sfu_lost(self, room: Room) -> None:
        """Recordings go on: the room switches them on again in the new Janus, and the film shows what is there."""
        log.warning("the SFU was lost under a live session", session_id=room.session_id, meeting_id=room.meeting_id)

    async def close(self) -> None:
        """Waits for nothing: what it started in the background is cancelled."""
        await self._tasks.close()

    def _log_refusal(self, room: Room, error: DatabaseError) -> None:
        log.error("the book of sessions was not written", session_id=room.session_id, reason=error.message)
