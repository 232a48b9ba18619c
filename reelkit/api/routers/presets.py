"""Presets of an app."""

from http import HTTPStatus

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import PageQuery, Search
from reelkit.api.wire.presets import ListedPreset, PresetWire
from reelkit.control.preset_params import PresetChanges, PresetParams
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


@router.post("", response_model=Envelope[PresetWire], status_code=HTTPStatus.CREATED)
async def create_preset(app: OperatedApp, body: PresetParams, state: State) -> Envelope[PresetWire]:
    """A new preset. What it asks for and this version does not have is refused with 501."""
    return Envelope[PresetWire](data=PresetWire.whole(await state.control.presets.create(app.id, body)))


@router.patch("/{preset_id}", response_model=Envelope[PresetWire])
async def change_preset(
    app: OperatedApp, preset_id: UuidText, body: PresetChanges, state: State
) -> Envelope[PresetWire]:
    """Changes the given fields, however deep they lie. Participants who are in a meeting keep what they joined with."""
    return Envelope[PresetWire](data=PresetWire.whole(await state.control.presets.change(app.id, preset_id, body)))


@router.put("/{preset_id}", response_model=Envelope[PresetWire])
async def replace_preset(
    app: OperatedApp, preset_id: UuidText, body: PresetParams, state: State
) -> Envelope[PresetWire]:
    """Changes all of it."""
    return Envelope[PresetWire](data=PresetWire.whole(await state.control.presets.replace(app.id, preset_id, body)))


@router.delete("/{preset_id}", response_model=Envelope[PresetWire])
async def delete_preset(app: OperatedApp, preset_id: UuidText, state: State) -> Envelope[PresetWire]:
    """Deletes a preset that no participant has; otherwise 409 says how many have it."""
    return Envelope[PresetWire](data=PresetWire.whole(await state.control.presets.delete(app.id, preset_id)))
