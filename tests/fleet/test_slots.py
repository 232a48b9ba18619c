"""Who gets a place when there are fewer than films to make."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from reelkit.fleet.slots import RenderSlots, Turn, default_limit


class Jobs:
    """Jobs that hold a place until they are told to end."""

    def __init__(self, limit: int) -> None:
        self.slots = RenderSlots(limit)
        self.running: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    async def arrive(self, *job_ids: str, turn: Turn = Turn.LIVE) -> None:
        for job_id in job_ids:
            self._ends[job_id] = asyncio.Event()
            self._tasks[job_id] = asyncio.create_task(self._hold(job_id, turn))
            await settle()

    async def end(self, job_id: str) -> None:
        self._ends[job_id].set()
        await self._tasks[job_id]
        await settle()

    async def cancel(self, job_id: str) -> None:
        self._tasks[job_id].cancel()
        await asyncio.gather(self._tasks[job_id], return_exceptions=True)
        await settle()

    async def close(self) -> None:
        for task in self._tasks.values():
            task.cancel()
        await asyncio.gather(*self._tasks.values(), return_exceptions=True)

    async def _hold(self, job_id: str, turn: Turn) -> None:
        async with self.slots.held(job_id, turn):
            self.running.append(job_id)
            try:
                await self._ends[job_id].wait()
            finally:
                self.running.remove(job_id)


async def settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


@pytest.fixture
async def two() -> AsyncIterator[Jobs]:
    jobs = Jobs(2)
    yield jobs
    await jobs.close()


async def test_the_oldest_gets_the_next_place(two: Jobs) -> None:
    await two.arrive("a", "b", "c", "d")
    assert two.running == ["a", "b"]
    assert [two.slots.has_place(each) for each in "abcd"] == [True, True, False, False]
    await two.end("a")
    assert two.running == ["b", "c"]
    await two.end("c")
    assert two.running == ["b", "d"]


async def test_a_stopped_recording_does_not_wait_for_live_ones(two: Jobs) -> None:
    await two.arrive("a", "b", "c", "d", "e")
    two.slots.stopped("d")
    await settle()
    assert two.running == ["a", "b", "d"]
    two.slots.stopped("e")
    await settle()
    assert two.running == ["a", "b", "d"], "one more place, not one for each"
    await two.end("d")
    assert two.running == ["a", "b", "e"]
    await two.end("e")
    assert two.running == ["a", "b"]
    await two.end("a")
    assert two.running == ["b", "c"]


async def test_stopped_ones_go_first_and_in_their_order(two: Jobs) -> None:
    await two.arrive("a", "b", "c")
    await two.arrive("d", "e", turn=Turn.STOPPED)
    assert two.running == ["a", "b", "d"]
    await two.end("a")
    assert two.running == ["b", "d"], "two of them run, and the next is a stopped one"
    await two.end("b")
    assert two.running == ["d", "e"]
    await two.end("d")
    assert two.running == ["e", "c"]


async def test_a_running_one_that_stops_takes_the_further_place(two: Jobs) -> None:
    await two.arrive("a", "b", "c")
    two.slots.stopped("a")
    two.slots.stopped("c")
    await settle()
    assert two.running == ["a", "b"]
    await two.end("a")
    assert two.running == ["b", "c"]


async def test_films_made_again_wait_for_all_others(two: Jobs) -> None:
    await two.arrive("a", "b")
    await two.arrive("again", turn=Turn.AGAIN)
    await two.arrive("c")
    await two.end("a")
    assert two.running == ["b", "c"]
    await two.end("b")
    assert two.running == ["c", "again"]


async def test_recordings_do_not_wait_for_films_made_again(two: Jobs) -> None:
    await two.arrive("first again", "second again", turn=Turn.AGAIN)
    assert two.running == ["first again"], "half of the places"
    await two.arrive("a", "b", "c")
    assert two.running == ["first again", "a", "b"]
    await two.end("first again")
    assert two.running == ["a", "b"]
    await two.end("a")
    await two.end("b")
    assert two.running == ["c", "second again"]


async def test_the_only_place_is_also_for_films_made_again() -> None:
    jobs = Jobs(1)
    await jobs.arrive("again", turn=Turn.AGAIN)
    await jobs.arrive("a", "b")
    assert jobs.running == ["again", "a"]
    await jobs.close()


async def test_one_that_gives_up_waiting_leaves_no_trace(two: Jobs) -> None:
    await two.arrive("a", "b", "c", "d")
    await two.cancel("c")
    await two.cancel("a")
    assert two.running == ["b", "d"]
    assert not two.slots.has_place("c")
    two.slots.stopped("c")


async def test_a_place_granted_to_one_that_gives_up_at_once_is_free_again(two: Jobs) -> None:
    await two.arrive("a", "b", "c", "d")
    two._ends["a"].set()
    await two._tasks["a"]
    # Granted to c, which has not run since.
    await two.cancel("c")
    assert two.running == ["b", "d"]


def test_there_is_always_a_place() -> None:
    assert default_limit() >= 2
