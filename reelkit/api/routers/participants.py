"""Participants of a meeting."""

from http import HTTPStatus

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import PageQuery
from reelkit.api.wire.participants import DeletedParticipant, JoiningParticipant, ParticipantWire, TokenWire
from reelkit.control.participant_params import ParticipantChanges, ParticipantParams
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/meetings/{{meeting_id}}/participants", tags=["participants"])


@router.post("", status_code=HTTPStatus.CREATED, response_model=Envelope[JoiningParticipant])
async def add_participant(
    app: OperatedApp, meeting_id: UuidText, body: ParticipantParams, state: State
) -> Envelope[JoiningParticipant]:
    """Adds a participant; its token lets a client join."""
    participant, token = await state.control.participants.add(app.id, meeting_id, body)
    return Envelope[JoiningParticipant](data=JoiningParticipant.with_token(participant, token))


@router.get("", response_model=Page[ParticipantWire])
async def list_participants(
    app: OperatedApp, meeting_id: UuidText, state: State, page: PageQuery
) -> Page[ParticipantWire]:
    """Participants, oldest first."""
    found = await state.control.participants.list(app.id, meeting_id, page)
    return Page[ParticipantWire].of(found, ParticipantWire.of)


@router.get("/{participant_id}", response_model=Envelope[ParticipantWire])
async def get_participant(
    app: OperatedApp, meeting_id: UuidText, participant_id: UuidText, state: State
) -> Envelope[ParticipantWire]:
    """One participant."""
    participant = await state.control.participants.get(app.id, meeting_id, participant_id)
    return Envelope[ParticipantWire](data=ParticipantWire.of(participant))


@router.patch("/{participant_id}", response_model=Envelope[JoiningParticipant])
async def edit_participant(
    app: OperatedApp, meeting_id: UuidText, participant_id: UuidText, body: ParticipantChanges, state: State
) -> Envelope[JoiningParticipant]:
    """Changes the given fields of a participant."""
    participant, token = await state.control.participants.edit(app.id, meeting_id, participant_id, body)
    return Envelope[JoiningParticipant](data=JoiningParticipant.with_token(participant, token))


@router.delete("/{participant_id}", response_model=Envelope[DeletedParticipant])
async def delete_participant(
    app: OperatedApp, meeting_id: UuidText, participant_id: UuidText, state: State
) -> Envelope[DeletedParticipant]:
    """Shuts a participant out: its tokens are void and its peers are removed from the meeting."""
    participant = await state.control.participants.delete(app.id, meeting_id, participant_id)
    return Envelope[DeletedParticipant](data=DeletedParticipant.of(participant))


@router.post("/{participant_id}/token", response_model=Envelope[TokenWire])
async def refresh_token(
    app: OperatedApp, meeting_id: UuidText, participant_id: UuidText, state: State
) -> Envelope[TokenWire]:
    """A new token; earlier ones are void."""
    token = await state.control.participants.refresh_token(app.id, meeting_id, participant_id)
    return Envelope[TokenWire](data=TokenWire(token=token))
