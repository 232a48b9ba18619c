"""Background tasks, lanes and rates."""

import asyncio

import pytest
from structlog.testing import capture_logs

from reelkit.rooms.errors import LimitExceeded
from reelkit.rooms.lane import MAX_PENDING, Lane
from reelkit.rooms.rate_limit import RateLimit
from reelkit.rooms.tasks import TaskOwner
from tests.rooms.manual_clock import ManualClock, settle


async def test_failures_are_told() -> None:
    async def fail() -> None:
        raise RuntimeError("a bug")

    owner = TaskOwner("test")
    with capture_logs() as logs:
        owner.spawn(fail(), "failing")
        await settle()
    assert [(entry["event"], entry["task"]) for entry in logs] == [("a background task failed", "test-failing")]


async def test_closing_cancels_what_runs() -> None:
    owner = TaskOwner("test")
    task = owner.spawn(_forever(), "endless")
    await settle()
    await owner.close()
    assert task.cancelled()
    late = owner.spawn(_forever(), "late")
    await settle()
    assert late.cancelled()


async def _forever() -> None:
    await asyncio.Event().wait()


async def test_a_task_may_close_its_owner() -> None:
    owner = TaskOwner("test")
    done: list[str] = []

    async def closing() -> None:
        await owner.close()
        done.append("closed")

    other = owner.spawn(_forever(), "other")
    owner.spawn(closing(), "closing")
    await settle()
    assert done == ["closed"]
    assert other.cancelled()


async def test_shielded_work_goes_on_and_tells_its_failure() -> None:
    owner = TaskOwner("test")
    go = asyncio.Event()

    async def work() -> int:
        await go.wait()
        raise RuntimeError("a bug")

    caller = asyncio.create_task(owner.shielded(work(), "work"))
    await settle()
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    with capture_logs() as logs:
        go.set()
        await settle()
    assert [entry["task"] for entry in logs] == ["test-work"]


async def test_a_lane_keeps_the_order() -> None:
    lane = Lane(TaskOwner("test"), "lane")
    done: list[int] = []
    go = asyncio.Event()

    async def first() -> None:
        await go.wait()
        done.append(1)

    async def second() -> None:
        done.append(2)

    lane.submit(first)
    lane.submit(second)
    await settle()
    assert done == []
    go.set()
    await settle()
    assert done == [1, 2]
    lane.submit(second)
    await settle()
    assert done == [1, 2, 2]


async def test_a_lane_is_not_endless() -> None:
    lane = Lane(TaskOwner("test"), "lane")
    lane.submit(_forever)
    await settle()
    for _ in range(MAX_PENDING):
        lane.submit(_forever)
    with pytest.raises(LimitExceeded):
        lane.submit(_forever)
    lane.cancel()


async def test_a_rate() -> None:
    clock = ManualClock()
    limit = RateLimit(2, 3, clock)
    assert [limit.allow() for _ in range(4)] == [True, True, True, False]
    await clock.advance(0.5)
    assert [limit.allow() for _ in range(2)] == [True, False]
    await clock.advance(60)
    assert [limit.allow() for _ in range(4)] == [True, True, True, False]
