"""Hosts, path prefixes and origins of the browser SDK."""

import pytest

from reelkit.api.sdk_hosts import SdkHosts, host_name
from tests.api.support import Recorded, asgi_client

BASE = "rtk.example.com"


@pytest.mark.parametrize(
    ("given", "reached"),
    [
        ("/v2/recordings", "/v2/recordings"),
        ("/prefix/v2/recordings", "/v2/recordings"),
        ("/two/parts/iceservers", "/iceservers"),
        ("/v2/meetings/v2/x", "/v2/meetings/v2/x"),
        ("/bucket/app/recording/v2/x", "/bucket/app/recording/v2/x"),
        ("/client/v4/accounts/a/realtime/kit/b/iceservers", "/client/v4/accounts/a/realtime/kit/b/iceservers"),
        ("/prefix/other", "/prefix/other"),
    ],
)
async def test_a_prefix_is_taken_off_the_sdks_paths_alone(given: str, reached: str) -> None:
    app = Recorded()
    async with asgi_client(SdkHosts(app, BASE), f"api.{BASE}") as client:
        await client.get(given)
    assert app.scopes[0]["path"] == reached


@pytest.mark.parametrize("label", ["api-silos", "da-collector", "location", "location-legacy", "flags"])
async def test_telemetry_is_answered_whatever_the_path_and_never_forwarded(label: str) -> None:
    app = Recorded()
    async with asgi_client(SdkHosts(app, f"{BASE}:8443/prefix"), f"{label}.{BASE}:8443") as client:
        answer = await client.post("/prefix/otel/logs?token=x", content=b"\x1f\x8b")
    assert answer.status_code == 200
    assert answer.json() == {"success": True, "flags": [], "traits": []}
    assert answer.headers["access-control-allow-origin"] == "*"
    assert app.scopes == []


async def test_a_telemetry_name_of_another_domain_is_nothing_special() -> None:
    app = Recorded()
    async with asgi_client(SdkHosts(app, BASE), "flags.example.org") as client:
        answer = await client.get("/api/v1/identities/")
    assert answer.status_code == 204


@pytest.mark.parametrize("path", ["/v2/internals/participant-details", "/p/iceservers", "/bucket/a/b/c.mp4"])
async def test_preflight_echoes_the_requested_headers(path: str) -> None:
    app = Recorded()
    wanted = "authorization,content-type,tracing-id,traceparent,x-realtimekit-version"
    async with asgi_client(SdkHosts(app, BASE), f"api.{BASE}") as client:
        answer = await client.options(
            path,
            headers={
                "origin": "https://page.test",
                "access-control-request-method": "PUT",
                "access-control-request-headers": wanted,
            },
        )
    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["access-control-allow-headers"] == wanted
    assert "PUT" in answer.headers["access-control-allow-methods"]
    assert "access-control-allow-credentials" not in answer.headers
    assert app.scopes == []


async def test_the_operators_api_is_not_shared_with_other_origins() -> None:
    app = Recorded()
    async with asgi_client(SdkHosts(app, BASE)) as client:
        answer = await client.options("/client/v4/accounts/a/realtime/kit/apps")
        plain = await client.get("/v2/recordings")
    assert app.scopes[0]["method"] == "OPTIONS"
    assert "access-control-allow-origin" not in answer.headers
    assert plain.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize("base", [BASE, f"{BASE}:8443", f"{BASE.upper()}/p", f"{BASE}:8443/p/q"])
def test_the_host_of_a_base(base: str) -> None:
    assert host_name(base) == BASE
