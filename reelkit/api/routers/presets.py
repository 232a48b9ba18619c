"""Presets of an app."""

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import PageQuery, Search
from reelkit.api.wire.presets import ListedPreset, PresetWire
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/presets", tags=["presets"])


@router.get("", response_model=Page[ListedPreset])
async def list_presets(app: OperatedApp, state: State, page: PageQuery, search: Search = None) -> Page[ListedPreset]:
    """Presets by name."""
    return Page[ListedPreset].of(await state.control.presets.list(app.id, page, search=search), ListedPreset.of)


@router.get("/{preset_id}", response_model=Envelope[PresetWire])
async def get_preset(app: OperatedApp, preset_id: UuidText, state: State) -> Envelope[PresetWire]:
    """One preset with its contents."""
    return Envelope[PresetWire](data=PresetWire.whole(await state.control.presets.get(app.id, preset_id)))
