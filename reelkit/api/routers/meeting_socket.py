"""The websocket of meeting clients."""

import re
import time
from http import HTTPStatus

import structlog
from fastapi import APIRouter, WebSocket

from reelkit.api.auth import State
from reelkit.api.credentials import TOKEN_PARAMETER
from reelkit.api.failures import DATABASE_DOWN, STATUS_BY_KIND
from reelkit.api.websocket import StarletteSocket, refuse
from reelkit.control.errors import ControlError
from reelkit.db.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

router = APIRouter()

# The SDK sends a UUID; it becomes part of ids, log lines and file names.
_PEER_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
# RFC 6455, section 7.4.1: the server met a condition that it did not expect.
_INTERNAL_ERROR = 1011


@router.websocket("/ws")
async def meeting_socket(websocket: WebSocket, state: State) -> None:
    """Speaks the RealtimeKit client protocol with whoever holds a token of the meeting.

    A client that is not let in gets an HTTP error instead of the upgrade, as a browser shows no more anyway.
    """
    query = websocket.query_params
    peer_id = query.get("peerID", "")
    if _PEER_ID.fullmatch(peer_id) is None:
        await refuse(websocket, HTTPStatus.BAD_REQUEST, "peerID: must be 1 to 64 letters, digits, - or _")
        return
    try:
        admission = await state.control.participants.admit(
            query.get(TOKEN_PARAMETER, ""), peer_id=peer_id, meeting_id=query.get("roomID")
        )
    except ControlError as error:
        await refuse(websocket, STATUS_BY_KIND[error.kind], error.message)
        return
    except DatabaseUnavailable as error:
        log.error("the database refused a websocket", reason=error.message)  # noqa: TRY400 - the reason says it all
        await refuse(websocket, HTTPStatus.SERVICE_UNAVAILABLE, DATABASE_DOWN)
        return
    await websocket.accept()
    socket = StarletteSocket(websocket)
    opened_s = time.monotonic()
    connection = log.bind(meeting_id=admission.meeting_id, peer_id=peer_id)
    connection.info("websocket opened")
    with state.metrics.websockets.track_inprogress():
        try:
            await state.gateway.serve(socket, admission)
        except Exception:
            log.exception("the gateway failed a client", meeting_id=admission.meeting_id, peer_id=peer_id)
            await socket.close(_INTERNAL_ERROR)
        finally:
            duration_s = round(time.monotonic() - opened_s, 1)
            connection.info("websocket closed", code=socket.closed_with, duration_s=duration_s)
