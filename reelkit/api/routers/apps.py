"""Apps of an account."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from reelkit.api.auth import require_operator
from reelkit.api.envelope import Envelope, Page
from reelkit.api.paths import ACCOUNT_PATH
from reelkit.api.queries import PageQuery, Search, SortOrder
from reelkit.api.state import AppState, app_state
from reelkit.api.wire.apps import AppWire, CreatedApp, NewApp
from reelkit.control.validation import Text

router = APIRouter(prefix=f"{ACCOUNT_PATH}/apps", tags=["apps"], dependencies=[Depends(require_operator)])
State = Annotated[AppState, Depends(app_state)]


@router.get("", response_model=Page[AppWire])
async def list_apps(
    account_id: Text, state: State, page: PageQuery, search: Search = None, sort_order: SortOrder = SortOrder.DESC
) -> Page[AppWire]:
    """Apps by the time they were made."""
    newest_first = sort_order is SortOrder.DESC
    found = await state.control.apps.list(account_id, page, search=search, newest_first=newest_first)
    return Page[AppWire].of(found, AppWire.of)


@router.post("", status_code=HTTPStatus.CREATED, response_model=Envelope[CreatedApp])
async def create_app(account_id: Text, body: NewApp, state: State) -> Envelope[CreatedApp]:
    """Makes an app with the default presets."""
    app = await state.control.apps.create(account_id, body.name)
    return Envelope[CreatedApp](data=CreatedApp(app=AppWire.of(app)))
