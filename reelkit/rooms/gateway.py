"""The door to all meetings."""

import asyncio
import shutil
import uuid
from pathlib import Path

import structlog

from reelkit.capture.journal import JournalWriter
from reelkit.capture.layout import JOURNAL_FILE, RTP_DIR
from reelkit.clock import Clock
from reelkit.rooms import membership, sfu_loss
from reelkit.rooms.admission import Admission
from reelkit.rooms.connection import CloseCode, Connection
from reelkit.rooms.dispatcher import Dispatcher
from reelkit.rooms.errors import LimitExceeded, PeerRefused, RoomClosed
from reelkit.rooms.observer import RoomObserver
from reelkit.rooms.peer import Peer
from reelkit.rooms.room import Room
from reelkit.rooms.tasks import TaskOwner
from reelkit.rooms.websocket import Socket, SocketClosed
from reelkit.settings import Settings
from reelkit.sfu import Sfu, SfuError

log = structlog.get_logger(__name__)

# Closing handshakes of many websockets at once.
CLOSE_TIMEOUT_S = 5.0
# RealtimeKit's own default of a meeting.
SESSION_KEEP_ALIVE_S = 60.0


class Gateway:
    """Holds the live rooms, one for each meeting at most, and serves the clients' websockets."""

    def __init__(self, sfu: Sfu, settings: Settings, clock: Clock, captures_dir: Path, observer: RoomObserver) -> None:
        self._sfu = sfu
        self._settings = settings
        self._clock = clock
        self._captures_dir = captures_dir
        self._observer = observer
        self._rooms: dict[str, Room] = {}
        self._tasks = TaskOwner("gateway")
        self._opening = asyncio.Lock()
        self._sfu_changes = asyncio.Lock()
        self._closed = False
        self._shut_out: set[str] = set()
        self._serving = 0
        self._idle = asyncio.Event()
        self._idle.set()
        sfu.on_lost(self._sfu_lost)
        sfu.on_restored(self._sfu_restored)

    def room_of(self, meeting_id: str) -> Room | None:
        """The room of a meeting's live session."""
        room = self._rooms.get(meeting_id)
        return room if room is not None and room.life.begun else None

    def rooms(self) -> list[Room]:
        """Every room with a live session."""
        return [room for room in self._rooms.values() if room.life.begun]

    async def open_room(
        self,
        meeting_id: str,
        title: str,
        *,
        organization_id: str = "",
        session_keep_alive_s: float = SESSION_KEEP_ALIVE_S,
    ) -> Room:
        """The live session of a meeting; one begins if there is none, with nobody in it.

        Raises SfuError, RoomClosed while the gateway closes, OSError if the capture cannot be written.
        """
        room = await self._room(meeting_id, title, organization_id, session_keep_alive_s)
        room.life.opened()
        await room.life.begin()
        return room

    async def remove_participant(self, meeting_id: str, participant_id: str) -> None:
        """Removes every peer of a participant who was shut out of the meeting, and lets no more of them in."""
        # A client on its way in may have been admitted before.
        self._shut_out.add(participant_id)
        room = self._rooms.get(meeting_id)
        if room is not None:
            for peer in list(room.members.values()):
                if peer.admission.participant_id == participant_id:
                    await membership.kick(room, peer)

    async def serve(self, socket: Socket, admission: Admission) -> None:
        """Serves one websocket until it closes."""
        self._serving += 1
        self._idle.clear()
        try:
            await self._serve(socket, admission)
        finally:
            self._serving -= 1
            if self._serving == 0:
                self._idle.set()

    async def _serve(self, socket: Socket, admission: Admission) -> None:
        try:
            room = await self._room(
                admission.meeting_id,
                admission.meeting_title,
                admission.organization_id,
                admission.session_keep_alive_s,
            )
        except (SfuError, RoomClosed, OSError) as error:
            log.warning("a client cannot be served now", meeting_id=admission.meeting_id, error=str(error))
            await _turn_away(socket, CloseCode.TRY_AGAIN)
            return
        connection = Connection(socket, self._settings.rooms, self._clock)
        try:
            peer = self._attach(room, admission, connection)
        except (PeerRefused, LimitExceeded) as error:
            room.log.info("a client is not let in", error=str(error))
            await _turn_away(socket, CloseCode.TRY_AGAIN if isinstance(error, LimitExceeded) else CloseCode.POLICY)
            return
        code: int = CloseCode.INTERNAL_ERROR
        try:
            code = await connection.run(Dispatcher(room, peer, connection).receive)
        finally:
            await self._tasks.shielded(membership.detach(room, peer, connection, code), "detach")

    def _attach(self, room: Room, admission: Admission, connection: Connection) -> Peer:
        if admission.participant_id in self._shut_out:
            raise PeerRefused("the participant was shut out")
        return membership.attach(room, admission, connection)

    async def close(self) -> None:
        """Ends every session and closes every websocket in a way that makes the SDK connect again later."""
        self._closed = True
        async with self._opening:
            ends = [room.life.end(CloseCode.RESTARTING) for room in self._rooms.values()]
            for outcome in await asyncio.gather(*ends, return_exceptions=True):
                if isinstance(outcome, BaseException):
                    log.error("a session did not end cleanly", exc_info=outcome)
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            log.warning("websockets are still open", count=self._serving)
        await self._tasks.close()

    async def _room(self, meeting_id: str, title: str, organization_id: str, keep_alive_s: float) -> Room:
        async with self._opening:
            room = self._rooms.get(meeting_id)
            if room is not None:
                return room
            if self._closed:
                raise RoomClosed("the server is stopping")
            session_id = str(uuid.uuid4())
            capture_dir = self._captures_dir / session_id
            journal = JournalWriter(
                capture_dir / JOURNAL_FILE, self._clock, self._settings.capture.journal_fsync_interval_s
            )
            try:
                sfu_room = await self._sfu.create_room(session_id, capture_dir / RTP_DIR)
            except BaseException:
                journal.close()
                shutil.rmtree(capture_dir)
                raise
            room = self._rooms[meeting_id] = Room(
                session_id=session_id,
                meeting_id=meeting_id,
                title=title,
                organization_id=organization_id,
                capture_dir=capture_dir,
                journal=journal,
                sfu=sfu_room,
                settings=self._settings.rooms,
                clock=self._clock,
                observer=self._observer,
                keep_alive_s=keep_alive_s,
                forget=self._forget,
            )
            return room

    def _forget(self, room: Room) -> None:
        if self._rooms.get(room.meeting_id) is room:
            del self._rooms[room.meeting_id]

    async def _sfu_lost(self, reason: str) -> None:
        async with self._sfu_changes:
            for room in list(self._rooms.values()):
                sfu_loss.lose(room, reason)

    async def _sfu_restored(self) -> None:
        async with self._sfu_changes:
            for room in list(self._rooms.values()):
                if room.sfu is None and not room.life.ended:
                    await self._restore(room)

    async def _restore(self, room: Room) -> None:
        try:
            sfu_room = await self._sfu.create_room(room.session_id, room.capture_dir / RTP_DIR)
            if room.life.ended:
                await sfu_room.destroy()
            else:
                await sfu_loss.restore(room, sfu_room)
        except SfuError as error:
            # Janus died again, most likely: then its next successor comes by here.
            room.log.warning("the session has no media", error=str(error))


async def _turn_away(socket: Socket, code: int) -> None:
    try:
        await socket.close(code)
    except SocketClosed:
        log.debug("a client that is turned away has gone already")
