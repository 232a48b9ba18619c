"""Meetings of an app."""

from http import HTTPStatus

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.list_anchor import ListAnchor
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import Instant, PageQuery, Search
from reelkit.api.wire.meetings import MeetingWire
from reelkit.control.meeting_params import DEFAULT_KEEP_ALIVE_S, MeetingParams, MeetingStatus
from reelkit.control.validation import UuidText
from reelkit.db.meetings import MeetingFilter

router = APIRouter(prefix=f"{APP_PATH}/meetings", tags=["meetings"])


@router.post("", status_code=HTTPStatus.CREATED, response_model=Envelope[MeetingWire])
async def create_meeting(app: OperatedApp, body: MeetingParams, state: State) -> Envelope[MeetingWire]:
    """Makes a meeting."""
    return Envelope[MeetingWire](data=MeetingWire.of(await state.control.meetings.create(app.id, body)))


@router.get("", response_model=Page[MeetingWire])
async def list_meetings(
    app: OperatedApp,
    state: State,
    page: PageQuery,
    anchor: ListAnchor,
    search: Search = None,
    status: MeetingStatus | None = None,
    start_time: Instant | None = None,
    end_time: Instant | None = None,
) -> Page[MeetingWire]:
    """Meetings, newest first; ``start_time`` and ``end_time`` bound when they were made."""
    where = MeetingFilter(
        search=search,
        status=status.value if status else None,
        created_from=start_time,
        created_until=anchor.until(end_time),
    )
    found = await state.control.meetings.list(app.id, where, page)
    anchor.found([meeting.created_at for meeting in found.items])
    return Page[MeetingWire].of(found, MeetingWire.of)


@router.get("/{meeting_id}", response_model=Envelope[MeetingWire])
async def get_meeting(app: OperatedApp, meeting_id: UuidText, state: State) -> Envelope[MeetingWire]:
    """One meeting."""
    return Envelope[MeetingWire](data=MeetingWire.of(await state.control.meetings.get(app.id, meeting_id)))


@router.patch("/{meeting_id}", response_model=Envelope[MeetingWire])
async def update_meeting(
    app: OperatedApp, meeting_id: UuidText, body: MeetingParams, state: State
) -> Envelope[MeetingWire]:
    """Changes the given fields of a meeting."""
    return Envelope[MeetingWire](data=MeetingWire.of(await state.control.meetings.update(app.id, meeting_id, body)))


@router.put("/{meeting_id}", response_model=Envelope[MeetingWire])
async def replace_meeting(
    app: OperatedApp, meeting_id: UuidText, body: MeetingParams, state: State
) -> Envelope[MeetingWire]:
    """Changes a meeting; fields that are not given go back to their defaults, but its status stays."""
    meeting = await state.control.meetings.update(app.id, meeting_id, _replacement(body))
    return Envelope[MeetingWire](data=MeetingWire.of(meeting))


def _replacement(body: MeetingParams) -> MeetingParams:
    keep_alive_s = body.session_keep_alive_time_in_secs
    whole = {
        "title": body.title,
        "recording_config": body.recording_config,
        "record_on_start": body.record_on_start or False,
        "live_stream_on_start": body.live_stream_on_start or False,
        "persist_chat": body.persist_chat or False,
        "session_keep_alive_time_in_secs": DEFAULT_KEEP_ALIVE_S if keep_alive_s is None else keep_alive_s,
        "status": None,
    }
    return body.model_copy(update=whole)
