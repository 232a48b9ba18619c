"""Every failure becomes the error envelope with the status that RealtimeKit's callers expect."""

import math
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from reelkit.api.envelope import ErrorEnvelope
from reelkit.api.errors import ApiError
from reelkit.api.request_id import current_request_id
from reelkit.control.errors import ControlError, ErrorKind, StillRunning
from reelkit.control.validation import named
from reelkit.db.errors import DatabaseUnavailable

log = structlog.get_logger(__name__)

# What the database said is for the log: it may name paths.
DATABASE_DOWN = "the database is not available now"

STATUS_BY_KIND: Mapping[ErrorKind, int] = {
    ErrorKind.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ErrorKind.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorKind.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorKind.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorKind.CONFLICT: HTTPStatus.CONFLICT,
    ErrorKind.UNSUPPORTED: HTTPStatus.NOT_IMPLEMENTED,
    ErrorKind.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}
# Pydantic's names for a value that is well formed but outside what is allowed: 422. Whatever else is wrong is 400.
_OUT_OF_RANGE = frozenset(
    {
        "enum",
        "greater_than",
        "greater_than_equal",
        "less_than",
        "less_than_equal",
        "literal_error",
        "multiple_of",
        "string_pattern_mismatch",
        "string_too_long",
        "string_too_short",
        "too_long",
        "too_short",
        "value_error",
    }
)
# A body can be wrong in as many places as it is long; an answer names no more than these.
_MAX_MESSAGES = 10
# Cloudflare's clients repeat a request after these statuses, although the answer would mostly be the same.
_FINAL_STATUSES = frozenset({HTTPStatus.CONFLICT, HTTPStatus.NOT_IMPLEMENTED})
# The same for a status that a moment can mend.
_RETRY_AFTER_S = 1


def failure(status: int, *messages: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The answer to a failed request."""
    sent = dict(headers or {})
    if status in _FINAL_STATUSES and "retry-after" not in sent:
        sent["x-should-retry"] = "false"
    elif status == HTTPStatus.SERVICE_UNAVAILABLE:
        sent |= retry_after(_RETRY_AFTER_S)
    elif status == HTTPStatus.UNAUTHORIZED:
        sent["www-authenticate"] = 'Bearer realm="reelkit"'
    envelope = ErrorEnvelope.of(status, *messages, request_id=current_request_id())
    return JSONResponse(envelope.model_dump(), int(status), sent)


def retry_after(wait_s: float) -> dict[str, str]:
    """The header that says when to try again, in whole seconds (RFC 9110, 10.2.3)."""
    return {"retry-after": str(math.ceil(wait_s))}


def answer_to(error: ControlError | DatabaseUnavailable) -> JSONResponse:
    """The answer to a request that the domain or the database refused."""
    if isinstance(error, DatabaseUnavailable):
        log.error("the database refused a request", reason=error.message)
        return failure(HTTPStatus.SERVICE_UNAVAILABLE, DATABASE_DOWN)
    field = getattr(error, "field", "")
    message = error.message if field in error.message else f"{field}: {error.message}"
    headers = retry_after(_RETRY_AFTER_S) if isinstance(error, StillRunning) else None
    return failure(STATUS_BY_KIND[error.kind], message, headers=headers)


def validation_failure(errors: Sequence[Mapping[str, Any]]) -> JSONResponse:
    """The answer to a request whose path, query or body does not validate; it never repeats what was sent."""
    errors = [named(error) for error in errors]
    well_formed = all(error["type"] in _OUT_OF_RANGE for error in errors)
    status = HTTPStatus.UNPROCESSABLE_ENTITY if well_formed else HTTPStatus.BAD_REQUEST
    return failure(status, *(_explain(error) for error in errors[:_MAX_MESSAGES]))


def _explain(error: Mapping[str, Any]) -> str:
    if error["type"] == "json_invalid":
        return f"the body is not valid JSON: {error['ctx']['error']} at character {error['loc'][-1]}"
    if error["loc"] == ("body",):
        return "the body: must be a JSON object, sent with content-type application/json"
    place, *path = error["loc"]
    if "storage_config" in path[:-1] and len(path) > path.index("storage_config") + 2:
        # Pydantic names the branch of the union behind it, which is no field.
        del path[path.index("storage_config") + 1]
    field = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    text = str(error["msg"]).removeprefix("Value error, ")
    return f"{field or f'the {place}'}: {text[:1].lower()}{text[1:]}"


def handle_failures(app: FastAPI) -> None:
    """Registers the answers to all expected errors. What is not expected is answered by ``RequestLog``."""

    @app.exception_handler(ControlError)
    async def _control(_: Request, error: ControlError) -> Response:
        return answer_to(error)

    @app.exception_handler(DatabaseUnavailable)
    async def _database(_: Request, error: DatabaseUnavailable) -> Response:
        return answer_to(error)

    @app.exception_handler(ApiError)
    async def _api(_: Request, error: ApiError) -> Response:
        return failure(error.status, error.message)

    @app.exception_handler(RequestValidationError)
    async def _validation(_: Request, error: RequestValidationError) -> Response:
        return validation_failure(error.errors())

    @app.exception_handler(UnicodeEncodeError)
    async def _unicode(_: Request, __: UnicodeEncodeError) -> Response:
        # JSON can spell half of a surrogate pair, which is no character and cannot be stored.
        return failure(HTTPStatus.BAD_REQUEST, "the request holds text that is not valid Unicode")

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> Response:
        message = str(error.detail)
        if error.status_code == HTTPStatus.NOT_FOUND:
            message = f"no such path: {request.url.path}"
        elif error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            message = f"{request.method} is not allowed for {request.url.path}"
        return failure(error.status_code, message, headers=error.headers)
