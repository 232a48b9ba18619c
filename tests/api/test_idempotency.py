"""Idempotency-Key: a repeated POST gets the first answer, and nothing is done twice."""

import asyncio
from pathlib import Path
from typing import Any, NoReturn
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import func, select
from starlette.types import Receive, Scope, Send

from reelkit.api import idempotency
from reelkit.api.idempotency import Idempotency
from reelkit.control.kept_answers import CHECK_INTERVAL_S, KEEP_S, RETRY_S
from reelkit.control.meetings import Meeting
from reelkit.control.token_params import TokenParams
from reelkit.db.errors import DatabaseUnavailable
from reelkit.db.kept_answers import KeptAnswerRepository, KeptAnswerRow
from reelkit.process import wait_until
from tests.api.harness import Api, api_at
from tests.api.support import asgi_client
from tests.api.test_bad_input import assert_failure
from tests.patience import PATIENCE_S

KEY = {"idempotency-key": "order-66"}
REPLAYED = "idempotent-replayed"


def body_of(answer: httpx.Response) -> dict[str, Any]:
    body: dict[str, Any] = answer.json()
    return body


async def participants_of(api: Api, meeting: Meeting) -> int:
    answer = await api.operator.get(f"{api.path}/meetings/{meeting.id}/participants")
    total: int = body_of(answer)["paging"]["total_count"]
    return total


async def test_a_repeated_post_is_answered_and_not_done_again(api: Api) -> None:
    meeting = await api.control.meeting()
    path = f"{api.path}/meetings/{meeting.id}/participants"
    ada = {"custom_participant_id": "ada", "preset_name": "group_call_host"}
    first = await api.operator.post(path, json=ada, headers=KEY)
    again = await api.operator.post(path, json=ada, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert (REPLAYED in first.headers, again.headers[REPLAYED]) == (False, "true")
    assert again.headers["content-type"] == first.headers["content-type"]
    assert again.headers["cf-ray"] != first.headers["cf-ray"]
    assert await participants_of(api, meeting) == 1
    for other in ((path, {**ada, "name": "Ada"}), (f"{api.path}/meetings", ada), (f"{path}?x=1", ada)):
        assert_failure(await api.operator.post(other[0], json=other[1], headers=KEY), 422, "Idempotency-Key", "before")
    # Neither the token in the answer nor the key is there to be read.
    async with api.control.database.session() as session:
        (row,) = await KeptAnswerRepository(session).all_sealed()
    stored = f"{row.id} {row.request_sha256} {row.sealed_answer}"
    for secret in (body_of(first)["data"]["token"], "order-66"):
        assert secret not in stored


async def test_failures_of_the_caller_are_kept_too(api: Api) -> None:
    missing = {"meeting_id": str(uuid4())}
    first = await api.operator.post(f"{api.path}/recordings", json=missing, headers=KEY)
    again = await api.operator.post(f"{api.path}/recordings", json=missing, headers=KEY)
    assert (first.status_code, again.status_code, again.headers[REPLAYED]) == (404, 404, "true")
    assert again.content == first.content


async def test_a_restart_does_not_matter_and_a_day_is_the_end(tmp_path: Path) -> None:
    async with api_at(tmp_path, api_token="chosen") as first:
        made = await first.operator.post(f"{first.kit}/apps", json={"name": "once"}, headers=KEY)
    async with api_at(tmp_path, api_token="chosen") as second:
        again = await second.operator.post(f"{second.kit}/apps", json={"name": "once"}, headers=KEY)
        assert (again.content, again.headers[REPLAYED]) == (made.content, "true")
        await second.control.clock.advance(KEEP_S)
        anew = await second.operator.post(f"{second.kit}/apps", json={"name": "once"}, headers=KEY)
        assert (anew.status_code, REPLAYED in anew.headers) == (201, False)
        assert anew.content != made.content


async def test_outlived_rows_are_removed(api: Api) -> None:
    await api.operator.post(f"{api.kit}/apps", json={"name": "once"}, headers=KEY)

    async def removed() -> bool:
        async with api.control.database.session() as session:
            return not await KeptAnswerRepository(session).all_sealed()

    assert not await removed()
    await api.control.clock.advance(KEEP_S)
    await api.control.clock.advance(CHECK_INTERVAL_S)
    await wait_until(removed, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_keys_belong_to_credentials(api: Api) -> None:
    tokens = api.control.plane.operator_tokens
    token, text = await tokens.create(api.control.app.account_id, TokenParams(name="ci"))
    mine = await api.operator.post(f"{api.kit}/apps", json={"name": "once"}, headers=KEY)
    async with api.client(text) as other:
        theirs = await other.post(f"{api.kit}/apps", json={"name": "once"}, headers=KEY)
        assert (theirs.status_code, theirs.content != mine.content) == (201, True)
        await tokens.revoke(api.control.app.account_id, token.id)
        assert_failure(await other.post(f"{api.kit}/apps", json={"name": "once"}, headers=KEY), 401, "revoked")
    assert_failure(await api.anonymous.post(f"{api.kit}/apps", json={"name": "once"}, headers=KEY), 401)


async def test_the_sdk_has_them_too_until_its_token_is_void(api: Api) -> None:
    meeting = await api.control.attended_meeting()
    token = await api.participant(meeting)
    async with api.client(token) as participant:
        for replayed in (False, True):
            answer = await participant.post("/v2/recordings", json={"meeting_id": meeting.id}, headers=KEY)
            assert (answer.status_code, REPLAYED in answer.headers) == (200, replayed)
        assert REPLAYED in answer.headers["access-control-expose-headers"]
        assert await api.recordings() == 1
        listed = await api.operator.get(f"{api.path}/meetings/{meeting.id}/participants")
        (someone,) = body_of(listed)["data"]
        await api.operator.post(f"{api.path}/meetings/{meeting.id}/participants/{someone['id']}/token")
        again = await participant.post("/v2/recordings", json={"meeting_id": meeting.id}, headers=KEY)
        assert_failure(again, 401, "revoked")


async def test_a_participant_cannot_have_any_number_of_answers_kept(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    # The application makes its middleware at the first request.
    monkeypatch.setattr(idempotency, "_PARTICIPANT_KEYS", 2)
    token = await api.participant(await api.control.meeting())
    async with api.client(token) as client:
        for number, status in enumerate((200, 200, 429)):
            answer = await client.post("/v2/internals/rooms", headers={"idempotency-key": str(number)})
            assert answer.status_code == status
        assert_failure(answer, 429, "Idempotency-Key", "2 requests with a key")
        assert answer.headers["retry-after"] == str(KEEP_S / 2).removesuffix(".0")
        assert (await client.post("/v2/internals/rooms")).status_code == 200
    for number in range(3):
        keyed = {"idempotency-key": str(number)}
        assert (await api.operator.post(f"{api.kit}/apps", json={"name": "x"}, headers=keyed)).status_code == 201


async def test_bad_keys(api: Api) -> None:
    for key in ("", "x" * 256, "two words", "caf\xe9"):
        headers = httpx.Headers({"idempotency-key": key}, encoding="latin-1")
        answer = await api.operator.post(f"{api.kit}/apps", json={"name": "x"}, headers=headers)
        assert_failure(answer, 422, "Idempotency-Key", "255")
    both = [("idempotency-key", "one"), ("idempotency-key", "two")]
    assert_failure(await api.operator.post(f"{api.kit}/apps", json={"name": "x"}, headers=both), 422, "Idempotency-Key")


class Door:
    """An application behind the real middleware that answers when it is told to."""

    def __init__(self, api: Api) -> None:
        self.served = 0
        self.status = 200
        self.fault: Exception | None = None
        self.entered = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self._app = Idempotency(self._serve, api.state)
        self._token = api.token

    async def post(self, body: bytes = b"body", key: str = "order-66") -> httpx.Response:
        async with asgi_client(self._app) as client:
            headers = {"idempotency-key": key, "authorization": f"Bearer {self._token}"}
            return await client.post("/v2/things", content=body, headers=headers)

    async def _serve(self, _: Scope, receive: Receive, send: Send) -> None:
        self.served += 1
        self.entered.set()
        await self.open.wait()
        if self.fault is not None:
            raise self.fault
        headers = [(b"x-served", str(self.served).encode())]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": (await receive())["body"]})


async def test_while_the_first_one_is_running(api: Api) -> None:
    door = Door(api)
    door.open.clear()
    first = asyncio.create_task(door.post())
    await door.entered.wait()
    refused = await door.post()
    assert (refused.status_code, refused.headers["retry-after"]) == (409, "1")
    assert "x-should-retry" not in refused.headers
    assert "still being carried out" in refused.text
    assert (await door.post(b"other")).status_code == 422
    door.open.set()
    assert (await first).headers["x-served"] == "1"
    again = await door.post()
    assert (again.headers["x-served"], again.headers[REPLAYED], again.content) == ("1", "true", b"body")


async def test_many_at_once_are_done_once(api: Api) -> None:
    door = Door(api)
    answers = await asyncio.gather(*(door.post() for _ in range(5)))
    assert door.served == 1
    assert {answer.status_code for answer in answers} <= {200, 409}
    assert 200 in {answer.status_code for answer in answers}


async def test_what_may_end_otherwise_the_next_time_is_not_kept(api: Api) -> None:
    door = Door(api)
    for status in (500, 503, 429, 501):
        door.status = status
        answer = await door.post()
        assert (answer.status_code, REPLAYED in answer.headers) == (status, False)
    door.status = 200
    assert (await door.post()).headers["x-served"] == "5"
    assert REPLAYED in (await door.post()).headers


async def test_nobody_knows_how_far_a_request_came_that_failed(api: Api) -> None:
    door = Door(api)
    door.fault = RuntimeError("broken")
    with pytest.raises(RuntimeError):
        await door.post()
    door.fault = None
    for _ in range(2):
        refused = await door.post()
        assert (refused.status_code, refused.headers["x-should-retry"]) == (409, "false")
        assert "another key" in refused.text
    assert door.served == 1


async def test_what_the_database_does_not_forget_is_forgotten(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(*_: object) -> None:
        raise DatabaseUnavailable("database or disk is full")

    async def rows() -> int:
        async with api.control.database.session() as session:
            return await session.scalar(select(func.count()).select_from(KeptAnswerRow)) or 0

    door = Door(api)
    door.status = 503
    with monkeypatch.context() as patched:
        patched.setattr(KeptAnswerRepository, "delete", refuse)
        assert (await door.post()).status_code == 503
    assert await rows() == 1
    # It is carried out anew, and the answer is kept.
    door.status = 200
    assert (await door.post()).headers["x-served"] == "2"
    await api.control.clock.advance(RETRY_S)
    assert (await door.post()).headers[REPLAYED] == "true"

    # Where nobody asks again it is deleted all the same.
    door.status = 503
    with monkeypatch.context() as patched:
        patched.setattr(KeptAnswerRepository, "delete", refuse)
        await door.post(key="another")
    assert await rows() == 2

    async def forgotten() -> bool:
        await api.control.clock.advance(RETRY_S)
        return await rows() == 1

    await wait_until(forgotten, timeout_s=PATIENCE_S, interval_s=0.002)


async def test_nobody_knows_how_far_a_server_came_that_was_killed(api: Api) -> None:
    door = Door(api)
    door.open.clear()
    first = asyncio.create_task(door.post())
    await door.entered.wait()
    first.cancel()
    await asyncio.wait([first])
    door.open.set()
    refused = await door.post()
    assert (refused.status_code, refused.headers["x-should-retry"]) == (409, "false")
    assert "another key" in refused.text
    assert door.served == 1


async def test_a_database_that_refuses_is_told(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise DatabaseUnavailable("the database refused: /srv/secret/path")

    monkeypatch.setattr(api.control.database, "transaction", refuse)
    door = Door(api)
    refused = await door.post()
    assert (refused.status_code, door.served) == (503, 0)
    assert "/srv" not in refused.text
