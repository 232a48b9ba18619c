"""Polls in live meetings."""

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.api.wire.polls import CreatedPoll, PollWire
from reelkit.control.poll_params import PollParams
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/meetings/{{meeting_id}}/active-session", tags=["active session"])


@router.post("/poll", response_model=Envelope[CreatedPoll])
async def create_poll(app: OperatedApp, meeting_id: UuidText, body: PollParams, state: State) -> Envelope[CreatedPoll]:
    """Puts a question to everybody in the live session whose preset lets them see polls; 404 if there is none."""
    poll = await state.control.polls.create(app, meeting_id, body)
    return Envelope[CreatedPoll](data=CreatedPoll(poll=PollWire.of(poll)))
