"""Wrong requests get a precise 4xx that names the field, in both envelopes, and nothing is made."""

import json
from typing import NoReturn
from uuid import uuid4

import httpx
import pytest

from reelkit.db.errors import DatabaseUnavailable
from tests.api.harness import Api

UNKNOWN = str(uuid4())


def assert_failure(answer: httpx.Response, status: int, *words: str) -> None:
    assert answer.status_code == status, answer.text
    body = answer.json()
    assert set(body) == {"success", "error", "errors", "request_id"}
    assert body["request_id"] == answer.headers["cf-ray"]
    assert body["success"] is False
    assert body["error"] == body["errors"][0]
    assert {error["code"] for error in body["errors"]} == {status}
    for word in words:
        assert word in body["error"]["message"]


async def test_a_missing_meeting_id_is_named(api: Api) -> None:
    assert_failure(await api.operator.post(f"{api.path}/recordings", json={}), 400, "meeting_id", "required")


async def test_a_body_that_nests_too_deeply_is_refused(api: Api) -> None:
    body = b'{"meeting_id": ' + b"[" * 100_000 + b"]" * 100_000 + b"}"
    answer = await api.operator.post(
        f"{api.path}/recordings", content=body, headers={"content-type": "application/json"}
    )
    assert_failure(answer, 400)


async def test_several_problems_are_all_told(api: Api) -> None:
    answer = await api.operator.post(f"{api.path}/recordings", json={"max_seconds": 1, "video_config": {"width": 0}})
    messages = [error["message"].partition(":")[0] for error in answer.json()["errors"]]
    assert sorted(messages) == ["max_seconds", "meeting_id", "video_config.width"]
    assert answer.status_code == 400


async def test_secrets_are_not_repeated(api: Api) -> None:
    storage = {"type": "aws", "access_key": ["AKIA"], "secret": {"hush": 1}, "bucket": 5, "region": "x"}
    answer = await api.operator.post(f"{api.path}/recordings", json={"meeting_id": UNKNOWN, "storage_config": storage})
    assert answer.status_code == 400
    assert "AKIA" not in answer.text
    assert "hush" not in answer.text


async def test_a_huge_body_is_refused(api: Api) -> None:
    body = json.dumps({"meeting_id": UNKNOWN, "file_name_prefix": "x" * api.control.settings.max_body_bytes}).encode()
    answer = await api.operator.post(f"{api.path}/recordings", content=body)
    assert_failure(answer, 413, "larger than")


async def test_an_inactive_meeting_is_not_recorded(api: Api) -> None:
    meeting = await api.control.meeting(status="INACTIVE")
    answer = await api.operator.post(f"{api.path}/recordings", json={"meeting_id": meeting.id})
    assert_failure(answer, 403, "INACTIVE")
    assert await api.recordings() == 0


async def test_another_apps_meeting_and_recording_are_not_there(api: Api) -> None:
    other = await api.control.plane.apps.create(api.control.app.account_id, "other")
    meeting = await api.control.meeting(other)
    recording = await api.recorded(meeting)
    answers = [
        await api.operator.post(f"{api.path}/recordings", json={"meeting_id": meeting.id}),
        await api.operator.get(f"{api.path}/meetings/{meeting.id}"),
        await api.operator.patch(f"{api.path}/meetings/{meeting.id}", json={"title": "mine"}),
        await api.operator.get(f"{api.path}/meetings/{meeting.id}/participants"),
        await api.operator.get(f"{api.path}/recordings/{recording.id}"),
        await api.operator.put(f"{api.path}/recordings/{recording.id}", json={"action": "stop"}),
        await api.operator.get(f"{api.path}/recordings/active-recording/{meeting.id}"),
    ]
    for answer in answers:
        assert_failure(answer, 404, "there is no such")
    assert await api.recordings() == 0


async def test_a_machine_that_is_not_fit_answers_503_and_asks_to_try_again(api: Api) -> None:
    meeting = await api.control.meeting()
    api.control.sfu.reason = "Janus died"
    answer = await api.operator.post(f"{api.path}/recordings", json={"meeting_id": meeting.id})
    assert_failure(answer, 503, "Janus died")
    assert answer.headers["retry-after"] == "1"
    assert await api.recordings() == 0


async def test_a_database_that_refuses_answers_503_without_details(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise DatabaseUnavailable("the database refused: /srv/secret/path")

    monkeypatch.setattr(api.control.database, "session", refuse)
    answer = await api.operator.get(f"{api.path}/meetings")
    assert_failure(answer, 503, "database")
    assert "/srv" not in answer.text


async def test_half_a_character_is_refused(api: Api) -> None:
    for path, body, field in (
        (f"{api.path}/meetings", b'{"title": "\\ud800"}', "title"),
        (f"{api.kit}/apps", b'{"name": "\\udfff"}', "name"),
    ):
        headers = {"content-type": "application/json"}
        answer = await api.operator.post(path, content=body, headers=headers)
        assert_failure(answer, 422, f"{field}: must not contain a lone surrogate")
    assert (await api.operator.get(f"{api.path}/meetings")).json()["data"] == []


async def test_a_body_of_another_type_is_refused_with_advice(api: Api) -> None:
    answer = await api.operator.post(f"{api.path}/meetings", data={"title": "x"})
    assert_failure(answer, 400, "content-type application/json")
