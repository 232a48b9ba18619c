"""Livestreams as callers use them: start, stop, find, count."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from reelkit.clock import Clock, utc
from reelkit.control.analytics import DEFAULT_DAYS_BACK, MAX_DAYS
from reelkit.control.disk import DiskGuard
from reelkit.control.errors import Forbidden, Invalid, NotFound, Unavailable
from reelkit.control.livestream import Livestream, LivestreamStatus
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.livestream_store import LivestreamStore
from reelkit.control.livestream_urls import LivestreamUrls
from reelkit.control.livestreamer import Livestreamer
from reelkit.control.media_plan import plan_media
from reelkit.control.meetings import Meeting, MeetingService
from reelkit.control.paging import Page, PageRequest
from reelkit.control.ports import Gateway, Sfu
from reelkit.control.recording_params import VideoConfig
from reelkit.control.rooms import open_room_of
from reelkit.control.sessions import SessionBook
from reelkit.control.tasks import NamedLocks, uninterrupted
from reelkit.db.livestreams import LivestreamFilter
from reelkit.errors import ReelkitError
from reelkit.render.config import RenderConfig
from reelkit.settings import Settings

_FIRST_DAY = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_DAY = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class LivestreamTotals:
    """How many livestreams were begun, and for how long they were streamed up to now."""

    count: int
    ingest_s: int


class LivestreamService:
    """The rules of livestreams. Give it the gateway with :meth:`bind` before the first start."""

    def __init__(
        self,
        *,
        settings: Settings,
        clock: Clock,
        meetings: MeetingService,
        sessions: SessionBook,
        store: LivestreamStore,
        streamer: Livestreamer,
        urls: LivestreamUrls,
        disk: DiskGuard,
        sfu: Sfu,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._meetings = meetings
        self._sessions = sessions
        self._store = store
        self._streamer = streamer
        self._disk = disk
        self._sfu = sfu
        self._turns = NamedLocks()
        self._gateway: Gateway | None = None
        self.urls = urls

    def bind(self, gateway: Gateway) -> None:
        """The gateway needs an observer before it exists, and the observer this service: so it comes later."""
        self._gateway = gateway

    async def start(self, app_id: str, meeting_id: str, params: LivestreamParams) -> Livestream:
        """Streams a meeting to the operator's server: the answer is INVOKED, and LIVE follows with the first packets
        that the server takes. A meeting without a session gets one.

        Raises NotFound, Forbidden for an INACTIVE meeting, Unsupported where the operator has set no server, Conflict
        when a livestream of the meeting runs already, Unavailable when the machine is not fit for one.
        """
        meeting = await self._meetings.get(app_id, meeting_id)
        if not meeting.active:
            raise Forbidden("the meeting is INACTIVE: it cannot be streamed")
        params.require_supported()
        return await uninterrupted(self._start(meeting, params), f"start-livestream-{meeting.id}")

    async def stop(self, app_id: str, meeting_id: str) -> Livestream:
        """Stops the meeting's livestream; what the renderer still has is sent in the background. Raises NotFound."""
        return await uninterrupted(self._stop(app_id, meeting_id), f"stop-livestream-{meeting_id}")

    async def active(self, app_id: str, meeting_id: str) -> Livestream:
        """The meeting's livestream that runs. Raises NotFound."""
        meeting = await self._meetings.get(app_id, meeting_id)
        livestream = await self._store.running_of(meeting.id)
        if livestream is None:
            raise NotFound("no livestream of this meeting is running")
        return livestream

    async def get(self, app_id: str, livestream_id: str) -> Livestream:
        """Raises NotFound."""
        return await self._store.get(app_id, livestream_id)

    async def of_run(self, app_id: str, run_id: str) -> Livestream:
        """The livestream whose session that is. Raises NotFound."""
        return await self._store.of_run(app_id, run_id)

    async def list(
        self, app_id: str, where: LivestreamFilter, page: PageRequest, *, newest_first: bool = True
    ) -> Page[Livestream]:
        """One page of an app's livestreams, by the time they were asked for."""
        return await self._store.list(app_id, where, page, newest_first=newest_first)

    def error_of(self, livestream: Livestream) -> str | None:
        """What is known to be wrong with it: of one that runs, what the last connection or attempt ended with."""
        live = self._streamer.find(livestream.id)
        return livestream.error if live is None else live.error

    async def totals(self, app_id: str, start: datetime | None, end: datetime | None) -> LivestreamTotals:
        """Of all livestreams that were asked for from ``start`` until before ``end``."""
        return self._sum(await self._store.between(app_id, start or _FIRST_DAY, end or _LAST_DAY))

    async def totals_by_day(
        self, app_id: str, start: datetime | None, end: datetime | None
    ) -> dict[date, LivestreamTotals]:
        """The same by the day, in UTC, on which they were asked for: each from that of ``start`` to that of ``end``.

        Without ``end`` to today, without ``start`` from 30 days before the end. Raises Invalid naming ``start_time`` or
        ``end_time``.
        """
        last = (end or utc(self._clock.time_s())).date()
        first = start.date() if start is not None else last - timedelta(days=DEFAULT_DAYS_BACK)
        if first > last:
            raise Invalid("start_time: must not be after end_time", field="start_time")
        if (last - first).days >= MAX_DAYS:
            raise Invalid(f"end_time: start_time and end_time must span at most {MAX_DAYS} days", field="end_time")
        days: dict[date, list[Livestream]] = {
            first + timedelta(days=offset): [] for offset in range((last - first).days + 1)
        }
        since = start or datetime.combine(first, time(), UTC)
        until = end or datetime.combine(last, time(), UTC) + timedelta(days=1)
        for livestream in await self._store.between(app_id, since, until):
            days[livestream.invoked_at.date()].append(livestream)
        return {day: self._sum(livestreams) for day, livestreams in days.items()}

    async def _start(self, meeting: Meeting, params: LivestreamParams) -> Livestream:
        # Before a row is made: without a server there is nothing to be tried.
        self.urls.require()
        async with self._turns.held(meeting.id):
            gateway = self._require_fit()
            await self._settle_earlier(meeting)
            livestream = await self._store.invoke(app_id=meeting.app_id, meeting_id=meeting.id, name=params.name)
            try:
                room = await open_room_of(gateway, meeting)
                await self._sessions.open(room)
                stream, render = self.urls.stream(livestream), self._render(livestream, params)
            except (ReelkitError, OSError) as error:
                await self._store.end(livestream.id, LivestreamStatus.ERRORED, str(error))
                raise Unavailable(f"the livestream could not start: {error}") from error
            except Exception:
                await self._store.end(livestream.id, LivestreamStatus.ERRORED, "an internal error")
                raise
            await self._streamer.begin(livestream, room, stream, render)
        return livestream

    async def _settle_earlier(self, meeting: Meeting) -> None:
        """One of which the end, or the start, could not be written down would keep others out."""
        earlier = await self._store.running_of(meeting.id)
        if earlier is not None and self._streamer.find(earlier.id) is None:
            await self._streamer.settle(earlier.id)

    async def _stop(self, app_id: str, meeting_id: str) -> Livestream:
        # Behind a start that is under way: there is nothing yet that could be stopped.
        async with self._turns.held(meeting_id):
            livestream = await self.active(app_id, meeting_id)
            if self._streamer.find(livestream.id) is None:
                await self._streamer.settle(livestream.id)
            else:
                await self._streamer.end(livestream.id)
            return await self._store.get(app_id, livestream.id)

    def _render(self, livestream: Livestream, params: LivestreamParams) -> RenderConfig:
        """A film without a file."""
        settings = self._settings.render
        media = plan_media(
            VideoConfig(export_file=False, **params.render_fields()), None, None, settings, streamed=True
        )
        return RenderConfig(
            recording_id=livestream.id,
            live=True,
            lag_s=settings.lag_behind_s(captures_at_once=self._sfu.flushes),
            video=media.video,
            audio=media.audio,
            files=(),
            examine="none",
            stream=True,
        )

    def _sum(self, livestreams: Iterable[Livestream]) -> LivestreamTotals:
        now, found = utc(self._clock.time_s()), list(livestreams)
        return LivestreamTotals(len(found), sum(each.ingest_s(now) for each in found))

    def _require_fit(self) -> Gateway:
        self._disk.require_space()
        if not self._sfu.healthy:
            raise Unavailable(f"nothing can be streamed now: {self._sfu.reason}")
        if self._gateway is None:
            raise Unavailable("the server is starting")
        return self._gateway
