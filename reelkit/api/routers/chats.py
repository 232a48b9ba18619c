"""What was written in sessions, and its download through signed links."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response, StreamingResponse

from reelkit.api.auth import OperatedApp, State
from reelkit.api.envelope import Envelope
from reelkit.api.errors import NotPermitted
from reelkit.api.paths import APP_PATH
from reelkit.api.state import AppState, app_state
from reelkit.api.wire.chats import ChatWire, ErasedChatWire
from reelkit.control.chat_links import CHAT_FILE, CHAT_ROUTE
from reelkit.control.validation import UuidText
from reelkit.publish.errors import LinkError

router = APIRouter(prefix=f"{APP_PATH}/sessions", tags=["sessions"])
public = APIRouter(prefix=f"/{CHAT_ROUTE}", tags=["downloads"])

_DOWNLOAD = f"/{{app_id}}/{{session_id}}/{CHAT_FILE}"


@router.get("/{session_id}/chat", response_model=Envelope[ChatWire])
async def session_chat(app: OperatedApp, session_id: UuidText, state: State) -> Envelope[ChatWire]:
    """Where the chat of a session can be downloaded, as CSV; of a live session, what is written until the download."""
    return Envelope[ChatWire](data=ChatWire.of(await state.control.chats.link(app.id, session_id)))


@router.delete("/{session_id}/chat", response_model=Envelope[ErasedChatWire])
async def erase_session_chat(app: OperatedApp, session_id: UuidText, state: State) -> Envelope[ErasedChatWire]:
    """Erases what is kept of a session's chat. An extension of Reelkit."""
    return Envelope[ErasedChatWire](data=ErasedChatWire(messages=await state.control.chats.erase(app.id, session_id)))


@public.head(_DOWNLOAD, include_in_schema=False)
@public.get(_DOWNLOAD, response_class=Response)
async def download(
    app_id: str,
    session_id: str,
    request: Request,
    state: Annotated[AppState, Depends(app_state)],
    spreadsheet: Annotated[
        bool, Query(description="An extension of Reelkit: for people who open the file in a spreadsheet.")
    ] = False,
) -> Response:
    """The chat of a session. The link is a ``chat_download_url`` and ends at its expiry."""
    try:
        state.bucket_links.verify(app_id, session_id, CHAT_FILE, request.query_params)
    except LinkError as error:
        raise NotPermitted(error.message) from error
    pieces = await state.control.chats.csv(app_id, session_id, spreadsheet=spreadsheet)
    headers = {
        "cache-control": "no-store",
        "content-disposition": f'attachment; filename="chat_{session_id}.csv"',
        "x-content-type-options": "nosniff",
    }
    return StreamingResponse(pieces, headers=headers, media_type="text/csv; charset=utf-8")
