"""Failures as the official client raises them, with what we say in their text."""

import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import NoReturn
from uuid import uuid4

import pytest
from cloudflare import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    Cloudflare,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)
from structlog.testing import capture_logs

from reelkit.control.token_params import TokenParams
from tests.api.harness import Api
from tests.api.live import LiveServer

RECORDING_REQUESTS = 5


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    limits = {"recording_requests": RECORDING_REQUESTS, "recording_window_s": 10}
    with LiveServer(tmp_path, limits=limits) as server:
        yield server


def told(error: pytest.ExceptionInfo[APIStatusError]) -> str:
    """What a user sees, after checking that they can quote the request."""
    request_id = error.value.response.headers["cf-ray"]
    assert re.fullmatch("[0-9a-f]{16}", request_id)
    assert request_id in str(error.value)
    assert [each.message for each in error.value.errors]
    return str(error.value)


def test_typed_errors(live: LiveServer, monkeypatch: pytest.MonkeyPatch) -> None:
    assert live.api is not None
    api: Api = live.api
    kit = live.client().realtime_kit
    tokens = api.control.plane.operator_tokens
    token, text = live.call(tokens.create(live.account_id, TokenParams(name="one app", app_id=live.app_id)))
    meeting = live.call(api.control.attended_meeting())
    start = partial(kit.recordings.start_recordings, account_id=live.account_id, app_id=live.app_id)

    with pytest.raises(BadRequestError) as bad:
        start(meeting_id="x", max_seconds="many")  # type: ignore[arg-type]
    assert "max_seconds" in told(bad)
    with pytest.raises(UnprocessableEntityError) as range_error:
        start(meeting_id=meeting.id, max_seconds=1)
    assert "max_seconds: input should be greater than or equal to 60" in told(range_error)
    with pytest.raises(NotFoundError) as missing:
        start(meeting_id=str(uuid4()))
    assert "no such meeting" in told(missing)
    start(meeting_id=meeting.id)
    with pytest.raises(ConflictError) as second:
        start(meeting_id=meeting.id)
    assert "recording" in told(second)
    with pytest.raises(RateLimitError) as limited:
        start(meeting_id=meeting.id)
    assert "too many requests" in told(limited)
    assert int(limited.value.response.headers["retry-after"]) > 0

    scoped = live.client(text).realtime_kit
    with pytest.raises(PermissionDeniedError) as forbidden:
        scoped.apps.post(account_id=live.account_id, name="more")
    assert "opens one app only" in told(forbidden)
    live.call(tokens.revoke(live.account_id, token.id))
    with pytest.raises(AuthenticationError) as revoked:
        scoped.apps.get(account_id=live.account_id)
    assert "the API token was revoked" in told(revoked)

    async def broken(*_: object, **__: object) -> NoReturn:
        raise RuntimeError("the secret of the fault")

    monkeypatch.setattr(api.control.plane.apps, "create", broken)
    with capture_logs() as logged, pytest.raises(InternalServerError) as internal:
        kit.apps.post(account_id=live.account_id, name="more")
    assert "internal error" in told(internal)
    assert "secret" not in str(internal.value)
    assert any("not the caller's" in line["event"] for line in logged)


def test_email_and_key(live: LiveServer) -> None:
    assert live.api is not None
    tokens = live.api.control.plane.operator_tokens
    _, key = live.call(tokens.create(live.account_id, TokenParams(name="keys", email="ada@example.com")))

    def client(email: str) -> Cloudflare:
        return Cloudflare(api_email=email, api_key=key, base_url=f"{live.url}/client/v4", max_retries=0)

    with client("ada@example.com") as ada, client("grace@example.com") as grace:
        (app,) = ada.realtime_kit.apps.get(account_id=live.account_id).data or []
        assert app.id == live.app_id
        with pytest.raises(AuthenticationError) as refused:
            grace.realtime_kit.apps.get(account_id=live.account_id)
    assert "X-Auth-Email" in told(refused)


def test_a_key_of_the_callers_own(live: LiveServer) -> None:
    assert live.api is not None
    meeting = live.call(live.api.control.meeting())
    kit = live.client().realtime_kit
    for _ in range(2):
        kit.meetings.add_participant(
            meeting.id,
            account_id=live.account_id,
            app_id=live.app_id,
            custom_participant_id="ada",
            preset_name="group_call_host",
            extra_headers={"idempotency-key": "ada-once"},
        )
    listed = kit.meetings.get_meeting_participants(meeting.id, account_id=live.account_id, app_id=live.app_id)
    assert len(listed.data) == 1
