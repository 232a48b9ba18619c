"""API tokens over HTTP: made, listed, revoked, and what each of them opens."""

from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx

from reelkit.control.token_use import WRITE_INTERVAL_S
from tests.api.harness import Api
from tests.api.test_bad_input import assert_failure


def tokens_path(api: Api) -> str:
    return f"/client/v4/accounts/{api.control.app.account_id}/reelkit/tokens"


async def create(api: Api, **fields: Any) -> dict[str, Any]:
    answer = await api.operator.post(tokens_path(api), json={"name": "ci", **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()["data"]
    return made


async def listed(api: Api, **query: Any) -> dict[str, Any]:
    answer = await api.operator.get(tokens_path(api), params=query)
    assert answer.status_code == 200
    page: dict[str, Any] = answer.json()
    return page


async def test_a_token_is_made_listed_and_revoked(api: Api) -> None:
    made = await create(api)
    text = made.pop("token")
    assert len(text) >= 43
    assert made == {"id": made["id"], "name": "ci", "created_at": "2026-01-01T00:00:00.000Z"}
    async with api.client(text) as client:
        assert (await client.get(f"{api.path}/meetings")).status_code == 200
        revoked = await api.operator.delete(f"{tokens_path(api)}/{made['id']}")
        entry = revoked.json()["data"]
        used = {"last_used_at": "2026-01-01T00:00:00.000Z"}
        assert entry == made | used | {"revoked_at": "2026-01-01T00:00:00.000Z"}
        assert_failure(await client.get(f"{api.path}/meetings"), 401, "revoked")
    again = await api.operator.delete(f"{tokens_path(api)}/{made['id']}")
    assert again.json()["data"] == entry
    page = await listed(api)
    assert page["data"][1] == entry or page["data"][0] == entry
    assert "token" not in str(page["data"]).replace(tokens_path(api), "")
    assert text not in str(page)


async def test_tokens_are_listed_newest_first(api: Api) -> None:
    for number in range(3):
        await api.control.clock.advance(1)
        await create(api, name=f"number {number}")
    page = await listed(api, per_page=2)
    assert [entry["name"] for entry in page["data"]] == ["number 2", "number 1"]
    assert page["paging"] == {"total_count": 4, "start_offset": 1, "end_offset": 2}
    assert [entry["name"] for entry in (await listed(api, per_page=2, page_no=2))["data"]] == ["number 0", "operator"]


async def test_a_token_ends_when_it_should(api: Api) -> None:
    made = await create(api, expires_on="2026-01-01T03:00:00+02:00")
    assert made["expires_at"] == "2026-01-01T01:00:00.000Z"
    async with api.client(made["token"]) as client:
        await api.control.clock.advance(3_599)
        assert (await client.get(f"{api.kit}/apps")).status_code == 200
        await api.control.clock.advance(1)
        assert_failure(await client.get(f"{api.kit}/apps"), 401, "expired")


async def test_a_token_of_one_app(api: Api) -> None:
    other = await api.control.plane.apps.create(api.control.app.account_id, "other")
    made = await create(api, app_id=other.id)
    assert made["app_id"] == other.id
    async with api.client(made["token"]) as client:
        inside, outside = f"{api.kit}/{other.id}", api.path
        assert (await client.get(f"{inside}/meetings")).status_code == 200
        assert (await client.post(f"{inside}/meetings", json={"title": "mine"})).status_code in {200, 201}
        apps = (await client.get(f"{api.kit}/apps")).json()
        assert ([app["id"] for app in apps["data"]], apps["paging"]["total_count"]) == ([other.id], 1)
        for path in ("/meetings", "/recordings", f"/recordings/active-recording/{uuid4()}", "/analytics/daywise"):
            assert_failure(await client.get(f"{outside}{path}"), 404, "no such app")
        body = {"meeting_id": (await api.control.meeting()).id}
        assert_failure(await client.post(f"{outside}/recordings", json=body), 404, "no such app")
        assert_failure(await client.post(f"{api.kit}/apps", json={"name": "x"}), 403, "one app")
        for answer in (
            await client.post(tokens_path(api), json={"name": "more"}),
            await client.get(tokens_path(api)),
            await client.delete(f"{tokens_path(api)}/{made['id']}"),
        ):
            assert_failure(answer, 403, "one app")
        assert_failure(
            await client.get(f"{api.kit.replace(api.control.app.account_id, 'f' * 32)}/apps"), 404, "account"
        )
        # As if it came from another machine.
        transport = httpx.ASGITransport(api.app, client=("203.0.113.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=client.headers) as remote:
            assert_failure(await remote.get("/metrics"), 403, "one app")
            remote.headers["authorization"] = f"Bearer {api.token}"
            assert (await remote.get("/metrics")).status_code == 200


async def test_a_participant_makes_no_tokens(api: Api) -> None:
    async with api.client(await api.participant(await api.control.meeting())) as client:
        assert_failure(await client.post(tokens_path(api), json={"name": "x"}), 403, "participant")


async def test_the_last_token_of_the_account_stays(api: Api) -> None:
    (own,) = (await listed(api))["data"]
    await create(api, app_id=api.control.app.id)
    short = await create(api, expires_on="2026-01-01T00:00:10Z")
    gone = await create(api)
    assert (await api.operator.delete(f"{tokens_path(api)}/{gone['id']}")).status_code == 200
    await api.control.clock.advance(10)
    assert_failure(await api.operator.delete(f"{tokens_path(api)}/{own['id']}"), 409, "last token")
    assert (await api.operator.delete(f"{tokens_path(api)}/{short['id']}")).status_code == 200
    other = await create(api)
    assert (await api.operator.delete(f"{tokens_path(api)}/{own['id']}")).status_code == 200
    assert_failure(await api.operator.get(tokens_path(api)), 401, "revoked")
    async with api.client(other["token"]) as client:
        assert (await client.get(tokens_path(api))).status_code == 200


async def test_unknown_tokens_are_not_found(api: Api) -> None:
    assert_failure(await api.operator.delete(f"{tokens_path(api)}/{uuid4()}"), 404, "no such token")
    assert (await api.operator.delete(f"{tokens_path(api)}/x")).status_code in {400, 422}


BAD_TOKENS: list[tuple[dict[str, Any], int, str]] = [
    ({}, 400, "name"),
    ({"name": ""}, 422, "name"),
    ({"name": "  "}, 422, "name"),
    ({"name": "x" * 256}, 422, "name"),
    ({"name": 7}, 400, "name"),
    ({"name": "x", "app_id": "f" * 32}, 422, "app_id"),
    ({"name": "x", "app_id": 5}, 400, "app_id"),
    ({"name": "x", "email": "nobody"}, 422, "email"),
    ({"name": "x", "email": "a@b" + "c" * 320}, 422, "email"),
    ({"name": "x", "expires_on": "2025-12-31T23:59:59Z"}, 422, "expires_on"),
    ({"name": "x", "expires_on": "soon"}, 400, "expires_on"),
    ({"name": "x", "expires_on": 4_000_000_000}, 422, "expires_on"),
    ({"name": "x", "expires_on": "4000000000"}, 422, "expires_on"),
    ({"name": "x", "expires_on": "4000000000000.5"}, 422, "expires_on"),
    ({"name": "x", "expires_on": "0001-01-01T00:00:00+23:00"}, 422, "expires_on"),
]


async def test_bad_tokens_name_the_field(api: Api) -> None:
    for body, status, field in BAD_TOKENS:
        assert_failure(await api.operator.post(tokens_path(api), json=body), status, f"{field}: ")
    assert (await listed(api))["paging"]["total_count"] == 1


async def test_the_last_use_is_shown_at_once_and_written_a_little_later(api: Api) -> None:
    made = await create(api)
    async with api.client(made["token"]) as client:
        await api.control.clock.advance(5)
        await client.get(f"{api.kit}/apps")
    for _ in range(2):
        entry = next(entry for entry in (await listed(api))["data"] if entry["id"] == made["id"])
        assert datetime.fromisoformat(entry["last_used_at"]) == datetime(2026, 1, 1, 0, 0, 5, tzinfo=UTC)
        await api.control.clock.advance(WRITE_INTERVAL_S)
        await api.control.plane.operator_tokens.use.write()
