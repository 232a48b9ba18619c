"""SIGKILL of the server at random moments while webhooks are told what happens: is anything lost or out of order?

    scripts/netns.sh .venv/bin/python -m bench.kill_delivery [--kills 50] [--seed 1] [--minutes 20]

Recordings are started, paused, resumed and stopped in meetings without people while the server is killed and started
again; every other film goes over a slow link to an S3 server of the caller's. Two receivers listen: one is quick, the
other slow, and now and then it answers 503, resets the connection or says nothing. At the end every recording and
session of the database is compared with what each receiver was told: all that happened, all that the API had answered
and all that the log says, in order, each signed, repetitions only under the same ``rtk-uuid``. Every film that is
UPLOADED to the storage must lie there byte for byte. The exit status is 1 if anything is not so.
"""

import argparse
import asyncio
import hashlib
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import cloudflare
import httpx
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from reelkit.control.recording import FOLLOWERS, RecordingStatus
from reelkit.process import wait_until
from testbed.faulty_link import FaultyLink
from testbed.stack import Stack
from testbed.storage.s3 import RcloneS3
from testbed.storage.server import BUCKET
from testbed.webhook_receiver import Answer, Received, WebhookReceiver

EVENTS: Sequence[Any] = (
    "meeting.started",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "recording.statusUpdate",
)
ENVIRONMENT = {
    "REELKIT_EGRESS__ALLOW_PRIVATE": "true",
    "REELKIT_WEBHOOKS__RETRY_MIN_S": "0.2",
    "REELKIT_WEBHOOKS__RETRY_MAX_S": "1.0",
    "REELKIT_WEBHOOKS__ATTEMPT_TIMEOUT_S": "2.0",
    "REELKIT_LOG_FORMAT": "json",
    "REELKIT_RENDER__PRESET": "ultrafast",
    # The last recordings are over soon after the last kill.
    "REELKIT_RECORDING__EMPTY_MEETING_TIMEOUT_S": "2",
}
UPLOADS = """
SELECT output_file_name, sha256 FROM recordings JOIN deliveries ON recordings.id = recording_id
    WHERE recordings.status = 'UPLOADED'
"""
STORAGE_PATH = "films"
UPLOAD_BYTES_PER_S = 200_000.0
"""So slow that kills meet uploads."""
LIVES_AT_ONCE = 3
KILL_AFTER_S = (0.05, 5.0)
"""From the readiness of the server to its end."""
STEP_S = (0.1, 0.8)
"""Between two calls about one recording."""
LENGTH_S = (0.8, 2.0)
"""Before the stop: a film needs a second of recording."""
SLOW_S = (0.0, 0.4)
SETTLE_TIMEOUT_S = 90.0
_FINAL = frozenset({RecordingStatus.UPLOADED, RecordingStatus.ERRORED})
_CALL_ERRORS = (cloudflare.APIError, httpx.HTTPError)


@dataclass
class Ledger:
    """What is known of each recording besides the database: its statuses in order."""

    answered: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    logged: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    """The moves that the server logged after their commit."""
    refused: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Truth:
    """What is in the database at the end."""

    recordings: Mapping[str, str]
    """Each recording's status."""
    sessions: Mapping[str, bool]
    """Of each session, whether it has ended."""
    unfinished: int
    """Deliveries to webhooks that are not DELIVERED."""
    uploads: Mapping[str, str] = field(default_factory=dict)
    """The SHA-256 of each main file in the callers' own storage, by its name."""


def moody(chance: random.Random) -> Answer:
    """How the bad receiver feels."""
    mood = chance.random()
    if mood < 0.10:
        return Answer(503)
    if mood < 0.15:
        return Answer(mode="reset")
    if mood < 0.17:
        return Answer(mode="hang")
    return Answer(delay_s=chance.uniform(*SLOW_S))


async def live(stack: Stack, chance: random.Random, ledger: Ledger, storage: RcloneS3) -> None:
    """One recording after the other, until the server is gone; every other one goes to ``storage``."""
    target = storage.target(STORAGE_PATH)
    own = {
        "type": "aws",
        "access_key": target.access_key.get_secret_value(),
        "secret": target.secret.get_secret_value(),
        "bucket": target.bucket,
        "region": target.region,
        "path": target.path,
    }
    actions: tuple[tuple[Literal["pause", "resume", "stop"], str], ...] = (
        ("pause", "PAUSED"),
        ("resume", "RECORDING"),
        ("stop", "UPLOADING"),
    )
    try:
        api = stack.api
        while True:
            meeting_id = await api.create_meeting()
            options = {"storage_config": own} if chance.random() < 0.5 else {}
            recording_id = await api.start_recording(meeting_id, **options)
            ledger.answered[recording_id] += ["INVOKED", "RECORDING"]
            for action, status in actions if chance.random() < 0.5 else actions[2:]:
                await asyncio.sleep(chance.uniform(*(LENGTH_S if action == "stop" else STEP_S)))
                await api.steer_recording(recording_id, action)
                ledger.answered[recording_id].append(status)
    except cloudflare.APIStatusError as error:
        # A recording that the time-out of its empty meeting has stopped meanwhile.
        ledger.refused[str(error.status_code)] += 1
    except _CALL_ERRORS:
        return


async def kill_now_and_then(
    stack: Stack, storage: RcloneS3, kills: int, chance: random.Random, end_s: float, progress: Progress
) -> tuple[Ledger, int]:
    """Kills and starts again; returns what was answered and how many kills there were."""
    ledger = Ledger()
    bar = progress.add_task("kills", total=kills)
    done = 0
    while done < kills and time.monotonic() < end_s:
        lives = [asyncio.create_task(live(stack, chance, ledger, storage)) for _ in range(LIVES_AT_ONCE)]
        await asyncio.sleep(chance.uniform(*KILL_AFTER_S))
        await stack.kill()
        await asyncio.gather(*lives)
        done += 1
        progress.update(bar, completed=done)
        await stack.start()
    return ledger, done


def truth(database: Path) -> Truth:
    """Reads the database of a running server."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        unfinished = connection.execute("SELECT count(*) FROM webhook_deliveries WHERE state != 'DELIVERED'")
        return Truth(
            dict(connection.execute("SELECT id, status FROM recordings").fetchall()),
            {row[0]: row[1] is not None for row in connection.execute("SELECT id, ended_at FROM sessions")},
            unfinished.fetchone()[0],
            dict(connection.execute(UPLOADS).fetchall()),
        )
    finally:
        connection.close()


def logged(lines: Iterable[str]) -> dict[str, list[str]]:
    """The statuses that each recording moved to, out of the server's log."""
    moves: dict[str, list[str]] = defaultdict(list)
    for line in lines:
        if '"recording changed its status"' in line:
            entry = json.loads(line)
            moves[entry["recording_id"]].append(entry["status"])
    return moves


async def settled(stack: Stack) -> Truth:
    """Waits until every recording has ended and every event is taken. Raises TimeoutError."""
    database = stack.data / "reelkit.sqlite3"

    async def over() -> bool:
        found = await asyncio.to_thread(truth, database)
        return found.unfinished == 0 and set(found.recordings.values()) <= set(_FINAL)

    await wait_until(over, timeout_s=SETTLE_TIMEOUT_S, interval_s=0.2)
    return truth(database)


def faults(received: Sequence[Received], found: Truth, ledger: Ledger, key: str) -> list[str]:
    """What is wrong with what one receiver was told."""
    wrong = [f"{each.uuid} is signed wrongly" for each in received if not each.signed_with(key)]
    bodies: dict[str, bytes] = {}
    told: dict[str, list[Received]] = defaultdict(list)
    for each in received:
        if bodies.setdefault(each.uuid, each.body) != each.body:
            wrong.append(f"{each.uuid} came with two contents")
        about = told[_subject(each)]
        if about and each.uuid in {earlier.uuid for earlier in about[:-1]} - {about[-1].uuid}:
            wrong.append(f"{each.uuid} came again after a later event of {_subject(each)}")
        if each.uuid not in {earlier.uuid for earlier in about}:
            about.append(each)
    for recording_id, status in found.recordings.items():
        statuses = [each.payload["recording"]["status"] for each in told.get(recording_id, [])]
        if not _is_life(statuses, status):
            wrong.append(f"recording {recording_id} is {status} and was told to be {statuses}")
        for source, known in (("answered", ledger.answered), ("logged", ledger.logged)):
            if not _contains(statuses, known.get(recording_id, [])):
                wrong.append(f"recording {recording_id}: {source} {known[recording_id]}, told {statuses}")
    for session_id, ended in found.sessions.items():
        names = [each.event for each in told.get(session_id, [])]
        if names != ["meeting.started", "meeting.ended"][: 1 + ended]:
            wrong.append(f"session {session_id} {'has ended' if ended else 'is live'} and was told as {names}")
    strangers = set(told) - set(found.recordings) - set(found.sessions)
    return wrong + [f"{stranger} is not in the database" for stranger in sorted(strangers)]


def upload_faults(found: Truth, directory: Path) -> list[str]:
    """What is wrong with the files in the callers' own storage, which lie in ``directory``."""
    wrong = []
    for name, sha256 in found.uploads.items():
        path = directory / name
        if not path.is_file():
            wrong.append(f"{name} is UPLOADED and not in the storage")
        elif hashlib.sha256(path.read_bytes()).hexdigest() != sha256:
            wrong.append(f"{name} has another content in the storage")
    return wrong


def _subject(request: Received) -> str:
    payload = request.payload
    subject = payload["recording"]["id"] if "recording" in payload else payload["meeting"]["sessionId"]
    return str(subject)


def _is_life(statuses: Sequence[str], last: str) -> bool:
    """Whether it is a way from INVOKED to ``last`` along the allowed moves."""
    way = [RecordingStatus(status) for status in statuses]
    moves = pairwise(way)
    return (
        bool(way) and way[0] is RecordingStatus.INVOKED and way[-1] == last and all(b in FOLLOWERS[a] for a, b in moves)
    )


def _contains(statuses: Sequence[str], answered: Sequence[str]) -> bool:
    """Whether everything that was answered was told, in that order."""
    left = iter(statuses)
    return all(status in left for status in answered)


async def run(kills: int, seed: int, minutes: float, console: Console) -> bool:
    """True if nothing was lost, forged or out of order."""
    chance = random.Random(seed)
    end_s = time.monotonic() + minutes * 60
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    async with AsyncExitStack() as running:
        scratch = Path(running.enter_context(tempfile.TemporaryDirectory()))
        storage = await running.enter_async_context(RcloneS3(scratch))
        quick, slow = [await running.enter_async_context(WebhookReceiver()) for _ in range(2)]
        link = await running.enter_async_context(FaultyLink(storage.port))
        link.rate_bytes_per_s = UPLOAD_BYTES_PER_S
        endpoint = {"REELKIT_STORAGE__ENDPOINTS__AWS": str(storage.settings(link.port).endpoints.aws)}
        stack = await running.enter_async_context(Stack(environment=ENVIRONMENT | endpoint))
        moods = random.Random(seed + 1)
        slow.answer = lambda _: moody(moods)
        key = await _public_key(stack)
        for name, receiver in (("quick", quick), ("slow", slow)):
            await stack.api.client.realtime_kit.webhooks.create_webhook(
                stack.listening.app_id,
                account_id=stack.listening.account_id,
                name=name,
                url=receiver.url,
                events=list(EVENTS),
            )
        with Progress(*columns, console=console) as progress:
            ledger, done = await kill_now_and_then(stack, storage, kills, chance, end_s, progress)
        try:
            found = await settled(stack)
        except TimeoutError:
            console.print("not all was over and told in time", style="red")
            found = truth(stack.data / "reelkit.sqlite3")
        ledger.logged.update(logged(stack.log))
        problems = [] if await _public_key(stack) == key else ["the key is another one after the restarts"]
        problems += upload_faults(found, storage.objects / BUCKET / STORAGE_PATH)
        problems += [f"{found.unfinished} deliveries are unfinished"] if found.unfinished else []
        table = Table("receiver", "requests", "events", "repeated", "not answered 2xx", "faults", title=f"{done} kills")
        for name, receiver in (("quick", quick), ("slow", slow)):
            wrong = faults(receiver.received, found, ledger, key)
            problems += [f"{name}: {fault}" for fault in wrong]
            events = len({each.uuid for each in receiver.received})
            total = len(receiver.received)
            table.add_row(name, str(total), str(events), str(total - events), str(receiver.refused), str(len(wrong)))
    console.print(table)
    statuses = Counter(found.recordings.values())
    console.print(f"{len(found.recordings)} recordings {dict(statuses)}, {len(found.sessions)} sessions, seed {seed}")
    console.print(f"{len(found.uploads)} of the films went to the callers' own storage")
    for problem in problems:
        console.print(problem, style="red")
    return not problems


async def _public_key(stack: Stack) -> str:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"{stack.listening.http}/.well-known/webhooks.json")
    pem: str = answer.json()["data"]["publicKey"]
    return pem


def main() -> None:
    parser = argparse.ArgumentParser(description="SIGKILL of the server while webhooks are told what happens.")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=20.0, help="begin no further round after so long")
    options = parser.parse_args()
    console = Console()
    sys.exit(0 if asyncio.run(run(options.kills, options.seed, options.minutes, console)) else 1)


if __name__ == "__main__":
    main()
