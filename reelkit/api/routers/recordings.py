"""Recordings of an app."""

from typing import Annotated

from fastapi import APIRouter, Query

from reelkit.api.auth import OperatedApp, RecordingActor, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.list_anchor import ListAnchor
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import Instant, PageQuery, Search, SortOrder
from reelkit.api.recording_commands import active_recording, show, start_recording, steer_recording
from reelkit.api.wire.recordings import ListedRecording, RecordingAction, RecordingSortKey, RecordingWire
from reelkit.control.recording import RecordingStatus
from reelkit.control.recording_params import RecordingParams
from reelkit.control.redelivery import RedeliveryParams
from reelkit.control.validation import UuidText
from reelkit.db.recordings import RecordingFilter

router = APIRouter(prefix=f"{APP_PATH}/recordings", tags=["recordings"])


@router.post("", response_model=Envelope[RecordingWire])
async def start(actor: RecordingActor, body: RecordingParams, state: State) -> Envelope[RecordingWire]:
    """Starts recording a meeting, for the operator or for a participant who may record."""
    return await start_recording(state, actor, body)


@router.get("", response_model=Page[ListedRecording])
async def list_recordings(
    app: OperatedApp,
    state: State,
    page: PageQuery,
    anchor: ListAnchor,
    meeting_id: UuidText | None = None,
    search: Search = None,
    status: Annotated[list[RecordingStatus] | None, Query()] = None,
    statuses: Annotated[list[RecordingStatus] | None, Query(alias="status[]")] = None,
    start_time: Instant | None = None,
    end_time: Instant | None = None,
    expired: bool | None = None,
    sort_by: RecordingSortKey = RecordingSortKey.INVOKED_TIME,  # noqa: ARG001 - there is only one key to sort by
    sort_order: SortOrder = SortOrder.DESC,
) -> Page[ListedRecording]:
    """Recordings by the time they were invoked; ``start_time`` and ``end_time`` bound it."""
    newest_first = sort_order is SortOrder.DESC
    where = RecordingFilter(
        meeting_id=meeting_id,
        search=search,
        statuses=tuple(wanted.value for wanted in (*(status or ()), *(statuses or ()))),
        invoked_from=start_time,
        invoked_until=anchor.until(end_time) if newest_first else end_time,
        expired=expired,
    )
    found = await state.control.recordings.list(app.id, where, page, newest_first=newest_first)
    anchor.found([recording.invoked_at for recording in found.items])
    known = await state.control.meetings.by_ids(app.id, {recording.meeting_id for recording in found.items})
    return Page[ListedRecording].of(
        found,
        lambda recording: ListedRecording.of_meeting(show(state, recording), known.get(recording.meeting_id)),
    )


@router.get("/active-recording/{meeting_id}", response_model=Envelope[RecordingWire])
async def active(actor: RecordingActor, meeting_id: UuidText, state: State) -> Envelope[RecordingWire]:
    """The running recording of a meeting."""
    return await active_recording(state, actor, meeting_id)


@router.get("/{recording_id}", response_model=Envelope[RecordingWire])
async def get_recording(app: OperatedApp, recording_id: UuidText, state: State) -> Envelope[RecordingWire]:
    """One recording, with its integrity record once it is delivered."""
    recording = await state.control.recordings.get(app.id, recording_id)
    integrity = await state.control.recordings.integrity(recording)
    return Envelope[RecordingWire](data=show(state, recording, integrity=integrity))


@router.post("/{recording_id}/delivery", response_model=Envelope[RecordingWire])
async def deliver_again(
    app: OperatedApp, recording_id: UuidText, state: State, body: RedeliveryParams | None = None
) -> Envelope[RecordingWire]:
    """Tries a delivery to the caller's own storage again that has failed, with other credentials if there are any.

    An extension of Reelkit.
    """
    recording = await state.control.redelivery.start(app.id, recording_id, body or RedeliveryParams())
    return Envelope[RecordingWire](data=show(state, recording))


@router.put("/{recording_id}", response_model=Envelope[RecordingWire])
async def steer(
    actor: RecordingActor, recording_id: UuidText, body: RecordingAction, state: State
) -> Envelope[RecordingWire]:
    """Stops, pauses or resumes a recording."""
    return await steer_recording(state, actor, recording_id, body.action)
