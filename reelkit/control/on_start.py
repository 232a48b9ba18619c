"""What meetings want from their start: a recording (``record_on_start``), a livestream (``live_stream_on_start``)."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from reelkit.clock import Clock
from reelkit.control.errors import Conflict, ControlError
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.livestreams import LivestreamService
from reelkit.control.meetings import Meeting, MeetingService
from reelkit.control.ports import Room
from reelkit.control.recording import StartReason
from reelkit.control.recording_params import RecordingParams
from reelkit.control.recordings import RecordingService
from reelkit.db.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

# What may be over soon is tried again after so long, then after twice as long each time: nobody else would.
RETRY_FIRST_S = 2.0
RETRY_MAX_S = 30.0


class OnStart:
    """Starts it, again and again where something is out of order for now."""

    def __init__(
        self, clock: Clock, meetings: MeetingService, recordings: RecordingService, livestreams: LivestreamService
    ) -> None:
        self._clock = clock
        self._meetings = meetings
        self._recordings = recordings
        self._livestreams = livestreams

    async def run(self, room: Room, *, is_live: Callable[[], bool]) -> None:
        """Call it once in a session, when somebody visible has come in; it ends once what the meeting wants has
        started, or cannot start, or ``is_live`` says that the session is over. A recording that cannot be is told by an
        ERRORED one, as there is no caller to be told. While nobody is there it waits: the film would be one of an empty
        room."""
        await asyncio.gather(
            self._persist(room, is_live, "recording", self._record, self._give_up_recording),
            self._persist(room, is_live, "livestream", self._stream, self._give_up_livestream),
        )

    async def _persist(
        self,
        room: Room,
        is_live: Callable[[], bool],
        what: str,
        start: Callable[[Meeting], Awaitable[None]],
        give_up: Callable[[Room, str], Awaitable[None]],
    ) -> None:
        delay_s = RETRY_FIRST_S
        told = log.bind(meeting_id=room.meeting_id, what=what)
        while is_live():
            try:
                if room.visible_peer_count > 0:
                    await start(await self._meetings.by_id(room.meeting_id))
                    return
            except Conflict as error:
                # Somebody was quicker, which is as good.
                told.info("a meeting has from its start what it wants", reason=error.message)
                return
            except (ControlError, DatabaseUnavailable) as error:
                if not error.retry:
                    told.error("a meeting cannot have from its start what it wants", reason=error.message)
                    await give_up(room, error.message)
                    return
                told.warning("a meeting cannot have yet what it wants from its start", reason=error.message)
            await self._clock.sleep(delay_s)
            delay_s = min(2 * delay_s, RETRY_MAX_S)
        told.error("a meeting was over before it had what it wanted from its start")

    async def _record(self, meeting: Meeting) -> None:
        if meeting.record_on_start and meeting.active:
            params = RecordingParams(meeting_id=meeting.id)
            await self._recordings.start(meeting.app_id, params, None, reason=StartReason.RECORD_ON_START)

    async def _stream(self, meeting: Meeting) -> None:
        if meeting.live_stream_on_start and meeting.active:
            await self._livestreams.start(meeting.app_id, meeting.id, LivestreamParams())

    async def _give_up_recording(self, room: Room, reason: str) -> None:
        try:
            await self._recordings.leave_failed(await self._meetings.by_id(room.meeting_id), reason)
        except (ControlError, DatabaseUnavailable) as error:
            log.error("a failed recording was not stored", meeting_id=room.meeting_id, reason=error.message)  # noqa: TRY400

    async def _give_up_livestream(self, room: Room, reason: str) -> None:
        """The log has it already."""
