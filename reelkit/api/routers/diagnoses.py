"""What is known of pages whose recording failed: an extension that RealtimeKit does not have, for the operator."""

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/recordings/{{recording_id}}/page-diagnosis", tags=["recordings"])

_PNG = "image/png"


@router.get("", response_model=Envelope[dict[str, Any]])
async def get_diagnosis(app: OperatedApp, recording_id: UuidText, state: State) -> Envelope[dict[str, Any]]:
    """What the console of a recorded page said, and which of its requests failed, if its recording did.

    An extension of Reelkit.
    """
    recording = await state.control.recordings.get(app.id, recording_id)
    return Envelope[dict[str, Any]](data=await state.control.diagnoses.report(recording.id))


@router.get("/screenshot", response_class=Response, responses={200: {"content": {_PNG: {}}}})
async def get_screenshot(app: OperatedApp, recording_id: UuidText, state: State) -> Response:
    """What such a page showed last. An extension of Reelkit."""
    recording = await state.control.recordings.get(app.id, recording_id)
    headers = {"cache-control": "private, no-store", "x-content-type-options": "nosniff"}
    return Response(await state.control.diagnoses.screenshot(recording.id), media_type=_PNG, headers=headers)
