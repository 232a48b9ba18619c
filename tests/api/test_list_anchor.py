"""Lists that show the newest first stay what they were while somebody turns their pages."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from reelkit.api.list_anchor import LIFETIME_S, MAX_ANCHORS, ListAnchors
from reelkit.db.webhooks import WebhookDeliveryRow
from tests.api.harness import Api
from tests.control.manual_clock import ManualClock
from tests.control.test_erasures import webhook

NOW = datetime(2026, 1, 1, tzinfo=UTC)

Add = Callable[[], Awaitable[None]]


async def page(api: Api, path: str, page_no: int, **query: Any) -> tuple[list[str], int]:
    """The ids of a page, and how many there are in all."""
    answer = await api.operator.get(path, params={"page_no": page_no, "per_page": 2, **query})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    return [item["id"] for item in body["data"]], body["paging"]["total_count"]


async def turned(api: Api, path: str, add: Add, **query: Any) -> list[str]:
    """All pages of a list, to which something is added before and while each is read."""
    for _ in range(5):
        await add()
    seen, total = await page(api, path, 1, **query)
    page_no = 1
    while len(seen) < total:
        await add()
        page_no += 1
        more, now_total = await page(api, path, page_no, **query)
        assert now_total == total
        assert more
        seen += more
    assert len(set(seen)) == len(seen) == total
    return seen


def adds_meetings(api: Api) -> Add:
    async def add() -> None:
        await api.control.clock.advance(0.001)
        await api.control.meeting()

    return add


async def test_meetings(api: Api) -> None:
    add = adds_meetings(api)
    first = await turned(api, f"{api.path}/meetings", add)
    # Who begins anew sees what was added.
    again = await turned(api, f"{api.path}/meetings", add)
    assert len(again) == len(first) + 2 + 5
    assert again[-len(first) :] == first


async def test_recordings(api: Api) -> None:
    meeting = await api.control.meeting()

    async def add() -> None:
        await api.control.clock.advance(0.001)
        await api.control.start(meeting, allow_multiple_recordings=True)

    await turned(api, f"{api.path}/recordings", add)
    await turned(api, f"{api.path}/recordings", add, meeting_id=meeting.id, sort_order="DESC")


async def test_what_is_oldest_first_grows_at_its_end(api: Api) -> None:
    meeting = await api.control.meeting()
    for _ in range(3):
        await api.control.clock.advance(1)
        await api.control.start(meeting, allow_multiple_recordings=True)
    path = f"{api.path}/recordings"
    first, _ = await page(api, path, 1, sort_order="ASC")
    await api.control.clock.advance(1)
    added = await api.control.start(meeting, allow_multiple_recordings=True)
    second, total = await page(api, path, 2, sort_order="ASC")
    assert total == 4
    assert len(set(first + second)) == 4
    assert second[-1] == added.id


async def test_apps(api: Api) -> None:
    async def add() -> None:
        await api.control.clock.advance(0.001)
        await api.control.plane.apps.create(api.control.app.account_id, "another")

    await turned(api, f"{api.kit}/apps", add)


async def test_deliveries_of_a_webhook(api: Api) -> None:
    webhook_id = await webhook(api.control)
    made = 0

    async def add() -> None:
        nonlocal made
        made += 1
        await api.control.clock.advance(0.001)
        now = datetime.fromtimestamp(api.control.clock.now_s, UTC)
        times = {"created_at": now, "give_up_at": now, "attempts": 1, "tries": 1}
        facts = {"webhook_id": webhook_id, "event": "meeting.started", "subject": "x", "body": "{}"}
        async with api.control.database.transaction() as session:
            session.add(WebhookDeliveryRow(id=f"delivery-{made}", state="DELIVERED", **facts, **times))

    await turned(api, f"{api.path}/webhooks/{webhook_id}/deliveries", add)


async def test_other_lists_and_other_callers_have_anchors_of_their_own(api: Api) -> None:
    add = adds_meetings(api)
    for _ in range(3):
        await add()
    path = f"{api.path}/meetings"
    _, total = await page(api, path, 1)
    await add()
    _, active = await page(api, path, 2, status="ACTIVE")
    assert (total, active) == (3, 4)
    created = await api.operator.post(f"{api.kit.rsplit('/', 2)[0]}/reelkit/tokens", json={"name": "other"})
    assert created.status_code in {200, 201}, created.text
    async with api.client(created.json()["data"]["token"]) as other:
        answer = await other.get(path, params={"page_no": 2, "per_page": 2})
    assert answer.json()["paging"]["total_count"] == 4


async def test_a_time_that_is_given_bounds_all_pages(api: Api) -> None:
    add = adds_meetings(api)
    for _ in range(3):
        await add()
    until = datetime.fromtimestamp(api.control.clock.now_s + 0.0005, UTC).isoformat()
    await add()
    assert [(await page(api, f"{api.path}/meetings", number, end_time=until))[1] for number in (2, 1, 2)] == [3, 3, 3]


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_anchors_are_forgotten_after_a_while_without_use(clock: ManualClock) -> None:
    anchors = ListAnchors(clock)
    anchors.keep(b"list", NOW)
    for _ in range(3):
        await clock.advance(LIFETIME_S - 1)
        assert anchors.find(b"list") == NOW
    await clock.advance(LIFETIME_S)
    assert anchors.find(b"list") is None


async def test_only_so_many_are_kept(clock: ManualClock) -> None:
    anchors = ListAnchors(clock)
    for number in range(MAX_ANCHORS):
        anchors.keep(b"%d" % number, NOW)
    assert anchors.find(b"0") == NOW
    anchors.keep(b"one more", NOW)
    assert anchors.find(b"0") == NOW
    assert anchors.find(b"1") is None
