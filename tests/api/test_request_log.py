"""Request ids, the access log, metrics, and answers to our own faults."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
import structlog
from fastapi import FastAPI
from starlette.responses import StreamingResponse
from structlog.testing import capture_logs
from structlog.typing import EventDict

from reelkit.api.metrics import Metrics
from reelkit.api.request_log import RequestLog
from tests.api.support import asgi_client


@pytest.fixture
def logged() -> Iterator[list[EventDict]]:
    with capture_logs(processors=[structlog.contextvars.merge_contextvars]) as entries:
        yield entries


@pytest.fixture
def metrics() -> Metrics:
    return Metrics()


@pytest.fixture
def app(metrics: Metrics) -> FastAPI:
    inner = FastAPI()

    @inner.get("/things/{thing_id}")
    async def _thing(thing_id: str) -> dict[str, str]:
        return {"id": thing_id}

    @inner.get("/healthz")
    async def _health() -> dict[str, str]:
        return {}

    async def broken() -> Any:
        raise RuntimeError("the secret of the fault")

    inner.add_api_route("/broken", broken)

    async def half() -> StreamingResponse:
        async def body() -> Any:
            yield b"half"
            raise RuntimeError("torn")

        return StreamingResponse(body())

    inner.add_api_route("/half", half)
    inner.add_middleware(RequestLog, metrics=metrics)
    return inner


async def get(app: FastAPI, path: str) -> httpx.Response:
    async with asgi_client(app) as client:
        return await client.get(path)


async def test_one_line_for_each_request_without_the_query(app: FastAPI, logged: list[EventDict]) -> None:
    answer = await get(app, "/things/7?authToken=secret-token")
    assert answer.status_code == 200
    (line,) = logged
    assert line.pop("duration_ms") >= 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "path": "/things/7",
        "status": 200,
        "request_id": answer.headers["cf-ray"],
    }


async def test_each_request_has_its_own_id(app: FastAPI) -> None:
    assert (await get(app, "/things/1")).headers["cf-ray"] != (await get(app, "/things/1")).headers["cf-ray"]


async def test_an_id_that_comes_with_a_request_counts_for_nothing(app: FastAPI, logged: list[EventDict]) -> None:
    forged = {"cf-ray": "forged", "x-request-id": "forged"}
    async with asgi_client(app) as client:
        answer = await client.get("/things/7", headers=forged)
    assert answer.headers.get_list("cf-ray") == [logged[0]["request_id"]]
    assert "forged" not in str(logged)


async def test_failures_carry_the_id_in_answer_and_log(app: FastAPI, logged: list[EventDict]) -> None:
    answer = await get(app, "/broken")
    assert answer.json()["request_id"] == answer.headers["cf-ray"]
    assert {line["request_id"] for line in logged} == {answer.headers["cf-ray"]}


async def test_probes_are_quiet_while_all_is_well(app: FastAPI, logged: list[EventDict]) -> None:
    await get(app, "/healthz")
    assert [line["log_level"] for line in logged] == ["debug"]


async def test_a_fault_of_ours_is_logged_and_answered_without_its_text(app: FastAPI, logged: list[EventDict]) -> None:
    answer = await get(app, "/broken")
    assert answer.status_code == 500
    body = answer.json()
    assert body["success"] is False
    assert body["errors"] == [body["error"]]
    assert answer.headers["cf-ray"] in body["error"]["message"]
    assert "secret" not in answer.text
    assert [line["log_level"] for line in logged] == ["error", "info"]
    assert logged[0]["exc_info"] is True


async def test_an_answer_that_has_begun_is_cut_off(app: FastAPI, logged: list[EventDict]) -> None:
    with pytest.raises(RuntimeError, match="torn"):
        await get(app, "/half")
    assert logged[0]["log_level"] == "error"


async def test_metrics_are_labelled_by_route_and_not_by_path(app: FastAPI, metrics: Metrics) -> None:
    await get(app, "/things/1")
    await get(app, "/things/2")
    await get(app, "/nowhere/at/all")
    text = metrics.text().decode()
    assert 'reelkit_http_requests_total{method="GET",route="/things/{thing_id}",status="200"} 2.0' in text
    assert 'route="(none)",status="404"' in text
    assert "nowhere" not in text


def test_gauges_are_read_when_the_metrics_are(metrics: Metrics) -> None:
    values = iter([1.0, 2.0])
    metrics.gauge("reelkit_example", "An example.", lambda: next(values))
    assert "reelkit_example 1.0" in metrics.text().decode()
    assert "reelkit_example 2.0" in metrics.text().decode()
