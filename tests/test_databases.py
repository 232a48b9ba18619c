"""The databases of tests leave nothing behind that speaks to a later test."""

import asyncio
import sqlite3
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread, Timer
from threading import enumerate as all_threads
from typing import Any

import pytest
from sqlalchemy import text

from reelkit.db import Database
from reelkit.process import wait_until
from tests.databases import database_at
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.sqlite

SLOW_S = 0.1


async def read(database: Database, then: Callable[[], None] = lambda: None) -> None:
    async with database.session() as session:
        await session.execute(text("SELECT 1"))
        then()
        await asyncio.Event().wait()


async def cancelled(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait([task])


def new_threads(before: set[Thread]) -> set[Thread]:
    return set(all_threads()) - before


async def test_no_thread_outlives_a_database_whose_connection_was_still_being_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = database_at(tmp_path)
    await database.open()
    before = set(all_threads())
    # What it was opened with is in use, so that the next one needs another.
    reading = asyncio.create_task(read(database))
    connecting, go_on = Event(), Event()
    connect = sqlite3.connect

    def slow(*arguments: Any, **named: Any) -> sqlite3.Connection:
        connecting.set()
        assert go_on.wait(PATIENCE_S)
        made: sqlite3.Connection = connect(*arguments, **named)
        return made

    monkeypatch.setattr("aiosqlite.core.sqlite3.connect", slow)
    waiting = asyncio.create_task(read(database))

    async def is_connecting() -> bool:
        return connecting.is_set()

    await wait_until(is_connecting, timeout_s=PATIENCE_S)
    await cancelled(waiting)
    await cancelled(reading)
    timer = Timer(SLOW_S, go_on.set)
    timer.start()
    await database.close()
    timer.join()
    assert new_threads(before) == set()


async def test_no_thread_outlives_a_database_that_was_left_in_the_middle(tmp_path: Path) -> None:
    before = set(all_threads())
    database = database_at(tmp_path)
    await database.open()
    begun = asyncio.Event()
    reading = asyncio.create_task(read(database, begun.set))
    await begun.wait()
    await database.close()
    assert new_threads(before) == set()
    await cancelled(reading)
