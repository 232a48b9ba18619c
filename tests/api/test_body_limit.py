"""Request bodies are bounded in size and time."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.types import Message

from reelkit.api.body_limit import BodyLimit
from tests.api.support import Recorded, asgi_client

LIMIT = 1_000


async def chunks(count: int, size: int, taken: list[int]) -> AsyncIterator[bytes]:
    for index in range(count):
        taken.append(index)
        yield b"x" * size


async def test_a_body_of_exactly_the_limit_arrives_whole() -> None:
    app = Recorded()
    async with asgi_client(BodyLimit(app, LIMIT)) as client:
        answer = await client.post("/", content=b"y" * LIMIT)
    assert answer.status_code == 204
    assert app.bodies == [b"y" * LIMIT]


async def test_chunks_arrive_as_one_body() -> None:
    app = Recorded()
    async with asgi_client(BodyLimit(app, LIMIT)) as client:
        answer = await client.post("/", content=chunks(4, 200, []))
    assert answer.status_code == 204
    assert app.bodies == [b"x" * 800]


async def test_a_declared_length_over_the_limit_is_refused_unread() -> None:
    app = Recorded()
    async with asgi_client(BodyLimit(app, LIMIT)) as client:
        answer = await client.post("/", content=b"y" * (LIMIT + 1))
    assert_refused(answer, app)
    assert "connection" not in answer.headers


async def test_an_undeclared_length_is_read_no_further_than_the_limit() -> None:
    app = Recorded()
    taken: list[int] = []
    async with asgi_client(BodyLimit(app, LIMIT)) as client:
        answer = await client.post("/", content=chunks(100, 300, taken))
    assert_refused(answer, app)
    assert answer.headers["connection"] == "close"
    assert taken == [0, 1, 2, 3]


def assert_refused(answer: httpx.Response, app: Recorded) -> None:
    assert answer.status_code == 413
    assert answer.json() == {
        "success": False,
        "error": {"code": 413, "message": "the body is larger than 1000 bytes"},
        "errors": [{"code": 413, "message": "the body is larger than 1000 bytes"}],
    }
    assert app.scopes == []


async def test_a_request_without_a_body_passes() -> None:
    app = Recorded()
    async with asgi_client(BodyLimit(app, LIMIT)) as client:
        answer = await client.get("/")
    assert answer.status_code == 204


@pytest.mark.parametrize(
    ("messages", "status"),
    [([{"type": "http.request", "body": b"x", "more_body": True}], 408), ([{"type": "http.disconnect"}], None)],
    ids=["stalls", "goes away"],
)
async def test_a_body_that_never_ends(messages: list[Message], status: int | None) -> None:
    app = Recorded()
    sent: list[Message] = []

    async def receive() -> Message:
        return messages.pop(0) if messages else await asyncio.get_running_loop().create_future()

    async def send(message: Message) -> None:
        sent.append(message)

    scope = {"type": "http", "method": "POST", "headers": [(b"transfer-encoding", b"chunked")]}
    await BodyLimit(app, LIMIT, timeout_s=0.01)(scope, receive, send)
    assert app.scopes == []
    assert [message["status"] for message in sent if "status" in message] == ([status] if status else [])
