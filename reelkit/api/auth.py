"""Who is asking: the operator by an API token, or a participant by the token of their meeting."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPBearer

from reelkit.api.credentials import Credential, sent_credential
from reelkit.api.errors import NotAuthenticated, NotPermitted
from reelkit.api.state import AppState, app_state
from reelkit.control.api_token import ApiToken
from reelkit.control.apps import App
from reelkit.control.caller import Caller
from reelkit.control.errors import NotFound, Unauthorized
from reelkit.control.participants import ParticipantIdentity
from reelkit.control.validation import Text

# Documents the header; what it holds is read by _sent.
_OPERATOR_SCHEME = HTTPBearer(auto_error=False, scheme_name="API token")
_PARTICIPANT_SCHEME = HTTPBearer(auto_error=False, scheme_name="Participant token")
_NO_APP = "there is no such app in this account"
# Of a participant's token, a JSON Web Token; no API token has any.
_DOTS = 2


@dataclass(frozen=True, slots=True)
class Actor:
    """Who starts or steers a recording; ``identity`` is None for the app itself."""

    app: App
    caller: Caller
    identity: ParticipantIdentity | None = None


def _sent(request: Request) -> Credential:
    return sent_credential(request.headers)


State = Annotated[AppState, Depends(app_state)]
Sent = Annotated[Credential, Depends(_sent)]


async def account_token(
    account_id: Text, sent: Sent, state: State, _: Annotated[object, Depends(_OPERATOR_SCHEME)] = None
) -> ApiToken:
    """The API token, of the whole account or of one of its apps. Another account is not there for it."""
    try:
        token = state.control.operator_tokens.verify(sent.text, sent.email)
    except Unauthorized as refused:
        if sent.email is not None:
            raise
        await _refuse(sent.text, state, refused)
        raise
    if token.account_id != account_id:
        raise NotFound("there is no such account")
    return token


async def require_operator(request: Request, token: Annotated[ApiToken, Depends(account_token)]) -> ApiToken:
    """Lets only the operator pass. A token of one app opens nothing of other apps and nothing of the whole account."""
    app_id = request.path_params.get("app_id")
    if token.app_id is not None and app_id is None:
        raise NotPermitted("this API token opens one app only, and this belongs to the whole account")
    _require_app(token, app_id)
    return token


async def operated_app(
    account_id: Text, app_id: Text, state: State, _: Annotated[ApiToken, Depends(require_operator)]
) -> App:
    """The app of the path, for its operator."""
    return await state.control.apps.get(account_id, app_id)


async def recording_actor(
    account_id: Text,
    app_id: Text,
    sent: Sent,
    state: State,
    _: Annotated[object, Depends(_OPERATOR_SCHEME)] = None,
) -> Actor:
    """The operator, or a participant of the app who may record: both may start and steer recordings."""
    identity = await _participant(sent, state)
    if identity is None:
        _require_app(await account_token(account_id, sent, state), app_id)
        app = await state.control.apps.get(account_id, app_id)
        return Actor(app, Caller.organization(app.name))
    app = await state.control.apps.get(account_id, app_id)
    if identity.app_id != app.id:
        raise NotFound(_NO_APP)
    identity.require_can_record()
    return Actor(app, identity.caller, identity)


async def sdk_participant(
    sent: Sent, state: State, _: Annotated[object, Depends(_PARTICIPANT_SCHEME)] = None
) -> ParticipantIdentity:
    """The participant whom a request of the SDK comes from."""
    if sent.email is not None:
        raise NotAuthenticated("X-Auth-Key holds API tokens: send a participant's as Authorization: Bearer <token>")
    return await state.control.participants.authenticate(sent.text)


def require_whole_account(request: Request, state: AppState) -> None:
    """Lets any API token pass that opens all of its account. Raises Unauthorized, NotAuthenticated, NotPermitted."""
    sent = sent_credential(request.headers)
    if state.control.operator_tokens.verify(sent.text, sent.email).app_id is not None:
        raise NotPermitted("this API token opens one app only")


async def _participant(sent: Credential, state: AppState) -> ParticipantIdentity | None:
    if sent.email is not None:
        return None
    try:
        return await state.control.participants.authenticate(sent.text)
    except Unauthorized:
        return None


async def _refuse(text: str, state: AppState, refused: Unauthorized) -> None:
    """Raises what is wrong with a token that is no API token: it may be a participant's, and that may be void."""
    try:
        await state.control.participants.authenticate(text)
    except Unauthorized as error:
        raise (error if text.count(".") == _DOTS else refused) from None
    raise NotPermitted("a participant's token does not open this part of the API")


def _require_app(token: ApiToken, app_id: str | None) -> None:
    if token.app_id is not None and token.app_id != app_id:
        raise NotFound(_NO_APP)


AccountToken = Annotated[ApiToken, Depends(account_token)]
OperatedApp = Annotated[App, Depends(operated_app)]
RecordingActor = Annotated[Actor, Depends(recording_actor)]
SdkParticipant = Annotated[ParticipantIdentity, Depends(sdk_participant)]
