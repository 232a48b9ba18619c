"""The start call, field by field as the reference page has it, and the page's own example on a real meeting."""

from collections.abc import AsyncIterator, Iterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.api.harness import Api, api_at
from tests.conformance.reference import ANSWER, CREDENTIALS, REQUEST, Documented
from tests.conformance.schema import Schema

pytestmark = pytest.mark.asyncio(loop_scope="module")
_WRONG: dict[str, Any] = {"boolean": "yes", "string": 7, "object": [], "number": "22", "integer": "60"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shared(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with api_at(tmp_path_factory.mktemp("data")) as opened:
        yield opened


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def schemas(shared: Api) -> dict[str, Any]:
    document: dict[str, Any] = (await shared.anonymous.get("/openapi.json")).json()
    return document


def body_schema(document: dict[str, Any]) -> Schema:
    return Schema(document, document["components"]["schemas"]["RecordingParams"])


def answer_schema(document: dict[str, Any]) -> Schema:
    return Schema(document, document["components"]["schemas"]["RecordingWire"])


def agrees(schema: Schema, page: Documented) -> None:
    """The documented schema allows all that the page allows, and says its bounds."""
    kinds = {branch.get("format") if page.kind == "date-time" else branch.get("type") for branch in schema.branches}
    assert kinds & ({page.kind} if page.kind != "number" else {"number", "integer"}), schema.branches
    assert schema.words() >= set(page.words)
    for branch in schema.branches:
        if page.kind == "integer":
            assert (branch.get("minimum"), branch.get("maximum")) == (page.minimum, page.maximum)
    assert schema.required or not page.required


@pytest.mark.parametrize("path", REQUEST)
async def test_each_field_of_the_request_is_documented_as_on_the_page(schemas: dict[str, Any], path: str) -> None:
    agrees(body_schema(schemas).field(path), REQUEST[path])


@pytest.mark.parametrize("path", ANSWER)
async def test_each_field_of_the_answer_is_documented_as_on_the_page(schemas: dict[str, Any], path: str) -> None:
    agrees(answer_schema(schemas).field(path), ANSWER[path])


@pytest.mark.parametrize("path", CREDENTIALS)
async def test_credentials_are_in_no_answer(schemas: dict[str, Any], path: str) -> None:
    with pytest.raises(KeyError):
        answer_schema(schemas).field(path)


def nested(path: str, value: object) -> dict[str, Any]:
    for name in reversed(path.split(".")):
        value = {name: value}
    assert isinstance(value, dict)
    return value


def wrong_values() -> Iterator[tuple[str, object, int]]:
    """Paths with a value that the page rules out, and the status that says so."""
    for path, page in REQUEST.items():
        if path.startswith("storage_config."):
            continue
        # Where only certain words are allowed, whatever is none of them is out of range.
        yield path, _WRONG[page.kind], 422 if page.words else 400
        if page.minimum is not None:
            yield path, page.minimum - 1, 422
        if page.maximum is not None:
            yield path, page.maximum + 1, 422
    yield "storage_config.type", "floppy", 422
    yield "meeting_id", "not-a-uuid", 422
    yield "rtmp_out_config.rtmp_url", "not a url", 422
    yield "url", "not a url", 422
    yield "video_config.watermark.url", "not a url", 422


@pytest.mark.parametrize(("path", "value", "status"), [*wrong_values()])
async def test_what_the_page_rules_out_is_refused_by_name(shared: Api, path: str, value: object, status: int) -> None:
    body = {"meeting_id": str(uuid4()), **nested(path, value)}
    answer = await shared.operator.post(f"{shared.path}/recordings", json=body)
    assert answer.status_code == status
    said = answer.json()
    assert path in said["error"]["message"]
    assert said["errors"][0] == said["error"]
    assert said["success"] is False
