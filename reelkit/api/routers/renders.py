"""Films made again from kept captures: an extension that RealtimeKit does not have, for the operator."""

from http import HTTPStatus
from typing import Any

from fastapi import APIRouter

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope, Page
from reelkit.api.links import links_to
from reelkit.api.paths import APP_PATH
from reelkit.api.queries import PageQuery
from reelkit.api.state import AppState
from reelkit.api.wire.renders import RenderWire
from reelkit.control.render_params import RenderParams
from reelkit.control.rerender import Rerender
from reelkit.control.validation import UuidText

router = APIRouter(prefix=f"{APP_PATH}/recordings/{{recording_id}}/renders", tags=["renders"])


@router.post("", response_model=Envelope[RenderWire], status_code=HTTPStatus.CREATED)
async def start_render(
    app: OperatedApp, recording_id: UuidText, body: RenderParams, state: State
) -> Envelope[RenderWire]:
    """Makes another film of a recording whose capture is kept: other media options, or only a part of it.

    An extension of Reelkit.
    """
    rerender = await state.control.rerenders.start(app.id, recording_id, body)
    return Envelope[RenderWire](data=_show(state, rerender))


@router.get("", response_model=Page[RenderWire])
async def list_renders(app: OperatedApp, recording_id: UuidText, state: State, page: PageQuery) -> Page[RenderWire]:
    """The further films of a recording, newest first. An extension of Reelkit."""
    found = await state.control.rerenders.list(app.id, recording_id, page)
    return Page[RenderWire].of(found, lambda rerender: _show(state, rerender))


@router.get("/{render_id}", response_model=Envelope[RenderWire])
async def get_render(
    app: OperatedApp, recording_id: UuidText, render_id: UuidText, state: State
) -> Envelope[RenderWire]:
    """One further film, with its integrity record once it is delivered. An extension of Reelkit."""
    rerender = await state.control.rerenders.get(app.id, recording_id, render_id)
    integrity = await state.control.rerenders.integrity(rerender)
    return Envelope[RenderWire](data=_show(state, rerender, integrity))


def _show(state: AppState, rerender: Rerender, integrity: dict[str, Any] | None = None) -> RenderWire:
    return RenderWire.of(
        rerender,
        links_to(state, rerender),
        rendering=state.control.renderings.of_rerender(rerender),
        integrity=integrity,
    )
