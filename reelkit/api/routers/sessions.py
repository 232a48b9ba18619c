"""Sessions of an app: the live instances of its meetings, and who was in them."""

from enum import StrEnum
from typing import Annotated, NoReturn

from fastapi import APIRouter, Path, Query

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.errors import NotBuilt, NotFound
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import Instant, PageQuery, Search, SortOrder
from reelkit.api.wire.session_participants import (
    ReportedParticipant,
    ReportedParticipantWire,
    SessionParticipant,
    SessionParticipantPage,
    SessionParticipantSortKey,
    SessionParticipantView,
    SessionParticipantWire,
)
from reelkit.api.wire.sessions import SessionPage, SessionSortKey, SessionWire
from reelkit.control.session_records import SessionStatus
from reelkit.control.validation import Text, UuidText
from reelkit.db.session_history import PeerOrder, SessionFilter, SessionOrder

router = APIRouter(prefix=f"{APP_PATH}/sessions", tags=["sessions"])

_SESSION_ORDER = {
    SessionSortKey.MINUTES_CONSUMED: SessionOrder.CONSUMED,
    SessionSortKey.CREATED_AT: SessionOrder.STARTED,
}
_PEER_ORDER = {
    SessionParticipantSortKey.JOINED_AT: PeerOrder.JOINED,
    SessionParticipantSortKey.DURATION: PeerOrder.PRESENT,
}
# Clients choose ids of peers themselves, and callers their own ids of participants.
_AnyId = Annotated[Text, Path(max_length=255)]


class PeerReportFilter(StrEnum):
    """The parts of a peer report, of which this server has one."""

    DEVICE_INFO = "device_info"
    IP_INFORMATION = "ip_information"
    PRECALL_NETWORK_INFORMATION = "precall_network_information"
    EVENTS = "events"
    QUALITY_STATS = "quality_stats"


@router.get("", response_model=SessionPage)
async def list_sessions(
    app: OperatedApp,
    state: State,
    page: PageQuery,
    associated_id: UuidText | None = None,
    search: Search = None,
    status: SessionStatus | None = None,
    participants: Annotated[Text | None, Query(max_length=255)] = None,
    start_time: Instant | None = None,
    end_time: Instant | None = None,
    sort_by: SessionSortKey = SessionSortKey.CREATED_AT,
    sort_order: SortOrder = SortOrder.DESC,
) -> SessionPage:
    """Sessions, newest first; ``start_time`` and ``end_time`` bound when they began.

    ``associated_id`` is a meeting; ``search`` is part of its title, its id or the session's; ``participants`` is the id
    of a participant who was there, or their custom_participant_id.
    """
    where = SessionFilter(
        meeting_id=associated_id,
        search=search,
        live=None if status is None else status is SessionStatus.LIVE,
        participant=participants,
        started_from=start_time,
        started_until=end_time,
    )
    descending = sort_order is SortOrder.DESC
    found = await state.control.sessions.list(app.id, where, _SESSION_ORDER[sort_by], page, descending=descending)
    return SessionPage.of(found)


@router.get("/peer-report/{peer_id}", response_model=Envelope[ReportedParticipant])
async def get_peer_report(
    app: OperatedApp,
    peer_id: _AnyId,
    state: State,
    filters: PeerReportFilter | None = None,
    include_peer_events: bool = False,
) -> Envelope[ReportedParticipant]:
    """A peer, in the last session that it was in, with what this server knows of its connection: its coming and going.

    Other parts of the report than ``events`` are not kept; asking for one of them alone is answered with 501.
    """
    if filters not in {None, PeerReportFilter.EVENTS}:
        raise NotBuilt(f"filters: {filters} is not kept by this server, of peer reports it has only events")
    peer = await state.control.sessions.newest_peer(app.id, peer_id)
    wire = ReportedParticipantWire.of(peer, with_events=include_peer_events, events_only=filters is not None)
    return Envelope[ReportedParticipant](data=ReportedParticipant(participant=wire))


@router.get("/{session_id}", response_model=Envelope[SessionWire])
async def get_session(
    app: OperatedApp, session_id: UuidText, state: State, include_breakout_rooms: bool = False
) -> Envelope[SessionWire]:
    """One session. This server has no breakout rooms: the list of them is empty."""
    session = await state.control.sessions.get(app.id, session_id)
    return Envelope[SessionWire](data=SessionWire.of(session, with_breakout_rooms=include_breakout_rooms))


@router.get("/{session_id}/participants", response_model=SessionParticipantPage)
async def list_session_participants(
    app: OperatedApp,
    session_id: UuidText,
    state: State,
    page: PageQuery,
    search: Search = None,
    sort_by: SessionParticipantSortKey = SessionParticipantSortKey.JOINED_AT,
    sort_order: SortOrder = SortOrder.ASC,
    include_peer_events: bool = False,
    view: SessionParticipantView = SessionParticipantView.RAW,  # noqa: ARG001 - both are the same
) -> SessionParticipantPage:
    """Who was in a session, in the order of their first join; one entry for each device.

    ``search`` is part of the display name, an id or a custom_participant_id. Both values of ``view`` show the same,
    as they differ only in breakout rooms.
    """
    found = await state.control.sessions.peers(
        app.id,
        session_id,
        page,
        _PEER_ORDER[sort_by],
        search=search,
        descending=sort_order is SortOrder.DESC,
        with_events=include_peer_events,
    )
    return SessionParticipantPage.of(found)


@router.get("/{session_id}/participants/{participant_id}", response_model=Envelope[SessionParticipant])
async def get_session_participant(
    app: OperatedApp, session_id: UuidText, participant_id: _AnyId, state: State, include_peer_events: bool = False
) -> Envelope[SessionParticipant]:
    """One device by the id of its peer, or the one with which a participant of this id came last."""
    peer = await state.control.sessions.peer(app.id, session_id, participant_id, with_events=include_peer_events)
    return Envelope[SessionParticipant](data=SessionParticipant(participant=SessionParticipantWire.of(peer)))


@router.get("/{session_id}/transcript", response_model=Envelope[SessionWire], include_in_schema=False)
async def get_transcript(app: OperatedApp, session_id: UuidText, state: State) -> NoReturn:
    """There is none: this server does not recognize speech."""
    await state.control.sessions.get(app.id, session_id)
    raise NotFound("the session has no transcript: this server does not recognize speech and keeps no transcripts")


@router.get("/{session_id}/summary", response_model=Envelope[SessionWire], include_in_schema=False)
async def get_summary(app: OperatedApp, session_id: UuidText, state: State) -> NoReturn:
    """There is none."""
    await state.control.sessions.get(app.id, session_id)
    raise NotFound("the session has no summary: this server keeps no transcripts and summarizes nothing")


@router.post("/{session_id}/summary", response_model=Envelope[SessionWire], include_in_schema=False)
async def make_summary(app: OperatedApp, session_id: UuidText, state: State) -> NoReturn:
    """It cannot be made."""
    await state.control.sessions.get(app.id, session_id)
    raise NotBuilt("this server keeps no transcripts, of which a summary could be made")
