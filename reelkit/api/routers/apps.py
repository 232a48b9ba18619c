"""Apps of an account."""

from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends

from reelkit.api.auth import AccountToken, require_operator
from reelkit.api.envelope import Envelope, Page
from reelkit.api.list_anchor import ListAnchor
from reelkit.api.paths import ACCOUNT_PATH
from reelkit.api.queries import PageQuery, Search, SortOrder
from reelkit.api.state import AppState, app_state
from reelkit.api.wire.apps import AppWire, CreatedApp, NewApp
from reelkit.control.validation import Text

router = APIRouter(prefix=f"{ACCOUNT_PATH}/apps", tags=["apps"])
State = Annotated[AppState, Depends(app_state)]


@router.get("", response_model=Page[AppWire])
async def list_apps(
    account_id: Text,
    token: AccountToken,
    state: State,
    page: PageQuery,
    anchor: ListAnchor,
    search: Search = None,
    sort_order: SortOrder = SortOrder.DESC,
) -> Page[AppWire]:
    """Apps by the time they were made. A token of one app sees only that one."""
    newest_first = sort_order is SortOrder.DESC
    found = await state.control.apps.list(
        account_id,
        page,
        only=token.app_id,
        search=search,
        created_until=anchor.until() if newest_first else None,
        newest_first=newest_first,
    )
    anchor.found([app.created_at for app in found.items])
    return Page[AppWire].of(found, AppWire.of)


@router.post(
    "",
    status_code=HTTPStatus.CREATED,
    response_model=Envelope[CreatedApp],
    dependencies=[Depends(require_operator)],
)
async def create_app(account_id: Text, body: NewApp, state: State) -> Envelope[CreatedApp]:
    """Makes an app with the default presets."""
    app = await state.control.apps.create(account_id, body.name)
    return Envelope[CreatedApp](data=CreatedApp(app=AppWire.of(app)))
