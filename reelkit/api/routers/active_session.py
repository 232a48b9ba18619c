"""The live session of a meeting."""

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.api.wire.active_session import Kicked, KickedAll, KickedParticipantWire
from reelkit.api.wire.sessions import SessionWire
from reelkit.control.active_sessions import KickParams
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/meetings/{{meeting_id}}/active-session", tags=["active session"])


@router.get("", response_model=Envelope[SessionWire])
async def get_active_session(app: OperatedApp, meeting_id: UuidText, state: State) -> Envelope[SessionWire]:
    """The session of a meeting that goes on."""
    session = await state.control.active_sessions.get(app.id, meeting_id)
    return Envelope[SessionWire](data=SessionWire.of(session))


@router.post("/kick", response_model=Envelope[Kicked])
async def kick_participants(app: OperatedApp, meeting_id: UuidText, body: KickParams, state: State) -> Envelope[Kicked]:
    """Sends participants away, with all their devices. Their tokens stay valid: they may come back.

    Ids that nobody in the session has are passed over; it is 404 if that is true of all of them.
    """
    kicked = await state.control.active_sessions.kick(app.id, meeting_id, body)
    return Envelope[Kicked](data=Kicked(participants=[KickedParticipantWire.of(each) for each in kicked]))


@router.post("/kick-all", response_model=Envelope[KickedAll])
async def kick_all_participants(app: OperatedApp, meeting_id: UuidText, state: State) -> Envelope[KickedAll]:
    """Sends everybody away, which ends the meeting as a host would end it."""
    count = await state.control.active_sessions.kick_all(app.id, meeting_id)
    return Envelope[KickedAll](data=KickedAll(kicked_participants_count=count))
