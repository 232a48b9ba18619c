"""The parts of RealtimeKit's API that this version does not have: each says so instead of a puzzling 404."""

from typing import Annotated, NoReturn

from fastapi import APIRouter, Depends, Request

from reelkit.api.auth import require_operator
from reelkit.api.errors import NotBuilt
from reelkit.api.paths import APP_PATH
from reelkit.api.state import AppState, app_state

router = APIRouter(prefix=APP_PATH, include_in_schema=False, dependencies=[Depends(require_operator)])

_OPERATIONS = (
    ("POST", "/presets", "creating presets"),
    ("PATCH", "/presets/{preset_id}", "changing presets"),
    ("PUT", "/presets/{preset_id}", "changing presets"),
    ("DELETE", "/presets/{preset_id}", "deleting presets"),
    ("GET", "/meetings/{meeting_id}/active-session", "looking at the active session"),
    ("POST", "/meetings/{meeting_id}/active-session/kick", "kicking participants"),
    ("POST", "/meetings/{meeting_id}/active-session/kick-all", "kicking participants"),
    ("POST", "/meetings/{meeting_id}/active-session/poll", "creating polls"),
    ("GET", "/meetings/{meeting_id}/active-livestream", "livestreaming"),
    ("POST", "/meetings/{meeting_id}/active-livestream/stop", "livestreaming"),
    ("POST", "/meetings/{meeting_id}/livestreams", "livestreaming"),
    ("GET", "/livestreams", "livestreaming"),
    ("GET", "/livestreams/{livestream_id}", "livestreaming"),
    ("GET", "/livestreams/{livestream_id}/active-livestream-session", "livestreaming"),
    ("GET", "/livestreams/sessions/{session_id}", "livestreaming"),
    ("GET", "/sessions", "listing sessions"),
    ("GET", "/sessions/{session_id}", "looking at sessions"),
    ("GET", "/sessions/{session_id}/participants", "looking at sessions"),
    ("GET", "/sessions/{session_id}/participants/{participant_id}", "looking at sessions"),
    ("GET", "/sessions/{session_id}/chat", "exporting chats"),
    ("GET", "/sessions/{session_id}/transcript", "transcripts"),
    ("GET", "/sessions/{session_id}/summary", "summaries"),
    ("POST", "/sessions/{session_id}/summary", "summaries"),
    ("GET", "/sessions/peer-report/{peer_id}", "peer reports"),
    ("GET", "/analytics/daywise", "analytics"),
    ("GET", "/analytics/livestreams/daywise", "analytics"),
    ("GET", "/analytics/livestreams/overall", "analytics"),
)
_NAMES = {(method, f"{APP_PATH}{path}"): name for method, path, name in _OPERATIONS}


async def _refuse(request: Request, state: Annotated[AppState, Depends(app_state)]) -> NoReturn:
    await state.control.apps.get(request.path_params["account_id"], request.path_params["app_id"])
    path = request.scope["route"].path
    name = _NAMES[request.method, path]
    raise NotBuilt(f"not available in this version: {name} ({request.method} {path.removeprefix(APP_PATH)})")


for _method, _path, _ in _OPERATIONS:
    router.add_api_route(_path, _refuse, methods=[_method], response_model=None)
