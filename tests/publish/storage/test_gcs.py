"""Google's tokens, and what its emulator makes of our requests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from pydantic import SecretStr

from reelkit.egress.guard import EgressGuard
from reelkit.publish.storage.base import Destination
from reelkit.publish.storage.errors import StorageRefused
from reelkit.publish.storage.gcs import TOKEN_URL
from reelkit.publish.storage.open import open_destination
from reelkit.publish.storage.targets import GcsTarget
from reelkit.settings import EgressSettings, StorageEndpoints, StorageSettings
from testbed.free_port import LOOPBACK
from testbed.storage.gcs import EMAIL, GcsEmulator, GcsService
from tests.control.manual_clock import ManualClock
from tests.egress.hosts import host_on

CLOSED = EgressGuard(EgressSettings())


@pytest.fixture
async def service(tmp_path: Path) -> AsyncIterator[GcsService]:
    async with GcsService(tmp_path) as started:
        yield started


@pytest.fixture
async def destination(service: GcsService) -> AsyncIterator[Destination]:
    opened = open_destination(service.gcs_target(), guard=CLOSED, settings=service.gcs_settings())
    yield opened
    await opened.close()


async def test_one_token_serves_until_it_is_refused(service: GcsService, destination: Destination) -> None:
    for name in ("a", "b", "c"):
        await destination.put(name, b"x", "text/plain")
    assert len(service.assertions) == 1
    assert (service.assertions[0]["iss"], service.assertions[0]["aud"]) == (EMAIL, TOKEN_URL)

    service.tokens.clear()
    await destination.put("d", b"x", "text/plain")
    assert len(service.assertions) == 2


async def test_a_token_is_not_used_beyond_its_time(service: GcsService) -> None:
    clock = ManualClock()
    opened = open_destination(service.gcs_target(), guard=CLOSED, settings=service.gcs_settings(), clock=clock)
    service.clock = clock
    await opened.put("a", b"x", "text/plain")
    await clock.advance(3_200)
    await opened.put("a", b"x", "text/plain")
    assert len(service.assertions) == 1
    await clock.advance(200)
    await opened.put("a", b"x", "text/plain")
    assert len(service.assertions) == 2
    await opened.close()


async def test_the_keys_own_token_endpoint_is_never_asked(service: GcsService) -> None:
    async with host_on() as evil:
        evil.answer("200 OK", b'{"access_token": "x", "expires_in": 3600}')
        text = service.account.key_file(f"http://127.0.0.1:{evil.port}/token")
        target = GcsTarget(type="gcs", service_account=SecretStr(text), bucket="films")
        # With the operator's endpoints, and without.
        own = open_destination(target, guard=CLOSED, settings=service.gcs_settings())
        await own.check()
        elsewhere = StorageSettings(
            request_timeout_s=2.0, endpoints=StorageEndpoints(gcs=service.gcs_settings().endpoints.gcs)
        )

        async def nowhere(host: str, _: int) -> list[str]:
            assert host == "oauth2.googleapis.com"
            return ["127.0.0.1"]

        google = open_destination(target, guard=EgressGuard(EgressSettings(), nowhere), settings=elsewhere)
        with pytest.raises(StorageRefused, match="not on the public internet"):
            await google.check()
        await own.close()
        await google.close()
        assert evil.requests == []


async def test_googles_emulator_takes_objects(tmp_path: Path, service: GcsService) -> None:
    async with GcsEmulator(tmp_path) as emulator:
        token = service.gcs_settings().endpoints.gcs_token
        settings = StorageSettings(
            endpoints=StorageEndpoints(gcs=f"http://{LOOPBACK}:{emulator.port}", gcs_token=token)
        )
        opened = open_destination(service.gcs_target("2026/a b"), guard=CLOSED, settings=settings)
        await opened.put("captions é.vtt", b"WEBVTT\n", "text/vtt")
        await opened.close()
        assert await emulator.content("2026/a%20b/captions%20%C3%A9.vtt") == (b"WEBVTT\n", "text/vtt")
