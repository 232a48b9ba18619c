"""Running recordings: from the first captured packet to the stop, whoever or whatever asks for it."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.caller import Caller
from reelkit.control.capture_seal import leave_trace
from reelkit.control.delivery import Delivery
from reelkit.control.empty_meetings import EmptyMeetings
from reelkit.control.errors import Unavailable
from reelkit.control.live_recording import LiveRecording
from reelkit.control.meetings import Meeting
from reelkit.control.portraits import Portraits
from reelkit.control.ports import Gateway, Room
from reelkit.control.recording import Recording, RecordingStatus, StopReason
from reelkit.control.recording_plan import RecordingPlan
from reelkit.control.recording_store import RecordingChanges, RecordingStore
from reelkit.control.rooms import open_room_of
from reelkit.control.sessions import SessionBook
from reelkit.control.tasks import NamedLocks
from reelkit.control.timed_metadata import metadata_of
from reelkit.db.errors import DatabaseUnavailable
from reelkit.errors import ReelkitError
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
# What a crash of the server can cost of a meeting in which nothing happens.
TRACE_INTERVAL_S = 1.0
# An end that nobody waits for is tried again so often while the database refuses.
_RETRY_S = 2.0


class Recorder:
    """The recordings of live rooms.

    Whoever changes recordings of a meeting takes the meeting's :meth:`turn` first; the methods that end recordings by
    themselves (:meth:`end` and what uses it) take it on their own.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        store: RecordingStore,
        sessions: SessionBook,
        delivery: Delivery,
        portraits: Portraits,
        empty_meeting_timeout_s: float,
    ) -> None:
        self._clock = clock
        self._store = store
        self._sessions = sessions
        self._delivery = delivery
        self._portraits = portraits
        self._tasks = TaskOwner("recorder")
        self._turns = NamedLocks()
        self._live: dict[str, LiveRecording] = {}
        self._empty = EmptyMeetings(clock, self._tasks, empty_meeting_timeout_s, self._end_empty)
        self._listeners: list[Callable[[str], None]] = []
        self._closing = False

    def turn(self, meeting_id: str) -> AbstractAsyncContextManager[None]:
        """Only one change at a time to the recordings of one meeting."""
        return self._turns.held(meeting_id)

    def require_open(self) -> None:
        """Raises Unavailable when the server is stopping."""
        if self._closing:
            raise Unavailable("the server is stopping")

    def on_stopped(self, listener: Callable[[str], None]) -> None:
        """From now on ``listener`` is told of each recording that has stopped."""
        self._listeners.append(listener)

    def is_filming(self, room: Room) -> bool:
        """Whether a recording of this session's people runs or pauses; one of a page shows what that likes."""
        return any(live.packets and live.room.session_id == room.session_id for live in self._live.values())

    def find(self, recording_id: str) -> LiveRecording | None:
        """A recording that runs or pauses in a room."""
        return self._live.get(recording_id)

    def live(self, recording_id: str) -> LiveRecording:
        """Raises Unavailable for one that runs by its status but has no room: it is being recovered."""
        try:
            return self._live[recording_id]
        except KeyError:
            raise Unavailable("the recording is being recovered after a restart") from None

    async def begin(self, recording: Recording, plan: RecordingPlan, gateway: Gateway, meeting: Meeting) -> Recording:
        """From INVOKED to RECORDING: media is captured when it returns.

        Whatever goes wrong, the recording is ERRORED with the reason and nothing is left switched on. Raises
        Unavailable for what was to be expected.
        """
        room: Room | None = None
        try:
            if plan.media.watermark_png is not None:
                # Before the first packet: a server that dies later finds all that the film needs.
                await self._delivery.store_watermark(recording.id, plan.media.watermark_png)
            room = opened = await open_room_of(gateway, meeting)
            await self._sessions.open(room)
        except (ReelkitError, OSError) as error:
            await self._abandon(recording, room, str(error))
            raise Unavailable(f"the recording could not start: {error}") from error
        except Exception:
            await self._abandon(recording, room, "an internal error")
            raise

        async def start_job() -> None:
            metadata = metadata_of(recording.output_file_name, recording.invoked_at, recording.start_reason)
            render = plan.render_config(recording.id, metadata=metadata)
            await self._delivery.start_job(recording, opened.capture_dir, render, plan.stream)

        return await self.begin_in(opened, recording, plan.max_seconds, start_job)

    async def begin_in(
        self,
        room: Room,
        recording: Recording,
        max_seconds: int,
        start_job: Callable[[], Awaitable[None]] | None = None,
    ) -> Recording:
        """The same in an open room; without ``start_job`` for a recording of which the job runs, and shows what it
        likes: of the meeting it is only marked when it began."""
        try:
            return await self._begin_in(room, recording, max_seconds, start_job)
        except (ReelkitError, OSError) as error:
            await self._abandon(recording, room, str(error))
            raise Unavailable(f"the recording could not start: {error}") from error
        except Exception:
            await self._abandon(recording, room, "an internal error")
            raise

    async def pause(self, live: LiveRecording) -> Recording:
        """Raises Unavailable, DatabaseUnavailable; it goes on then."""
        try:
            await live.pause()
        except ReelkitError as error:
            raise Unavailable(f"the recording could not be paused: {error}") from error
        recording = await self._moved(live, RecordingStatus.PAUSED, otherwise=live.resume)
        await live.announce("PAUSED")
        return recording

    async def resume(self, live: LiveRecording) -> Recording:
        """Raises Unavailable, DatabaseUnavailable; it stays paused then."""
        try:
            await live.resume()
        except ReelkitError as error:
            raise Unavailable(f"the recording could not be resumed: {error}") from error
        recording = await self._moved(live, RecordingStatus.RECORDING, otherwise=live.pause)
        await live.announce("RECORDING")
        return recording

    async def stop(
        self, live: LiveRecording, reason: StopReason, *, caller: Caller | None = None, error: str | None = None
    ) -> Recording:
        """To UPLOADING; the film is finished and delivered in the background. Raises DatabaseUnavailable.

        When the database refuses the recording stays live, though nothing is captured any more: call it again.
        """
        stopped_s = await live.stop()
        recording = await self._store.move(
            live.recording_id,
            RecordingStatus.UPLOADING,
            stopped_at=utc(stopped_s),
            duration_ms=round(live.recorded_s * _MS_PER_S),
            stop_reason=reason,
            stop_caller=caller,
            error=error,
        )
        del self._live[live.recording_id]
        if not self._of_meeting(recording.meeting_id):
            self._empty.update(recording.meeting_id, empty=False)
        for listener in self._listeners:
            listener(live.recording_id)
        await live.announce("STOPPED")
        self._delivery.finish(recording)
        return recording

    async def end(self, recording_id: str, reason: StopReason, error: str | None = None) -> None:
        """Stops a recording for a reason of our own; does nothing if it is not live."""
        while (live := self._live.get(recording_id)) is not None:
            try:
                async with self.turn(live.room.meeting_id):
                    if self._live.get(recording_id) is live:
                        await self.stop(live, reason, error=error)
            except DatabaseUnavailable as refused:
                log.error("a recording's end could not be stored", recording_id=recording_id, reason=refused.message)  # noqa: TRY400
                await self._clock.sleep(_RETRY_S)

    async def end_all(self, error: str) -> None:
        """Ends every recording with what it has, and with ``error`` as the reason."""
        if self._live:
            log.warning("all recordings are ended", reason=error, recordings=len(self._live))
        await asyncio.gather(*(self.end(each, StopReason.INTERNAL_ERROR, error) for each in list(self._live)))

    def presence_changed(self, room: Room) -> None:
        """Somebody came or went: a recorded meeting must not stay empty for long."""
        if self._of_meeting(room.meeting_id):
            self._empty.update(room.meeting_id, empty=room.visible_peer_count == 0)

    def room_ended(self, room: Room) -> None:
        """Ends what was still being recorded there."""
        for live in self._of_meeting(room.meeting_id):
            if live.room.session_id == room.session_id:
                self._tasks.spawn(
                    self.end(live.recording_id, StopReason.INTERNAL_ERROR, "ended early: the session ended"),
                    f"end-{live.recording_id}",
                )

    async def leave_traces(self) -> None:
        """Notes in each recorded room's capture, for ever, that it is still being recorded."""
        while True:
            for capture_dir in {live.room.capture_dir for live in self._live.values()}:
                try:
                    leave_trace(capture_dir, self._clock.time_s())
                except OSError as error:
                    log.warning("a capture's trace was not written", capture=str(capture_dir), reason=str(error))
            await self._clock.sleep(TRACE_INTERVAL_S)

    async def close(self, timeout_s: float) -> None:
        """Stops everything; what cannot be stored in time is left to the recovery at the next start."""
        self._closing = True
        if self._live:
            ending = self._tasks.spawn(self.end_all("ended early: the server was stopped"), "close")
            deadline = asyncio.ensure_future(self._clock.sleep(timeout_s))
            await asyncio.wait({ending, deadline}, return_when=asyncio.FIRST_COMPLETED)
            deadline.cancel()
            await asyncio.wait({deadline})
        await self._tasks.close()

    async def _begin_in(
        self, room: Room, recording: Recording, max_seconds: int, start_job: Callable[[], Awaitable[None]] | None
    ) -> Recording:
        recording_id, packets = recording.id, start_job is not None
        started_s = await room.start_capture(recording_id, packets=packets)
        self.require_open()
        live = LiveRecording(
            recording_id=recording_id,
            room=room,
            packets=packets,
            max_seconds=max_seconds,
            clock=self._clock,
            tasks=self._tasks,
            # The caller who started it had set the limit, if only by leaving it out.
            on_limit=lambda: self.end(recording_id, StopReason.API_CALL),
        )
        self._live[recording_id] = live
        running = await self._store.move(
            recording_id, RecordingStatus.RECORDING, session_id=room.session_id, started_at=utc(started_s)
        )
        await room.announce_recording(recording_id, "RECORDING")
        if start_job is not None:
            await start_job()
        live.opened(started_s)
        self.presence_changed(room)
        if live.packets:
            self._portraits.collect(room)
        return running

    async def _abandon(self, recording: Recording, room: Room | None, reason: str) -> None:
        log.error("a recording could not start", recording_id=recording.id, reason=reason)
        live = self._live.pop(recording.id, None)
        if room is not None:
            try:
                await room.stop_capture(recording.id, "stopped")
                await room.announce_recording(recording.id, "STOPPED")
            except ReelkitError as error:
                # Usually it was never switched on.
                log.info("there was nothing to switch off", recording_id=recording.id, reason=str(error))
        changes = RecordingChanges(error=reason, stop_reason=StopReason.INTERNAL_ERROR)
        if live is not None:
            changes["stopped_at"] = utc(self._clock.time_s())
        try:
            await self._store.move(recording.id, RecordingStatus.ERRORED, **changes)
        except DatabaseUnavailable:
            self._tasks.spawn(self._settle(recording.id, changes), f"settle-{recording.id}")

    async def _settle(self, recording_id: str, changes: RecordingChanges) -> None:
        await self._store.settle(recording_id, RecordingStatus.ERRORED, **changes)

    async def _moved(
        self, live: LiveRecording, status: RecordingStatus, *, otherwise: Callable[[], Awaitable[None]]
    ) -> Recording:
        """Stores what was done; if the database refuses it is undone, so that what is captured is what is told."""
        try:
            return await self._store.move(live.recording_id, status)
        except DatabaseUnavailable:
            try:
                await otherwise()
            except ReelkitError as error:
                log.error("a recording is not what its status says", recording_id=live.recording_id, reason=str(error))  # noqa: TRY400
            raise

    async def _end_empty(self, meeting_id: str) -> None:
        for live in self._of_meeting(meeting_id):
            if live.room.visible_peer_count == 0:
                await self.end(live.recording_id, StopReason.ALL_PEERS_LEFT)

    def _of_meeting(self, meeting_id: str) -> tuple[LiveRecording, ...]:
        return tuple(live for live in self._live.values() if live.room.meeting_id == meeting_id)
