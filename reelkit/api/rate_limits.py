"""Limits of requests, as documented for the hosted service: one for recordings and one for everything else. Connecting
to a meeting has one of its own."""

import re
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from reelkit.api.allowance import Allowance
from reelkit.api.credentials import TOKEN_PARAMETER, address_of, has_credential, holder_of, participant_of
from reelkit.api.failures import failure, retry_after
from reelkit.api.state import AppState
from reelkit.api.websocket import refuse

# Routes let a path end in a line feed (`$` of regular expressions), so the limit does too.
_RECORDINGS = re.compile(r"(/client/v4/accounts/[^/]+/realtime/kit/[^/]+|/v2)/recordings(/.*|\n)?", re.DOTALL)
# What operators' tools ask, and downloads, which have a signature of their own and come in many ranges.
_FREE = re.compile(r"/healthz|/readyz|/bucket/.*")
# Free as well, unless a token is tried on it that is not valid: nobody guesses faster here than elsewhere.
_METRICS = "/metrics"
# Some 20 MB for each limit at most.
_MAX_HOLDERS = 100_000


@dataclass(frozen=True, slots=True)
class _Limit:
    """One limit. Strangers, of whom there are as many as there are addresses, cannot make it forget the others."""

    name: str
    terms: str
    holders: Allowance
    strangers: Allowance


class RateLimits:
    """ASGI middleware before everything that costs: no body is read and no database is asked for what it refuses.

    Each API token and each participant has an allowance of their own; requests without a valid credential share that of
    the address that they come from. Websockets without a valid token are refused anyway.
    """

    def __init__(self, app: ASGIApp, state: AppState) -> None:
        self._app = app
        self._state = state
        settings = state.settings.limits
        self._enabled = settings.enabled
        self._recordings = self._limit("recordings", settings.recording_requests, settings.recording_window_s)
        self._others = self._limit("others", settings.other_requests, settings.other_window_s)
        self._connects = Allowance(state.clock, settings.connects, settings.connect_window_s, _MAX_HOLDERS)

    def _limit(self, name: str, count: int, window_s: float) -> _Limit:
        allowances = (Allowance(self._state.clock, count, window_s, _MAX_HOLDERS) for _ in range(2))
        where = "below /recordings" if name == "recordings" else "in all other places"
        return _Limit(name, f"{count} {where} within {window_s:g} s", *allowances)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket" and self._enabled:
            await self._connect(scope, receive, send)
            return
        if scope["type"] != "http" or not self._enabled or _FREE.fullmatch(scope["path"]):
            await self._app(scope, receive, send)
            return
        holder = holder_of(scope, self._state)
        if scope["path"] == _METRICS and (holder is not None or not has_credential(scope)):
            await self._app(scope, receive, send)
            return
        limit = self._recordings if _RECORDINGS.fullmatch(scope["path"]) else self._others
        wait_s = limit.holders.wait_s(holder.name) if holder else limit.strangers.wait_s(address_of(scope))
        if not wait_s:
            await self._app(scope, receive, send)
            return
        self._state.metrics.limited.labels(limit.name, "credential" if holder else "address").inc()
        headers = retry_after(wait_s)
        whose = "a token may make" if holder else "an address may make, without a valid token,"
        message = f"too many requests: {whose} {limit.terms}; try again in {headers['retry-after']} s"
        await failure(HTTPStatus.TOO_MANY_REQUESTS, message, headers=headers)(scope, receive, send)

    async def _connect(self, scope: Scope, receive: Receive, send: Send) -> None:
        websocket = WebSocket(scope, receive, send)
        participant = participant_of(websocket.query_params.get(TOKEN_PARAMETER, ""), self._state)
        wait_s = self._connects.wait_s(participant.name) if participant else 0.0
        if not wait_s:
            await self._app(scope, receive, send)
            return
        self._state.metrics.limited.labels("connects", "credential").inc()
        settings = self._state.settings.limits
        headers = retry_after(wait_s)
        message = (
            f"too many connections: a participant may open {settings.connects} within {settings.connect_window_s:g} s; "
            f"try again in {headers['retry-after']} s"
        )
        await refuse(websocket, HTTPStatus.TOO_MANY_REQUESTS, message, headers)
