"""Erasing recordings: an extension that RealtimeKit does not have, for the operator."""

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.api.wire.erasure import ErasureWire
from reelkit.control.caller import Caller
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/recordings/{{recording_id}}", tags=["erasure"])


@router.delete("", response_model=Envelope[ErasureWire])
async def erase_recording(app: OperatedApp, recording_id: UuidText, state: State) -> Envelope[ErasureWire]:
    """Erases a recording with everything that it has: files, further films, capture, copies in own storage.

    What could not be removed is named in ``left``. Erasing it again tries that again. An extension of Reelkit.
    """
    tombstone = await state.control.erasures.erase(app.id, recording_id, Caller.organization(app.name))
    return Envelope[ErasureWire](data=ErasureWire.of(tombstone))


@router.get("/erasure", response_model=Envelope[ErasureWire])
async def get_erasure(app: OperatedApp, recording_id: UuidText, state: State) -> Envelope[ErasureWire]:
    """What is left of a recording that was erased. An extension of Reelkit."""
    return Envelope[ErasureWire](data=ErasureWire.of(await state.control.erasures.get(app.id, recording_id)))
