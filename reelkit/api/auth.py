"""Who is asking: the operator by an API token, or a participant by the token of their meeting."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from reelkit.api.errors import NotAuthenticated, NotPermitted
from reelkit.api.state import AppState, app_state
from reelkit.control.apps import App
from reelkit.control.caller import Caller
from reelkit.control.errors import NotFound, Unauthorized
from reelkit.control.participants import ParticipantIdentity
from reelkit.control.validation import Text

# Documents the header; what it holds is read by bearer_token.
_OPERATOR_SCHEME = HTTPBearer(auto_error=False, scheme_name="API token")
_PARTICIPANT_SCHEME = HTTPBearer(auto_error=False, scheme_name="Participant token")


@dataclass(frozen=True, slots=True)
class Actor:
    """Who starts or steers a recording; ``identity`` is None for the app itself."""

    app: App
    caller: Caller
    identity: ParticipantIdentity | None = None


def bearer_token(request: Request) -> str:
    """The token of the Authorization header. Raises NotAuthenticated."""
    scheme, _, token = request.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    if "x-auth-key" in request.headers or "x-auth-email" in request.headers:
        raise NotAuthenticated(
            "X-Auth-Email and X-Auth-Key are not available in this version: send Authorization: Bearer <API token>"
        )
    raise NotAuthenticated("no token: send Authorization: Bearer <token>")


State = Annotated[AppState, Depends(app_state)]
Token = Annotated[str, Depends(bearer_token)]


async def require_operator(
    account_id: Text, token: Token, state: State, _: Annotated[object, Depends(_OPERATOR_SCHEME)] = None
) -> None:
    """Lets only the account's operator pass. Another account is not there for them."""
    try:
        opened = state.control.operator_tokens.verify(token)
    except Unauthorized:
        if await _participant(token, state) is None:
            raise
        raise NotPermitted("a participant's token does not open this part of the API") from None
    if opened != account_id:
        raise NotFound("there is no such account")


async def operated_app(
    account_id: Text, app_id: Text, state: State, _: Annotated[None, Depends(require_operator)]
) -> App:
    """The app of the path, for its operator."""
    return await state.control.apps.get(account_id, app_id)


async def recording_actor(
    account_id: Text,
    app_id: Text,
    token: Token,
    state: State,
    _: Annotated[object, Depends(_OPERATOR_SCHEME)] = None,
) -> Actor:
    """The operator, or a participant of the app who may record: both may start and steer recordings."""
    identity = await _participant(token, state)
    if identity is None:
        await require_operator(account_id, token, state)
        app = await state.control.apps.get(account_id, app_id)
        return Actor(app, Caller.organization(app.name))
    app = await state.control.apps.get(account_id, app_id)
    if identity.app_id != app.id:
        raise NotFound("there is no such app in this account")
    identity.require_can_record()
    return Actor(app, identity.caller, identity)


async def sdk_participant(
    token: Token, state: State, _: Annotated[object, Depends(_PARTICIPANT_SCHEME)] = None
) -> ParticipantIdentity:
    """The participant whom a request of the SDK comes from."""
    return await state.control.participants.authenticate(token)


async def _participant(token: str, state: AppState) -> ParticipantIdentity | None:
    try:
        return await state.control.participants.authenticate(token)
    except Unauthorized:
        return None


OperatedApp = Annotated[App, Depends(operated_app)]
RecordingActor = Annotated[Actor, Depends(recording_actor)]
SdkParticipant = Annotated[ParticipantIdentity, Depends(sdk_participant)]
