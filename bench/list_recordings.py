"""How long lists take in an app with 100,000 recordings.

    scripts/netns.sh .venv/bin/python -m bench.list_recordings [--recordings 100000] [--requests 60] [--database sqlite]

A whole server answers GET requests over HTTP, one after the other, on SQLite and on PostgreSQL (which
scripts/setup.sh --tests installs). Each request of a kind is for something else. The baseline is SELECT count(*) over
the recordings, asked of the same database from this process: a list says how many there are in all. Processor time is
that of the server and of PostgreSQL: unlike the other times it is the same on a busy machine.
"""

import argparse
import asyncio
import random
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table
from sqlalchemy import func, select

from bench.many_rows import NOW, ManyRows
from reelkit.db import Database
from reelkit.db.recordings import RecordingRow
from testbed.postgres import PostgresServer
from testbed.stack import Stack

TARGET_P95_MS = 50.0
_PER_PAGE = 25
_NAME = "reelkit"
_TIMEOUT_S = 120.0
_SETTINGS = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on", "shared_buffers": "128MB"}

Query = dict[str, Any]


def questions(rows: ManyRows, rng: random.Random) -> dict[str, tuple[str, Callable[[], Query]]]:
    """What is asked: the path below the app, and the query of the next request."""
    pages = rows.recordings // _PER_PAGE
    statuses = [["UPLOADED"], ["ERRORED"], ["UPLOADED", "ERRORED"], ["ERRORED", "UPLOADING"]]

    def between() -> Query:
        start = NOW - timedelta(days=rng.uniform(14, 360))
        return {"start_time": start.isoformat(), "end_time": (start + timedelta(days=7)).isoformat()}

    return {
        "recordings: first page": ("recordings", dict),
        "a deep page": ("recordings", lambda: {"page_no": rng.randint(pages * 9 // 10, pages - 1)}),
        "oldest first": ("recordings", lambda: {"sort_order": "ASC", "page_no": rng.randint(1, 3)}),
        "of a meeting": ("recordings", lambda: {"meeting_id": rng.choice(rows.meeting_ids)}),
        "by status": ("recordings", lambda: {"status[]": rng.choice(statuses)}),
        "by id": ("recordings", lambda: {"search": rng.choice(rows.recording_ids)}),
        "by part of a title": ("recordings", lambda: {"search": rng.choice(rows.words)}),
        "by what half of the titles have": ("recordings", lambda: {"search": rng.choice("bdw")}),
        "by a text in no title": ("recordings", lambda: {"search": f"nowhere {rng.random()}"}),
        "of a week": ("recordings", between),
        "expired": ("recordings", lambda: {"expired": "true"}),
        "not expired": ("recordings", lambda: {"expired": "false"}),
        "meetings: first page": ("meetings", dict),
        "meetings by part of a title": ("meetings", lambda: {"search": rng.choice(rows.words)}),
        "participants of a meeting": (f"meetings/{rows.crowded_id}/participants", dict),
        "deliveries of a webhook": (f"webhooks/{rows.webhook_id}/deliveries", dict),
        "failed deliveries": (f"webhooks/{rows.webhook_id}/deliveries", lambda: {"state": "FAILED"}),
    }


Tidy = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Asked:
    """How long the list is in all, how long each request took, and what one costs in processor time."""

    total: int
    taken_ms: list[float]
    processor_ms: float | None = None


async def nothing() -> None:
    """What SQLite does by itself with what was written."""


@dataclass(frozen=True, slots=True)
class Place:
    """An empty database. ``tidy`` does what it does by itself sooner or later; ``pids`` are its processes."""

    url: str
    tidy: Tidy = nothing
    pids: tuple[int, ...] = ()


async def measure(place: Place, data: Path, recordings: int, requests: int) -> Table:
    """Fills a database and asks a server on it."""
    url, pids = place.url, place.pids
    # The server makes the account, the app and what else a first start needs.
    async with Stack(data, {"REELKIT_DATABASE_URL": url}) as stack:
        app_id = stack.listening.app_id
    rows = ManyRows(app_id, recordings, seed=1)
    database = Database(url)
    await database.open()
    began_s = time.monotonic()
    await rows.add_to(database)
    filled_s = time.monotonic() - began_s
    await place.tidy()
    baseline_ms = []
    for _ in range(requests):
        called_s = time.perf_counter()
        async with database.session() as session:
            await session.scalar(select(func.count()).select_from(RecordingRow))
        baseline_ms.append((time.perf_counter() - called_s) * 1000)
    await database.close()
    title = f"{url.partition(':')[0]}: {recordings:,} recordings, filled in {filled_s:.0f} s"
    table = Table("list", "in all", "p50 ms", "p95 ms", "processor ms", "p50 / baseline", "≤ 50 ms", title=title)
    base_ms = float(np.median(baseline_ms))
    _add(table, "SELECT count(*) (baseline)", Asked(recordings, baseline_ms), base_ms)
    async with Stack(data, {"REELKIT_DATABASE_URL": url}) as stack:
        for name, asked in (await _asked(stack, rows, requests, pids)).items():
            _add(table, name, asked, base_ms)
    return table


async def _asked(stack: Stack, rows: ManyRows, requests: int, pids: Sequence[int]) -> dict[str, Asked]:
    """The answers by question. ``pids`` are the database's processes."""
    base = f"{stack.listening.http}/client/v4/accounts/{stack.listening.account_id}/realtime/kit/{rows.app_id}"
    answers = {}
    rng = random.Random(2)
    headers = {"authorization": f"Bearer {stack.token}"}
    async with httpx.AsyncClient(headers=headers, timeout=_TIMEOUT_S) as client:
        for name, (path, query) in questions(rows, rng).items():
            taken_ms, total, before_s = [], 0, 0.0
            # The first is not counted: nothing of it is in any cache.
            for number in range(requests + 1):
                if number == 1:
                    before_s = _processor_s(stack.pid, *pids)
                parameters = {"per_page": _PER_PAGE, **query()}
                called_s = time.perf_counter()
                answer = await client.get(f"{base}/{path}", params=parameters)
                if number:
                    taken_ms.append((time.perf_counter() - called_s) * 1000)
                assert answer.status_code == 200, answer.text
                total = answer.json()["paging"]["total_count"]
            spent_s = _processor_s(stack.pid, *pids) - before_s
            answers[name] = Asked(total, taken_ms, spent_s * 1000 / requests)
    return answers


def _processor_s(*pids: int) -> float:
    """What processes and their descendants have used so far."""
    roots = [psutil.Process(pid) for pid in pids]
    times = [process.cpu_times() for root in roots for process in (root, *root.children(recursive=True))]
    return sum(each.user + each.system for each in times)


def _add(table: Table, name: str, asked: Asked, base_ms: float) -> None:
    p50, p95 = np.percentile(asked.taken_ms, [50, 95])
    spent = "" if asked.processor_ms is None else f"{asked.processor_ms:.0f}"
    verdict = "yes" if p95 <= TARGET_P95_MS else "NO"
    table.add_row(name, f"{asked.total:,}", f"{p50:.1f}", f"{p95:.1f}", spent, f"{p50 / base_ms:.1f}", verdict)


@asynccontextmanager
async def _database(kind: str, data: Path) -> AsyncIterator[Place]:
    if kind == "sqlite":
        yield Place(f"sqlite:///{data / 'reelkit.sqlite3'}")
        return
    with PostgresServer(_SETTINGS) as server:
        await server.create(_NAME)
        yield Place(server.url(_NAME), partial(server.execute, "VACUUM ANALYZE", _NAME), (server.pid,))


async def run(kinds: list[str], recordings: int, requests: int) -> None:
    for kind in kinds:
        with tempfile.TemporaryDirectory() as scratch:
            data = Path(scratch)
            async with _database(kind, data) as place:
                Console(width=120).print(await measure(place, data, recordings, requests))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=100_000)
    parser.add_argument("--requests", type=int, default=60, help="of each kind")
    parser.add_argument("--database", choices=("sqlite", "postgresql"), action="append", help="both by default")
    given = parser.parse_args()
    asyncio.run(run(given.database or ["sqlite", "postgresql"], given.recordings, given.requests))


if __name__ == "__main__":
    main()
