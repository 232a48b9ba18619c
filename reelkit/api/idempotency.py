"""``Idempotency-Key``: a POST that is repeated under its key gets the first answer again, and nothing is done twice."""

import re
from hashlib import sha256
from http import HTTPStatus

import structlog
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from reelkit.api.allowance import Allowance
from reelkit.api.body_limit import replayed
from reelkit.api.credentials import Holder, holder_of
from reelkit.api.failures import answer_to, failure, retry_after
from reelkit.api.state import AppState
from reelkit.control.errors import ControlError, Unauthorized
from reelkit.control.kept_answers import KEEP_S, KEY_FIELD, KeptAnswer, id_of
from reelkit.db.errors import DatabaseError, DatabaseUnavailable

log = structlog.get_logger(__name__)

_PATHS = ("/client/v4/", "/v2/")
# Visible ASCII: a UUID, or what a caller's own books call it.
_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_REPLAYED = (b"idempotent-replayed", b"true")
# Of one participant within the time that answers are kept, some MB: participants may be anybody. The SDK sends no keys.
_PARTICIPANT_KEYS = 1_000
_MAX_PARTICIPANTS = 100_000


class Idempotency:
    """ASGI middleware behind :class:`reelkit.api.body_limit.BodyLimit`, which bounds the bodies that it reads.

    A key belongs to the credential that it came with. A request whose credential is not valid (any more) is passed on,
    to be refused as without a key.
    """

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app = app
        self._state = state
        self._kept = state.control.kept_answers
        self._participants = Allowance(state.clock, _PARTICIPANT_KEYS, KEEP_S, _MAX_PARTICIPANTS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST" or not scope["path"].startswith(_PATHS):
            await self._app(scope, receive, send)
            return
        keys = Headers(scope=scope).getlist(KEY_FIELD)
        try:
            holder = await self._holder(scope) if keys else None
            if holder is None:
                await self._app(scope, receive, send)
                return
            if len(keys) > 1 or _KEY.fullmatch(keys[0]) is None:
                message = f"{KEY_FIELD}: must be one text of 1 to 255 visible ASCII characters"
                await failure(HTTPStatus.UNPROCESSABLE_ENTITY, message)(scope, receive, send)
                return
            wait_s = self._participants.wait_s(holder.name) if holder.participant_token is not None else 0.0
            if wait_s:
                await _too_many(wait_s)(scope, receive, send)
                return
            body = await _body(receive)
            if body is None:
                return
            request_id = id_of(holder.name, keys[0])
            kept = await self._kept.begin(request_id, _digest(scope, body, request_id))
        except (ControlError, DatabaseUnavailable) as error:
            await answer_to(error)(scope, receive, send)
            return
        if kept is not None:
            await _send(kept, send, _REPLAYED)
            return
        try:
            answer = await self._carry_out(scope, replayed(body, receive), request_id)
        finally:
            self._kept.end(request_id)
        await _send(answer, send)

    async def _holder(self, scope: Scope) -> Holder | None:
        """Whose request it is, if the credential is valid. Raises DatabaseUnavailable."""
        holder = holder_of(scope, self._state)
        if holder is not None and holder.participant_token is not None:
            try:
                await self._state.control.participants.authenticate(holder.participant_token)
            except Unauthorized:
                return None
        return holder

    async def _carry_out(self, scope: Scope, receive: Receive, request_id: str) -> KeptAnswer:
        """Has the request answered, and keeps the answer unless another try may bring another one.

        After an exception that nobody foresaw it may be done or not: another try is told that nobody knows.
        """
        collected = _Collected()
        await self._app(scope, receive, collected.take)
        answer = collected.answer
        passing = answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR or answer.status == HTTPStatus.TOO_MANY_REQUESTS
        await self._note(request_id, None if passing else answer)
        return answer

    async def _note(self, request_id: str, answer: KeptAnswer | None) -> None:
        try:
            await (self._kept.forget(request_id) if answer is None else self._kept.keep(request_id, answer))
        except DatabaseError as error:
            # One that was carried out is so all the same: another one with its key is told that nobody knows.
            log.error("the answer to a request with a key is not noted", reason=error.message)  # noqa: TRY400


class _Collected:
    """Takes in a whole answer: it is sent when it is kept, so that whoever has it finds it again."""

    def __init__(self) -> None:
        self._start: Message = {}
        self._body = bytearray()

    async def take(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
        elif message["type"] == "http.response.body":
            self._body += message.get("body", b"")

    @property
    def answer(self) -> KeptAnswer:
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in self._start["headers"]]
        return KeptAnswer(self._start["status"], headers, bytes(self._body))


async def _body(receive: Receive) -> bytes | None:
    """The whole body; None when the client has gone."""
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(body)


def _too_many(wait_s: float) -> Response:
    headers = retry_after(wait_s)
    message = (
        f"{KEY_FIELD}: a participant may send {_PARTICIPANT_KEYS} requests with a key within a day; "
        f"try again in {headers['retry-after']} s, or without a key"
    )
    return failure(HTTPStatus.TOO_MANY_REQUESTS, message, headers=headers)


def _digest(scope: Scope, body: bytes, request_id: str) -> str:
    address = f"{request_id}\n{scope['path']}\n".encode() + scope["query_string"]
    return sha256(address + b"\n" + body).hexdigest()


async def _send(answer: KeptAnswer, send: Send, *added: tuple[bytes, bytes]) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*headers, *added]})
    await send({"type": "http.response.body", "body": answer.body})
