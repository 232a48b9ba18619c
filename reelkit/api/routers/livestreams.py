"""Livestreams of meetings."""

from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Query

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Paging
from reelkit.api.errors import NotBuilt
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import Instant, PageQuery
from reelkit.api.wire.livestreams import (
    ActiveLivestream,
    ActiveLivestreamSession,
    ListedLivestreams,
    LivestreamDay,
    LivestreamDetails,
    LivestreamMessage,
    LivestreamSession,
    LivestreamTotalsWire,
    LivestreamWire,
    StartedLivestream,
)
from reelkit.clock import utc
from reelkit.control.errors import NotFound
from reelkit.control.livestream import LivestreamStatus
from reelkit.control.livestream_params import LivestreamParams
from reelkit.control.paging import Page
from reelkit.control.validation import Text, UuidText
from reelkit.db.livestreams import LivestreamFilter

router = APIRouter(prefix=APP_PATH, tags=["livestreams"])

# 9998-12-31: days after it have no next day.
_MAX_UNIX_S = 253_370_678_400
STOPPED = "the livestream was stopped"


class LivestreamOrder(StrEnum):
    """``DSC`` is the official client's spelling."""

    ASC = "ASC"
    DSC = "DSC"
    DESC = "DESC"


UnixSeconds = Annotated[int | None, Query(ge=0, le=_MAX_UNIX_S)]
Filters = Annotated[Text | None, Query(max_length=1_000)]


@router.post(
    "/meetings/{meeting_id}/livestreams", status_code=HTTPStatus.CREATED, response_model=Envelope[StartedLivestream]
)
async def start_livestream(
    app: OperatedApp, meeting_id: UuidText, state: State, body: LivestreamParams | None = None
) -> Envelope[StartedLivestream]:
    """Streams a meeting to the server that the operator has set (``livestream.ingest_server``)."""
    livestreams = state.control.livestreams
    livestream = await livestreams.start(app.id, meeting_id, body or LivestreamParams())
    return Envelope[StartedLivestream](data=StartedLivestream.of(livestream, livestreams.urls))


@router.post("/meetings/{meeting_id}/active-livestream/stop", response_model=Envelope[LivestreamMessage])
async def stop_livestream(app: OperatedApp, meeting_id: UuidText, state: State) -> Envelope[LivestreamMessage]:
    """Stops the meeting's livestream."""
    await state.control.livestreams.stop(app.id, meeting_id)
    return Envelope[LivestreamMessage](data=LivestreamMessage(message=STOPPED))


@router.get("/meetings/{meeting_id}/active-livestream", response_model=Envelope[LivestreamWire])
async def active_livestream(app: OperatedApp, meeting_id: UuidText, state: State) -> Envelope[LivestreamWire]:
    """The meeting's livestream that runs."""
    livestreams = state.control.livestreams
    livestream = await livestreams.active(app.id, meeting_id)
    return Envelope[LivestreamWire](data=LivestreamWire.of(livestream, livestreams.urls))


@router.get("/livestreams", response_model=Envelope[ListedLivestreams])
async def list_livestreams(
    app: OperatedApp,
    state: State,
    page: PageQuery,
    status: LivestreamStatus | None = None,
    start_time: Instant | None = None,
    end_time: Instant | None = None,
    exclude_meetings: bool = False,
    sort_order: LivestreamOrder = LivestreamOrder.DSC,
) -> Envelope[ListedLivestreams]:
    """Livestreams by the time they were asked for, which ``start_time`` and ``end_time`` bound. All are of meetings, so
    that ``exclude_meetings`` leaves none."""
    livestreams = state.control.livestreams
    if exclude_meetings:
        return Envelope[ListedLivestreams](data=ListedLivestreams.of(Page.of(page, (), 0), livestreams.urls))
    where = LivestreamFilter(status=status.value if status else None, invoked_from=start_time, invoked_until=end_time)
    newest_first = sort_order is not LivestreamOrder.ASC
    found = await livestreams.list(app.id, where, page, newest_first=newest_first)
    return Envelope[ListedLivestreams](data=ListedLivestreams.of(found, livestreams.urls))


@router.get("/livestreams/sessions/{session_id}", response_model=Envelope[LivestreamSession])
async def get_session(app: OperatedApp, session_id: UuidText, state: State) -> Envelope[LivestreamSession]:
    """The run of a livestream."""
    livestreams = state.control.livestreams
    livestream = await livestreams.of_run(app.id, session_id)
    session = LivestreamSession.of(livestream, livestreams.error_of(livestream), utc(state.clock.time_s()))
    return Envelope[LivestreamSession](data=session)


@router.get("/livestreams/{livestream_id}", response_model=Envelope[LivestreamDetails])
async def get_livestream(
    app: OperatedApp, livestream_id: UuidText, state: State, page: PageQuery
) -> Envelope[LivestreamDetails]:
    """A livestream with its session."""
    livestreams = state.control.livestreams
    livestream = await livestreams.get(app.id, livestream_id)
    shown = page.offset == 0
    session = LivestreamSession.of(livestream, livestreams.error_of(livestream), utc(state.clock.time_s()))
    details = LivestreamDetails(
        livestream=LivestreamWire.of(livestream, livestreams.urls),
        session=session if shown else None,
        paging=Paging(total_count=1, start_offset=int(shown), end_offset=int(shown)),
    )
    return Envelope[LivestreamDetails](data=details)


@router.get("/livestreams/{livestream_id}/active-livestream-session", response_model=Envelope[ActiveLivestream])
async def active_session(app: OperatedApp, livestream_id: UuidText, state: State) -> Envelope[ActiveLivestream]:
    """A livestream that runs, with its session."""
    livestreams = state.control.livestreams
    livestream = await livestreams.get(app.id, livestream_id)
    if not livestream.running:
        raise NotFound("the livestream is not running")
    session = ActiveLivestreamSession.of(livestream, livestreams.error_of(livestream), utc(state.clock.time_s()))
    active = ActiveLivestream(livestream=LivestreamWire.of(livestream, livestreams.urls), session=session)
    return Envelope[ActiveLivestream](data=active)


@router.get("/analytics/livestreams/overall", response_model=Envelope[LivestreamTotalsWire])
async def overall(
    app: OperatedApp,
    state: State,
    start_time: UnixSeconds = None,
    end_time: UnixSeconds = None,
    filters: Filters = None,
) -> Envelope[LivestreamTotalsWire]:
    """How many livestreams were asked for from ``start_time`` until before ``end_time`` (Unix seconds), and for how
    long they were streamed."""
    _refuse(filters)
    totals = await state.control.livestreams.totals(app.id, _instant(start_time), _instant(end_time))
    return Envelope[LivestreamTotalsWire](data=LivestreamTotalsWire.of(totals))


@router.get("/analytics/livestreams/daywise", response_model=Envelope[list[LivestreamDay]])
async def daywise(
    app: OperatedApp,
    state: State,
    start_time: UnixSeconds = None,
    end_time: UnixSeconds = None,
    filters: Filters = None,
) -> Envelope[list[LivestreamDay]]:
    """The same for each day, of the last 30 unless said otherwise."""
    _refuse(filters)
    days = await state.control.livestreams.totals_by_day(app.id, _instant(start_time), _instant(end_time))
    shown = [
        LivestreamDay(date=day.isoformat(), count=totals.count, total_ingest_seconds=totals.ingest_s)
        for day, totals in days.items()
    ]
    return Envelope[list[LivestreamDay]](data=shown)


def _instant(unix_s: int | None) -> datetime | None:
    return None if unix_s is None else datetime.fromtimestamp(unix_s, UTC)


def _refuse(filters: str | None) -> None:
    if filters:
        raise NotBuilt("filters: not available in this version, as RealtimeKit does not document what they are")
