"""The life of a session: it begins with the first join and ends some time after the last leave."""

import asyncio
import shutil
from collections.abc import Callable
from typing import TYPE_CHECKING

from reelkit.capture.events import SessionEnded, SessionStarted
from reelkit.rooms import membership
from reelkit.rooms.connection import CloseCode
from reelkit.rooms.errors import MediaUnavailable, RoomClosed
from reelkit.sfu import SfuError

if TYPE_CHECKING:
    from reelkit.rooms.room import Room

# How long a room is kept for the recording that it was opened for, however short the meeting's own time is.
OPENED_S = 10.0


class SessionLife:
    """Decides when a room's session begins and ends.

    Clients set up their media before they join. Until the first of them joins there is a room but no session: if all
    of them go away nothing is left of it.
    """

    def __init__(self, room: "Room", keep_alive_s: float, forget: "Callable[[Room], None]") -> None:
        self._room = room
        self._keep_alive_s = keep_alive_s
        self._forget = forget
        self._beginning = asyncio.Lock()
        self._timer: asyncio.Task[None] | None = None
        self._opened_until_s = room.clock.monotonic_s()
        self._holders: set[str] = set()
        self.begun = False
        self.ended = False
        self.started_at_s = room.clock.time_s()

    def keep_alive_for(self, keep_alive_s: float) -> None:
        """What the newest admission says about the meeting."""
        self._keep_alive_s = keep_alive_s

    def opened(self) -> None:
        """Somebody is about to record: the session does not end before they had the time to begin."""
        self._opened_until_s = self._room.clock.monotonic_s() + OPENED_S

    def hold(self, recording_id: str) -> None:
        """A recording is awaited, for longer than it takes to switch one on."""
        self._holders.add(recording_id)
        self.reconsider()

    def release(self, recording_id: str) -> None:
        """It is not awaited any more."""
        self._holders.discard(recording_id)
        self.reconsider()

    def require_open(self) -> None:
        """Raises RoomClosed."""
        if self.ended:
            raise RoomClosed("the session has ended", session_id=self._room.session_id)

    async def begin(self) -> None:
        """Begins the session unless it has begun, also if the caller is cancelled meanwhile. Raises RoomClosed."""
        await self._room.tasks.shielded(self._begin(), "begin")

    async def _begin(self) -> None:
        room = self._room
        try:
            async with self._beginning:
                self.require_open()
                if self.begun:
                    return
                self.started_at_s = room.clock.time_s()
                await room.observer.session_started(room)
                room.record(
                    SessionStarted(
                        time_s=self.started_at_s,
                        session_id=room.session_id,
                        meeting_id=room.meeting_id,
                        title=room.title,
                    )
                )
                self.begun = True
                room.log.info("session started")
        finally:
            self.reconsider()

    def reconsider(self) -> None:
        """Call it when somebody came or went or a recording began or stopped: starts or stops the wait for the end."""
        if self.ended:
            return
        if not self._deserted():
            if self._timer is not None:
                self._timer.cancel()
                self._timer = None
        elif self._timer is None:
            self._timer = self._room.tasks.spawn(self._expire(), "keep-alive")

    def _deserted(self) -> bool:
        room = self._room
        if room.capture.needed or self._holders or self._beginning.locked():
            return False
        return not any(room.joined_peers()) if self.begun else not room.members

    async def end(self, code: CloseCode = CloseCode.SESSION_ENDED) -> None:
        """Ends the session now: closes every socket with ``code``, the SFU's room and the journal; once."""
        if self.ended:
            return
        self.ended = True
        room = self._room
        self._forget(room)
        for peer in list(room.members.values()):
            if peer.connection is not None:
                # Whoever was about to join comes back by itself and finds the next session.
                peer.connection.close(code)
            await membership.remove(room, peer)
        await room.tasks.close()
        try:
            await room.require_sfu().destroy()
        except (MediaUnavailable, SfuError) as error:
            room.log.warning("the SFU's room could not be destroyed", error=str(error))
        if self.begun:
            room.record(SessionEnded(time_s=room.clock.time_s()), durable=True)
        room.journal.close()
        if self.begun:
            await room.observer.session_ended(room)
            room.log.info("session ended")
        else:
            shutil.rmtree(room.capture_dir)

    async def _expire(self) -> None:
        if self.begun:
            await self._room.clock.sleep(self._keep_alive_s)
        while (opened_s := self._opened_until_s - self._room.clock.monotonic_s()) > 0:
            await self._room.clock.sleep(opened_s)
        # A recording may be on the point of beginning.
        if self._deserted():
            await self.end()
        else:
            self._timer = None
