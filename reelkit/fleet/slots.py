"""How many renderers run at once, and who is next.

A recording whose film is not rendered yet loses nothing: its capture goes on. So places are few, and are given, oldest
first, to recordings that have stopped, then to those that go on. Films that are made again get what these leave free,
and never more than half of it; a recording that comes while they are being made does not wait for them.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import IntEnum

# A film of four people at 720p takes about 0.4 of a processor; the other share is for the SFU and for busier meetings.
_PLACES_PER_PROCESSOR = 2


class Turn(IntEnum):
    """Who goes first."""

    STOPPED = 0
    """The recording has stopped: somebody waits for its film."""
    LIVE = 1
    """The recording goes on."""
    AGAIN = 2
    """Another film of a kept capture."""


@dataclass
class _Ticket:
    turn: Turn
    granted: asyncio.Future[None]


class RenderSlots:
    """Places for ``limit`` renderers, and one more that only recordings use that have stopped.

    Without that one, a stopped recording could wait for hours, until a live one stops too.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._running: dict[str, Turn] = {}
        self._waiting: dict[str, _Ticket] = {}
        """In the order of their arrival."""

    @asynccontextmanager
    async def held(self, job_id: str, turn: Turn) -> AsyncIterator[None]:
        """A place for as long as the block runs; waits for it."""
        ticket = _Ticket(turn, asyncio.get_running_loop().create_future())
        self._waiting[job_id] = ticket
        self._grant()
        try:
            await ticket.granted
            yield
        finally:
            self._waiting.pop(job_id, None)
            self._running.pop(job_id, None)
            self._grant()

    def stopped(self, job_id: str) -> None:
        """The recording has stopped: it is before those that go on now. Does nothing for an unknown one."""
        if job_id in self._running:
            self._running[job_id] = Turn.STOPPED
        elif job_id in self._waiting:
            self._waiting[job_id].turn = Turn.STOPPED
            self._grant()

    def has_place(self, job_id: str) -> bool:
        """False also for one that has not come yet."""
        return job_id in self._running

    def _grant(self) -> None:
        while (job_id := self._next()) is not None:
            ticket = self._waiting.pop(job_id)
            self._running[job_id] = ticket.turn
            if not ticket.granted.done():
                ticket.granted.set_result(None)

    def _next(self) -> str | None:
        if not self._waiting:
            return None
        # min() keeps the first of equals, which is the oldest.
        job_id = min(self._waiting, key=lambda each: self._waiting[each].turn)
        return job_id if self._is_place_for(self._waiting[job_id].turn) else None

    def _is_place_for(self, turn: Turn) -> bool:
        running = list(self._running.values())
        again = running.count(Turn.AGAIN)
        if turn is Turn.AGAIN:
            return len(running) < self._limit and again < max(1, self._limit // 2)
        return len(running) - again < self._limit or (turn is Turn.STOPPED and Turn.STOPPED not in running)


def default_limit() -> int:
    """Places on this machine."""
    return _PLACES_PER_PROCESSOR * len(os.sched_getaffinity(0))
