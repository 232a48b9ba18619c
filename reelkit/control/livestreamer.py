"""Livestreams that run: a renderer follows the meeting and streams what it makes; nothing of it is kept."""

import asyncio
from dataclasses import dataclass, field

import structlog

from reelkit.clock import Clock
from reelkit.control.empty_meetings import EmptyMeetings
from reelkit.control.errors import Unavailable
from reelkit.control.livestream import Livestream, LivestreamStatus
from reelkit.control.livestream_store import LivestreamStore
from reelkit.control.livestream_urls import LivestreamUrls
from reelkit.control.paths import DataPaths
from reelkit.control.patience import patiently
from reelkit.control.portraits import Portraits
from reelkit.control.ports import Room
from reelkit.control.retention import Retention
from reelkit.control.tasks import NamedLocks, Timer
from reelkit.db.errors import DatabaseUnavailable
from reelkit.errors import ReelkitError
from reelkit.fleet.base import Fleet, JobOutcome, JobProgress, JobSpec
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamState
from reelkit.render.config import RenderConfig
from reelkit.rooms.livestream_notices import LivestreamNotice, LivestreamState
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

# What a renderer has left to send when its livestream is stopped takes seconds; one that hangs is ended.
_TAIL_S = 30.0
# Of one that runs by its row and nowhere else.
_LOST = (LivestreamStatus.ERRORED, "its start could not be written down")


@dataclass(eq=False)
class LiveStream:
    """One that runs."""

    livestream: Livestream
    room: Room
    limit: Timer | None = None
    live: bool = False
    """Whether the ingest server has taken something."""
    error: str | None = None
    """What the stream's last attempt ended with."""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)


class Livestreamer:
    """The livestreams of live rooms. The job of one has its id; no recording is made of it, and its directory and, if
    nothing else needs it, the capture are deleted at its end."""

    def __init__(
        self,
        *,
        clock: Clock,
        paths: DataPaths,
        store: LivestreamStore,
        fleet: Fleet,
        urls: LivestreamUrls,
        portraits: Portraits,
        retention: Retention,
        empty_meeting_timeout_s: float,
        max_seconds: int,
    ) -> None:
        self._clock = clock
        self._paths = paths
        self._store = store
        self._fleet = fleet
        self._urls = urls
        self._portraits = portraits
        self._retention = retention
        self._max_seconds = max_seconds
        self._tasks = TaskOwner("livestreamer")
        self._turns = NamedLocks()
        self._live: dict[str, LiveStream] = {}
        self._ends: dict[str, tuple[LivestreamStatus, str | None]] = {}
        """How livestreams ended of which the database has not taken the end yet."""
        self._empty = EmptyMeetings(clock, self._tasks, empty_meeting_timeout_s, self._end_empty)
        self._closing = False
        fleet.on_progress(self._progressed)

    def find(self, livestream_id: str) -> LiveStream | None:
        """One that runs."""
        return self._live.get(livestream_id)

    def jobs_of(self, session_id: str) -> tuple[str, ...]:
        """The jobs that a session is being streamed by."""
        return tuple(job_id for job_id, live in self._live.items() if live.room.session_id == session_id)

    def is_streaming(self, room: Room) -> bool:
        """Whether this session is being streamed."""
        return any(live.room.session_id == room.session_id for live in self._live.values())

    async def begin(self, livestream: Livestream, room: Room, stream: StreamSpec, render: RenderConfig) -> None:
        """From now on the meeting is streamed. Whatever goes wrong, it is ERRORED with the reason and nothing is left
        switched on. Raises Unavailable."""
        live = LiveStream(livestream, room)
        try:
            self._require_open()
            await room.start_capture(livestream.id)
            self._live[livestream.id] = live
            await self._fleet.start(
                JobSpec(livestream.id, self._paths.job(livestream.id), room.capture_dir, render, stream=stream)
            )
        except (ReelkitError, OSError) as error:
            await self._abandon(live, str(error))
            raise Unavailable(f"the livestream could not start: {error}") from error
        except Exception:
            await self._abandon(live, "an internal error")
            raise
        self._tasks.spawn(self._watch(live), f"livestream-{livestream.id}")
        if live.stopped.is_set():
            # Its session, or the disk, came to an end while the job was being started.
            return
        live.limit = Timer(
            self._clock,
            self._tasks,
            self._max_seconds,
            lambda: self.end(livestream.id),
            f"limit-{livestream.id}",
        )
        self._tell(live, "INVOKED")
        self.presence_changed(room)
        self._portraits.collect(room)

    async def end(self, livestream_id: str, error: str | None = None) -> None:
        """Stops one, with ``error`` if that is for a failure; does nothing for one that is over."""
        live = self._live.get(livestream_id)
        if live is not None:
            await self._finish(live, LivestreamStatus.IDLE if error is None else LivestreamStatus.ERRORED, error)

    async def settle(self, livestream_id: str) -> None:
        """Writes down the end of one that does not run any more, if that is missing. Raises DatabaseUnavailable."""
        async with self._turns.held(livestream_id):
            if livestream_id not in self._live:
                await self._written(livestream_id)

    async def end_all(self, error: str) -> None:
        """Stops all, with ``error`` as the reason."""
        await asyncio.gather(*(self.end(each, error) for each in list(self._live)))

    def presence_changed(self, room: Room) -> None:
        """Somebody came or went: nobody watches an empty room for long."""
        if any(live.room.meeting_id == room.meeting_id for live in self._live.values()):
            self._empty.update(room.meeting_id, empty=room.visible_peer_count == 0)

    def room_ended(self, room: Room) -> None:
        """Ends what was still being streamed there."""
        for live in list(self._live.values()):
            if live.room.session_id == room.session_id:
                self._tasks.spawn(self.end(live.livestream.id), f"end-{live.livestream.id}")

    async def recover(self) -> None:
        """Ends what an earlier server streamed, and deletes what it left. Raises DatabaseError, OSError."""
        for livestream in await self._store.running():
            await self._store.end(
                livestream.id, LivestreamStatus.ERRORED, "ended early: the server ended while it streamed"
            )
        # Also of those that it had ended, and had not finished sending.
        for livestream_id in await self._store.known(await asyncio.to_thread(self._paths.job_ids)):
            await self._retention.discard_stream(livestream_id)

    async def close(self) -> None:
        """Stops everything; nothing waits for what is still to be sent."""
        self._closing = True
        await self.end_all("ended early: the server was stopped")
        await self._tasks.close()

    async def _abandon(self, live: LiveStream, reason: str) -> None:
        await self._finish(live, LivestreamStatus.ERRORED, reason)
        await self._fleet.cancel(live.livestream.id)
        await self._retention.discard_stream(live.livestream.id)

    def _require_open(self) -> None:
        if self._closing:
            raise Unavailable("the server is stopping")

    def _progressed(self, job_id: str, progress: JobProgress) -> None:
        live = self._live.get(job_id)
        if live is None or progress.stream is None:
            return
        live.error = progress.stream.error
        if progress.stream.state is StreamState.LIVE and not live.live:
            live.live = True
            self._tasks.spawn(self._went_live(live), f"live-{job_id}")

    async def _went_live(self, live: LiveStream) -> None:
        livestream_id = live.livestream.id
        known = await patiently(
            self._clock,
            "a livestream that went live",
            lambda: self._written_live(livestream_id),
            livestream_id=livestream_id,
        )
        if known is not None:
            live.livestream = known
            self._tell(live, "LIVE")

    async def _written_live(self, livestream_id: str) -> Livestream | None:
        # Between two attempts it can be ended.
        async with self._turns.held(livestream_id):
            return await self._store.went_live(livestream_id) if livestream_id in self._live else None

    async def _watch(self, live: LiveStream) -> None:
        """Until its renderer has ended, by itself or because it was stopped; then nothing of it is left."""
        livestream_id = live.livestream.id
        waiting = asyncio.ensure_future(self._fleet.wait(livestream_id))
        stopped = asyncio.ensure_future(live.stopped.wait())
        try:
            await asyncio.wait({waiting, stopped}, return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                late = asyncio.ensure_future(self._clock.sleep(_TAIL_S))
                await asyncio.wait({waiting, late}, return_when=asyncio.FIRST_COMPLETED)
                late.cancel()
            if waiting.done() and not live.stopped.is_set():
                await self.end(livestream_id, _reason(waiting))
        finally:
            waiting.cancel()
            stopped.cancel()
            await asyncio.gather(waiting, stopped, return_exceptions=True)
            await self._fleet.cancel(livestream_id)
            await self._retention.discard_stream(livestream_id)

    async def _finish(self, live: LiveStream, status: LivestreamStatus, error: str | None) -> None:
        livestream_id = live.livestream.id
        async with self._turns.held(livestream_id):
            if live.stopped.is_set():
                return
            live.stopped.set()
            begun = self._live.pop(livestream_id, None) is not None
            if live.limit is not None:
                live.limit.cancel()
            meeting_id = live.livestream.meeting_id
            if not any(each.room.meeting_id == meeting_id for each in self._live.values()):
                self._empty.update(meeting_id, empty=False)
            job = self._fleet.statuses().get(livestream_id)
            # What waits for a renderer has nothing to send that anybody still wants.
            has_tail = job is not None and not job.waiting
            try:
                await live.room.stop_capture(livestream_id, "stopped")
            except (ReelkitError, OSError) as problem:
                # Usually the session has ended, and there is nothing more to be sent.
                log.info("a livestream's room had nothing to stop", livestream_id=livestream_id, reason=str(problem))
                has_tail = False
            if has_tail:
                self._fleet.recording_stopped(livestream_id)
            self._ends[livestream_id] = (status, error or live.error)
            try:
                await self._written(livestream_id)
            except DatabaseUnavailable as refused:
                log.error("a livestream's end waits for the database", livestream_id=livestream_id, reason=str(refused))  # noqa: TRY400
                self._tasks.spawn(self._settle_patiently(livestream_id), f"settle-{livestream_id}")
        log.info("a livestream ended", livestream_id=livestream_id, status=status.value, reason=error)
        if begun:
            self._tell(live, "IDLE" if status is LivestreamStatus.IDLE else "ERRORED", error or "")
        if not has_tail:
            # After its end is written, which lets the next livestream of the meeting in.
            await self._fleet.cancel(livestream_id)

    async def _written(self, livestream_id: str) -> None:
        await self._store.end(livestream_id, *self._ends.get(livestream_id, _LOST))
        self._ends.pop(livestream_id, None)

    async def _settle_patiently(self, livestream_id: str) -> None:
        await patiently(
            self._clock,
            "the end of a livestream",
            lambda: self.settle(livestream_id),
            livestream_id=livestream_id,
        )

    async def _end_empty(self, meeting_id: str) -> None:
        for live in list(self._live.values()):
            if live.room.meeting_id == meeting_id and live.room.visible_peer_count == 0:
                await self.end(live.livestream.id)

    def _tell(self, live: LiveStream, state: LivestreamState, error: str = "") -> None:
        livestream = live.livestream
        try:
            live.room.announce_livestream(
                LivestreamNotice(
                    livestream_id=livestream.id,
                    state=state,
                    name=livestream.name or "",
                    playback_url=self._urls.playback_url(livestream) or "",
                    error=error,
                )
            )
        except ReelkitError as problem:
            log.warning("a room could not be told", livestream_id=livestream.id, state=state, reason=str(problem))


def _reason(ended: asyncio.Future[JobOutcome]) -> str:
    """Why a renderer ended that nobody stopped."""
    if ended.cancelled():
        return "the renderer was ended"
    error = ended.exception()
    return str(error) if error is not None else ended.result().error or "the renderer ended by itself"
