"""The application: routers, errors and the layers around them."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi_offline import FastAPIOffline

import reelkit
from reelkit.api.body_limit import BodyLimit
from reelkit.api.documentation import describe_beside
from reelkit.api.envelope import ErrorEnvelope
from reelkit.api.failures import handle_failures
from reelkit.api.idempotency import Idempotency
from reelkit.api.list_anchor import ListAnchors
from reelkit.api.rate_limits import RateLimits
from reelkit.api.request_log import RequestLog
from reelkit.api.routers import (
    active_session,
    analytics,
    apps,
    chats,
    diagnoses,
    downloads,
    erasure,
    health,
    livestreams,
    meeting_socket,
    meetings,
    participants,
    polls,
    presets,
    recording_config,
    recordings,
    renders,
    sdk,
    sessions,
    tokens,
    tracks,
    webhooks,
)
from reelkit.api.sdk_hosts import SdkHosts
from reelkit.api.state import AppState

_DESCRIPTION = """
RealtimeKit's API, self-hosted. Point an official client at this server with `base_url` ending in `/client/v4`.

Each failure carries `error` and `errors`, with the HTTP status as `code` and a message that names the field.
"""
_FAILURES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "The request is malformed.",
    HTTPStatus.UNAUTHORIZED: "No token, or no valid one.",
    HTTPStatus.FORBIDDEN: "The token does not allow it.",
    HTTPStatus.NOT_FOUND: "There is no such object in this account or app.",
    HTTPStatus.CONFLICT: "The object's present state does not allow it, such as a second recording of a meeting.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The body is too large.",
    HTTPStatus.UNPROCESSABLE_ENTITY: "A value is out of range.",
    HTTPStatus.TOO_MANY_REQUESTS: "Too many requests; wait as long as Retry-After says.",
    HTTPStatus.NOT_IMPLEMENTED: "RealtimeKit offers it, this version does not.",
    HTTPStatus.SERVICE_UNAVAILABLE: "Not now; try again.",
}


def create_app(state: AppState) -> FastAPI:
    """The application over ``state``. It owns nothing: who made the state closes it."""
    responses: dict[int | str, dict[str, Any]] = {
        int(status): {"model": ErrorEnvelope, "description": description} for status, description in _FAILURES.items()
    }
    # The documentation's scripts come from here and not from elsewhere: many servers stand in closed networks.
    app = FastAPIOffline(
        docs_url="/docs", redoc_url=None, title="Reelkit", version=reelkit.__version__, description=_DESCRIPTION
    )
    describe_beside(app)
    app.state.reelkit = state
    app.state.list_anchors = ListAnchors(state.clock)
    for module in (
        active_session,
        analytics,
        apps,
        chats,
        livestreams,
        meetings,
        participants,
        polls,
        presets,
        recording_config,
        recordings,
        diagnoses,
        erasure,
        renders,
        sdk,
        sessions,
        tokens,
        tracks,
        webhooks,
    ):
        app.include_router(module.router, responses=responses)
    for module in (downloads, health, meeting_socket):
        app.include_router(module.router)
    app.include_router(webhooks.public)
    app.include_router(chats.public)
    handle_failures(app)
    # The last one added is the outermost.
    app.add_middleware(Idempotency, state=state)
    app.add_middleware(BodyLimit, max_bytes=state.settings.max_body_bytes)
    app.add_middleware(RateLimits, state=state)
    app.add_middleware(SdkHosts, base_domain=state.settings.base_domain)
    app.add_middleware(RequestLog, metrics=state.metrics)
    return app
