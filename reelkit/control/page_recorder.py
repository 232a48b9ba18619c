"""Recordings of pages: from the start call, which does not wait for the page, to the moment from which it is recorded,
and what its end means to the recording.

While a page is opened its recording is INVOKED. Once it is ready, its recording is one of :class:`Recorder`'s like all
others, but its worker takes the pictures and the sound from a browser, and of the meeting only the journal.
"""

import asyncio
from collections.abc import Iterable

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.caller import Caller
from reelkit.control.delivery import Delivery
from reelkit.control.errors import Unavailable
from reelkit.control.foreign_text import sentence
from reelkit.control.meetings import Meeting
from reelkit.control.own_hosts import OwnHosts
from reelkit.control.page_admission import Place
from reelkit.control.page_cleanup import PageCleanup
from reelkit.control.page_plan import PagePlan
from reelkit.control.page_statuses import PageStatuses
from reelkit.control.ports import Gateway, Room
from reelkit.control.recorded_page import RecordedPage
from reelkit.control.recorder import Recorder
from reelkit.control.recorder_participants import RecorderParticipants
from reelkit.control.recording import Recording, RecordingStatus, StopReason
from reelkit.control.recording_plan import RecordingPlan
from reelkit.control.recording_store import RecordingStore
from reelkit.control.retention import Retention
from reelkit.control.rooms import open_room_of
from reelkit.control.sessions import SessionBook
from reelkit.control.timed_metadata import metadata_of
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobProgress
from reelkit.page.status import PageState, PageStatus
from reelkit.rooms.tasks import TaskOwner
from reelkit.settings import Settings

log = structlog.get_logger(__name__)

# The worker has limits of its own for loading a page and for what the page does then; this is for one that hangs, and
# for the time that a browser takes to start.
_MARGIN_S = 60.0
# Paused time counts for no limit. The token is void as soon as the recording has ended; that it ends by itself as well
# only bounds what a forgotten one could do.
_TOKEN_MARGIN_S = 7 * 86_400


class PageRecorder:
    """All recordings of pages that run. Give it what the server knows of itself with :meth:`bind`."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        store: RecordingStore,
        sessions: SessionBook,
        recorder: Recorder,
        delivery: Delivery,
        retention: Retention,
        recorders: RecorderParticipants,
        statuses: PageStatuses,
        fleet: Fleet,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._store = store
        self._sessions = sessions
        self._recorder = recorder
        self._delivery = delivery
        self._recorders = recorders
        self._statuses = statuses
        self._fleet = fleet
        self._own = OwnHosts()
        self._pages: dict[str, RecordedPage] = {}
        self._tasks = TaskOwner("page-recorder")
        self._cleanup = PageCleanup(
            clock=clock, store=store, delivery=delivery, retention=retention, recorders=recorders, tasks=self._tasks
        )
        self._closing = False
        fleet.on_progress(self._progressed)
        recorder.on_stopped(self._stopped)

    def bind(self, own: OwnHosts) -> None:
        """The listeners are bound."""
        self._own = own

    async def begin(
        self,
        recording: Recording,
        plan: RecordingPlan,
        page: PagePlan,
        gateway: Gateway,
        meeting: Meeting,
        place: Place,
    ) -> Recording:
        """Begins to open the page, in the meeting's turn: the recording is INVOKED when it returns.

        Whatever goes wrong, the recording is ERRORED with the reason and nothing is left. Raises Unavailable for what
        was to be expected.
        """
        try:
            self._require_open()
            room = await open_room_of(gateway, meeting)
            await self._sessions.open(room)
            invoked = await self._store.amend(recording.id, session_id=room.session_id)
            await self._open(RecordedPage(invoked, room, plan.max_seconds, place), plan, page, meeting)
        except (ReelkitError, OSError) as error:
            await self._refuse(recording, place, str(error))
            raise Unavailable(f"the recording could not start: {error}") from error
        except Exception:
            await self._refuse(recording, place, "an internal error")
            raise
        return invoked

    async def stop(self, recording: Recording, caller: Caller | None) -> Recording:
        """Stops a recording that is INVOKED, in its meeting's turn.

        Raises Unavailable, and DatabaseUnavailable, after which it goes on.
        """
        page = self._pages.get(recording.id)
        if page is None or not page.opening:
            raise Unavailable("the recording is being ended already")
        stopped = await self._store.move(
            recording.id,
            RecordingStatus.ERRORED,
            error="stopped before the page was ready to be recorded",
            stop_reason=StopReason.API_CALL,
            stop_caller=caller,
            stopped_at=utc(self._clock.time_s()),
        )
        self._forget(page)
        self._cleanup.in_background(stopped)
        return stopped

    async def end_all(self, error: str) -> None:
        """Ends every recording whose page is not ready, with ``error`` as the reason."""
        await self._end(self._pages.values(), error)

    def room_ended(self, room: Room) -> None:
        """Ends what was to be recorded there."""
        there = [page for page in self._pages.values() if page.room.session_id == room.session_id]
        if there:
            reason = "the session ended before the page was ready to be recorded"
            self._tasks.spawn(self._end(there, reason), f"end-{room.session_id}")

    async def stop_opening(self, timeout_s: float) -> None:
        """The server stops: no page is opened any more. What cannot be ended in time is left to the recovery."""
        self._closing = True
        reason = "the server was stopped before the page was ready to be recorded"
        ending = self._tasks.spawn(self.end_all(reason), "stop-opening")
        deadline = asyncio.ensure_future(self._clock.sleep(timeout_s))
        await asyncio.wait({ending, deadline}, return_when=asyncio.FIRST_COMPLETED)
        deadline.cancel()
        await asyncio.wait({deadline})

    async def close(self) -> None:
        """Everything has ended. Participants that are still there are removed at the next start."""
        await self._tasks.close()

    def _progressed(self, recording_id: str, progress: JobProgress) -> None:
        """Listens to the fleet. What follows is done in the order in which it is told."""
        page, told = self._pages.get(recording_id), progress.page
        if page is None or told is None or not page.is_new(told.state):
            return
        match told.state:
            case PageState.READY:
                self._tasks.spawn(self._ready(page), f"ready-{recording_id}")
            case PageState.FAILED:
                self._tasks.spawn(self._failed(page, told.reason or "the page failed"), f"failed-{recording_id}")
            case PageState.ENDED:
                self._tasks.spawn(self._over(page, told), f"over-{recording_id}")
            case PageState.OPENING:
                # At first, or because it is opened anew: its recording goes on.
                return

    async def _ready(self, page: RecordedPage) -> None:
        """From INVOKED to RECORDING."""
        async with self._recorder.turn(page.recording.meeting_id):
            if not page.opening:
                return
            page.opened()
            begun = False
            try:
                await self._recorder.begin_in(page.room, page.recording, page.max_seconds)
                begun = True
            except Unavailable as error:
                log.warning("a page was ready and could not be recorded", recording_id=page.id, reason=error.message)
            finally:
                page.room.release(page.id)
                if not begun:
                    # The recording is ERRORED, and says why.
                    self._forget(page)
                    self._cleanup.in_background(page.recording)

    async def _failed(self, page: RecordedPage, reason: str) -> None:
        reason = sentence(reason)
        if await self._give_up(page, reason):
            self._statuses.failed("opening")
        elif page.id in self._pages:
            log.error("a page that is recorded failed", recording_id=page.id, reason=reason)
            self._statuses.failed("recording")
            await self._recorder.end(page.id, StopReason.INTERNAL_ERROR, reason)

    async def _over(self, page: RecordedPage, told: PageStatus) -> None:
        why = f": {told.reason}" if told.reason else ""
        if await self._give_up(page, sentence(f"the page ended before it was ready to be recorded{why}")):
            self._statuses.failed("opening")
            return
        log.info("a page ended its recording", recording_id=page.id, reason=told.reason)
        # With the page the start call has named what ends the recording.
        reason = StopReason.ALL_PEERS_LEFT if told.everybody_left else StopReason.API_CALL
        await self._recorder.end(page.id, reason)

    async def _watch(self, page: RecordedPage) -> None:
        """A job that ends by itself leaves nothing that shows the page."""
        await self._fleet.ended(page.id)
        if self._pages.get(page.id) is not page:
            return
        reason = "what recorded the page ended by itself"
        if page.opening:
            try:
                reason = (await self._fleet.wait(page.id)).error or reason
            except ReelkitError as error:
                reason = str(error)
        await self._failed(page, reason)

    def _stopped(self, recording_id: str) -> None:
        """Listens to the recorder."""
        page = self._pages.get(recording_id)
        if page is not None:
            self._forget(page)
            self._cleanup.shut_out(recording_id)

    def _require_open(self) -> None:
        if self._closing:
            raise Unavailable("the server is stopping")

    async def _open(self, page: RecordedPage, plan: RecordingPlan, shown: PagePlan, meeting: Meeting) -> None:
        self._pages[page.id] = page
        recording, limits = page.recording, self._settings.page
        token = await self._recorders.add(meeting, page.id, plan.max_seconds + _TOKEN_MARGIN_S)
        spec = shown.spec(token, self._settings, self._own)
        metadata = metadata_of(recording.output_file_name, recording.invoked_at, recording.start_reason)
        render = plan.render_config(page.id, metadata=metadata)
        await self._delivery.start_job(recording, page.room.capture_dir, render, plan.stream, spec)
        self._tasks.spawn(self._watch(page), f"watch-{page.id}")
        page.limit(
            self._clock,
            self._tasks,
            limits.load_timeout_s + limits.start_timeout_s + _MARGIN_S,
            lambda: self._failed(
                page, "the page was not ready to be recorded in time, and its worker does not say why"
            ),
        )

    async def _refuse(self, recording: Recording, place: Place, reason: str) -> None:
        place.release()
        page = self._pages.get(recording.id)
        if page is not None:
            self._forget(page)
        await self._cleanup.fail(recording if page is None else page.recording, reason)

    async def _end(self, pages: Iterable[RecordedPage], error: str) -> None:
        await asyncio.gather(*(self._give_up(page, error) for page in list(pages)))

    async def _give_up(self, page: RecordedPage, reason: str) -> bool:
        """Ends a recording that waits for its page; tells whether it did."""
        async with self._recorder.turn(page.recording.meeting_id):
            if not page.opening:
                return False
            self._forget(page)
            await self._cleanup.fail(page.recording, reason)
            return True

    def _forget(self, page: RecordedPage) -> None:
        page.over()
        self._pages.pop(page.id, None)
