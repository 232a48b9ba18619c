"""An app's standing recording configuration. An extension of Reelkit."""

from typing import Any

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.paths import APP_PATH
from reelkit.control.recording_params import RecordingConfig

router = APIRouter(prefix=f"{APP_PATH}/recording-config", tags=["apps"])


@router.get("", response_model=Envelope[dict[str, Any]])
async def get_config(app: OperatedApp, state: State) -> Envelope[dict[str, Any]]:
    """What recordings of the app are like unless their meeting or their start call says otherwise, without what is
    write-only. An extension of Reelkit."""
    return Envelope[dict[str, Any]](data=dict(await state.control.app_configs.shown(app.id)))


@router.put("", response_model=Envelope[dict[str, Any]])
async def replace_config(app: OperatedApp, body: RecordingConfig, state: State) -> Envelope[dict[str, Any]]:
    """Puts another configuration in its place. An extension of Reelkit."""
    return Envelope[dict[str, Any]](data=dict(await state.control.app_configs.replace(app.id, body)))


@router.patch("", response_model=Envelope[dict[str, Any]])
async def change_config(app: OperatedApp, body: RecordingConfig, state: State) -> Envelope[dict[str, Any]]:
    """Changes the given fields, within objects too; null takes one out, and ``storage_config`` is replaced as a whole.
    An extension of Reelkit."""
    return Envelope[dict[str, Any]](data=dict(await state.control.app_configs.change(app.id, body)))


@router.delete("", response_model=Envelope[dict[str, Any]])
async def delete_config(app: OperatedApp, state: State) -> Envelope[dict[str, Any]]:
    """Takes it away: recordings are again as the server makes them. An extension of Reelkit."""
    return Envelope[dict[str, Any]](data=dict(await state.control.app_configs.replace(app.id, RecordingConfig())))
