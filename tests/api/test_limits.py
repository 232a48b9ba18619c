"""Limits of requests, over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.api.harness import Api, api_at
from tests.api.test_bad_input import assert_failure
from tests.control.manual_clock import ManualClock

LIMITS = {"recording_requests": 2, "recording_window_s": 10, "other_requests": 3, "other_window_s": 30}


@pytest.fixture
async def limited(tmp_path: Path) -> AsyncIterator[Api]:
    async with api_at(tmp_path, limits=LIMITS) as opened:
        yield opened


def stranger(api: Api, address: str, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(api.app, client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://reelkit", headers=headers)


def clock_of(api: Api) -> ManualClock:
    return api.control.clock


async def test_over_the_limit(limited: Api) -> None:
    for _ in range(3):
        assert (await limited.operator.get(f"{limited.kit}/apps")).status_code == 200
    refused = await limited.operator.get(f"{limited.path}/meetings")
    assert_failure(refused, 429, "too many requests", "3 in all other places", "10 s")
    assert refused.headers["retry-after"] == "10"
    assert "x-should-retry" not in refused.headers
    await clock_of(limited).advance(9.5)
    again = await limited.operator.get(f"{limited.path}/meetings")
    assert (again.status_code, again.headers["retry-after"]) == (429, "1")
    await clock_of(limited).advance(0.5)
    assert (await limited.operator.get(f"{limited.path}/meetings")).status_code == 200
    assert (await limited.operator.get(f"{limited.path}/meetings")).status_code == 429
    await clock_of(limited).advance(30)
    for status in (200, 200, 200, 429):
        assert (await limited.operator.get(f"{limited.kit}/apps")).status_code == status
    assert limited.control.metric("reelkit_http_limited_requests_total", limit="others", of="credential") == 4.0


async def test_recordings_have_a_limit_of_their_own(limited: Api) -> None:
    meeting = await limited.control.meeting()
    token = await limited.participant(meeting)
    missing = f"{limited.path}/recordings/{uuid4()}"
    for status in (404, 404, 429):
        assert (await limited.operator.get(missing)).status_code == status
    assert (await limited.operator.get(f"{limited.path}/meetings")).status_code == 200
    async with limited.client(token) as participant:
        active = f"/v2/recordings/active-recording/{meeting.id}"
        for path, status in ((active, 404), (f"/prefix{active}", 404), (active, 429)):
            assert (await participant.get(path)).status_code == status
        # A line feed at the end makes it no other path.
        for path in (f"{active}%0A", "/v2/recordings%0A"):
            assert (await participant.post(path, json={})).status_code == 429
        assert_failure(await participant.post("/v2/recordings", json={}), 429, "2 below /recordings")
        assert (await participant.get("/iceservers")).status_code == 200


async def test_strangers_share_what_their_address_has(limited: Api) -> None:
    path = f"{limited.kit}/apps"
    async with stranger(limited, "203.0.113.1") as first, stranger(limited, "203.0.113.2") as second:
        for number, status in enumerate((401, 401, 401, 429, 429)):
            # Other tokens that are not valid make nobody another one.
            answer = await first.get(path, headers={"authorization": f"Bearer wrong-{number}"})
            assert answer.status_code == status
        assert (await second.get(path)).status_code == 401
        assert (await first.get(path, headers={"authorization": f"Bearer {limited.token}"})).status_code == 200
    async with stranger(limited, "2001:db8::1") as first, stranger(limited, "2001:db8::ffff:1") as neighbour:
        for status in (401, 401, 401, 429):
            assert (await first.get(path)).status_code == status
        assert (await neighbour.get(path)).status_code == 429
    # What is told of IPv4 by a listener of both families.
    async with stranger(limited, "::ffff:203.0.113.3") as first, stranger(limited, "::ffff:203.0.113.4") as second:
        for status in (401, 401, 401):
            assert (await first.get(path)).status_code == status
        assert (await second.get(path)).status_code == 401
    async with stranger(limited, "203.0.113.3") as first:
        assert (await first.get(path)).status_code == 429
    assert limited.control.metric("reelkit_http_limited_requests_total", limit="others", of="address") == 5.0


async def test_a_refused_body_is_not_read(limited: Api) -> None:
    read: list[bytes] = []

    async def body() -> AsyncIterator[bytes]:
        read.append(b"{}")
        yield b"{}"

    for _ in range(3):
        await limited.anonymous.get(f"{limited.kit}/apps")
    assert (await limited.anonymous.post(f"{limited.kit}/apps", content=body())).status_code == 429
    assert read == []


async def test_probes_metrics_and_downloads_are_free(limited: Api) -> None:
    for path, status in (
        ("/healthz", 200),
        ("/readyz", 200),
        ("/metrics", 200),
        ("/bucket/app/recording/film.mp4", 403),
    ):
        for _ in range(4):
            assert (await limited.anonymous.get(path)).status_code == status


async def test_nobody_tries_tokens_faster_on_the_metrics(limited: Api) -> None:
    async with stranger(limited, "203.0.113.1") as guesser:
        for number, status in enumerate((401, 401, 401, 429)):
            wrong = {"x-auth-email": "ops@example.com", "x-auth-key": f"{number}"} if number % 2 else None
            answer = await guesser.get("/metrics", headers=wrong or {"authorization": f"Bearer {number}"})
            assert answer.status_code == status
        assert (await guesser.get("/metrics")).status_code == 401
        for _ in range(4):
            answer = await guesser.get("/metrics", headers={"authorization": f"Bearer {limited.token}"})
            assert answer.status_code == 200


async def test_limits_can_be_switched_off(tmp_path: Path) -> None:
    async with api_at(tmp_path, limits=LIMITS | {"enabled": False}) as api:
        for _ in range(4):
            assert (await api.operator.get(f"{api.kit}/apps")).status_code == 200
