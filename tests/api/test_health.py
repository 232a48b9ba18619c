"""Liveness, readiness and metrics."""

import httpx
import pytest

from reelkit.db.errors import DatabaseUnavailable
from tests.api.harness import Api, api_at
from tests.api.test_bad_input import assert_failure


async def test_ready_when_all_is_well(api: Api) -> None:
    assert (await api.anonymous.get("/healthz")).json() == {"status": "ok"}
    ready = await api.anonymous.get("/readyz")
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "reasons": []})


async def test_not_ready_without_the_sfu(api: Api) -> None:
    api.control.sfu.reason = "Janus died"
    answer = await api.anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "reasons": ["the SFU is not ready: Janus died"]}
    assert (await api.anonymous.get("/healthz")).status_code == 200


async def test_not_ready_without_the_database(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse() -> None:
        raise DatabaseUnavailable("the database refused: disk full")

    monkeypatch.setattr(api.control.database, "check_writable", refuse)
    answer = await api.anonymous.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the database refused: disk full"]


async def test_not_ready_on_a_full_disk(api: Api) -> None:
    api.state.readiness.min_free_bytes = 1 << 60
    (reason,) = (await api.anonymous.get("/readyz")).json()["reasons"]
    assert "MB are free" in reason


async def test_not_ready_while_stopping(api: Api) -> None:
    api.state.readiness.stopping = True
    assert (await api.anonymous.get("/readyz")).json()["reasons"] == ["the server is stopping"]


async def test_metrics_tell_of_requests_and_recordings(api: Api) -> None:
    meeting = await api.control.meeting()
    await api.recorded(meeting)
    await api.operator.get(f"{api.path}/meetings/{meeting.id}")
    answer = await api.anonymous.get("/metrics")
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    route = "/client/v4/accounts/{account_id}/realtime/kit/{app_id}/meetings/{meeting_id}"
    assert f'reelkit_http_requests_total{{method="GET",route="{route}",status="200"}} 1.0' in answer.text
    assert 'reelkit_recordings{status="RECORDING"} 1.0' in answer.text
    assert "reelkit_renderer_lag_seconds" in answer.text
    assert meeting.id not in answer.text


@pytest.mark.parametrize(("address", "open_to_all"), [("127.0.0.1", True), ("::1", True), ("192.0.2.7", False)])
async def test_metrics_are_for_this_machine_and_the_operator(api: Api, address: str, open_to_all: bool) -> None:
    transport = httpx.ASGITransport(api.app, client=(address, 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://reelkit") as client:
        answer = await client.get("/metrics")
        if open_to_all:
            assert answer.status_code == 200
        else:
            assert_failure(answer, 401, "token")
            trusted = await client.get("/metrics", headers={"authorization": f"Bearer {api.token}"})
            assert trusted.status_code == 200


async def test_two_applications_fit_into_one_process(api: Api, tmp_path_factory: pytest.TempPathFactory) -> None:
    async with api_at(tmp_path_factory.mktemp("second")) as second:
        assert (await second.anonymous.get("/metrics")).status_code == 200
    assert (await api.anonymous.get("/metrics")).status_code == 200
