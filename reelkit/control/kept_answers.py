"""Answers to requests that carry an idempotency key, kept so that a repeated request is not carried out twice."""

import asyncio
import json
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Self

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.errors import Conflict, Invalid, StillRunning
from reelkit.control.tasks import NamedLocks
from reelkit.control.vault import Vault
from reelkit.db import Database
from reelkit.db.errors import ConstraintViolated, DatabaseError
from reelkit.db.kept_answers import KeptAnswerRepository, KeptAnswerRow

log = structlog.get_logger(__name__)

# As long as clients may try a request again.
KEEP_S = 86_400.0
# Those that have outlived their time are not used any more, so their rows may stay a little longer.
CHECK_INTERVAL_S = 3_600.0
# A database that refuses to forget is asked again after this.
RETRY_S = 5.0
KEY_FIELD = "Idempotency-Key"
_STILL_RUNNING = f"{KEY_FIELD}: the first request with this key is still being carried out"


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first answer to a request, as bytes of HTTP."""

    status: int
    headers: Sequence[tuple[str, str]]
    body: bytes

    def text(self) -> str:
        return json.dumps([self.status, list(self.headers), b64encode(self.body).decode()])

    @classmethod
    def of(cls, text: str) -> Self:
        status, headers, body = json.loads(text)
        return cls(status, tuple((name, value) for name, value in headers), b64decode(body))


class KeptAnswers:
    """Knows every request with a key of the last day: which of them run, and how the others were answered.

    A request is begun, and then either its answer is kept or it is forgotten, as if it had never been made. If neither
    comes about nobody knows whether it was carried out.
    """

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._locks = NamedLocks()
        self._running: dict[str, str] = {}
        """Digests of requests that are carried out now, by their ids."""
        self._forgotten: set[str] = set()
        """Those that the database has not forgotten."""
        self._refused = asyncio.Event()

    async def begin(self, request_id: str, request_sha256: str) -> KeptAnswer | None:
        """The answer to an earlier one with this id; None if it is new and the caller must carry it out.

        Raises Invalid if the earlier one was another request, StillRunning while it is carried out, Conflict if the
        server failed or ended meanwhile, so that nobody knows how far it came; Sealed, DatabaseUnavailable.
        """
        async with self._locks.held(request_id):
            if request_id in self._running:
                _require_same(self._running[request_id], request_sha256)
                raise StillRunning(_STILL_RUNNING)
            row = await self._claim(request_id, request_sha256)
            if row is None:
                self._running[request_id] = request_sha256
                return None
        _require_same(row.request_sha256, request_sha256)
        if row.sealed_answer is None:
            raise Conflict(
                f"{KEY_FIELD}: the server failed or ended while it carried out the first request with this key. Look "
                "whether it was done; if not, make it anew with another key"
            )
        return KeptAnswer.of(self._vault.unseal(row.sealed_answer, _purpose(request_id)))

    async def keep(self, request_id: str, answer: KeptAnswer) -> None:
        """Keeps the answer to a request that was begun. Raises DatabaseError."""
        sealed = self._vault.seal(answer.text(), _purpose(request_id))
        async with self._database.transaction() as session:
            row = await KeptAnswerRepository(session).get(request_id)
            if row is not None:
                row.sealed_answer = sealed

    async def forget(self, request_id: str) -> None:
        """As if the request had not been made: the next one with its key is carried out.

        Raises DatabaseError. It is forgotten all the same, except by a server that ends before the database is back.
        """
        self._forgotten.add(request_id)
        try:
            await self._delete(request_id)
        except DatabaseError:
            self._refused.set()
            raise

    def end(self, request_id: str) -> None:
        """A request that was begun is carried out no more; call it in any case."""
        self._running.pop(request_id, None)

    async def run(self) -> None:
        """Deletes what has outlived its time and what is to be forgotten, for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._expire(), name="kept-answers-expire")
            tasks.create_task(self._forget_refused(), name="kept-answers-forget")

    async def reseal(self) -> None:
        """Seals what an earlier key of the vault sealed with the present one. Raises DatabaseError."""
        async with self._database.transaction() as session:
            # There may be very many, mostly sealed with the present one.
            for row in await KeptAnswerRepository(session).all_sealed(unmarked=self._vault.mark):
                if row.sealed_answer is not None:
                    row.sealed_answer = self._vault.resealed(row.sealed_answer, _purpose(row.id))

    async def _expire(self) -> None:
        while True:
            try:
                async with self._database.transaction() as session:
                    await KeptAnswerRepository(session).delete_before(self._outlived)
            except DatabaseError as error:
                log.error("kept answers could not be deleted", reason=error.message)  # noqa: TRY400
            await self._clock.sleep(CHECK_INTERVAL_S)

    async def _forget_refused(self) -> None:
        while True:
            await self._refused.wait()
            await self._clock.sleep(RETRY_S)
            self._refused.clear()
            for request_id in list(self._forgotten):
                try:
                    async with self._locks.held(request_id):
                        # It may have begun anew.
                        if request_id in self._forgotten:
                            await self._delete(request_id)
                except DatabaseError as error:
                    log.error("a request with a key could not be forgotten", reason=error.message)  # noqa: TRY400
                    self._refused.set()

    async def _delete(self, request_id: str) -> None:
        async with self._database.transaction() as session:
            await KeptAnswerRepository(session).delete(request_id)
        self._forgotten.discard(request_id)

    async def _claim(self, request_id: str, request_sha256: str) -> KeptAnswerRow | None:
        """The row of an earlier request, or None and a new row."""
        try:
            async with self._database.transaction() as session:
                repository = KeptAnswerRepository(session)
                row = await repository.get(request_id)
                if row is not None and row.started_at > self._outlived and request_id not in self._forgotten:
                    return row
                if row is not None:
                    await repository.delete(request_id)
                    session.expunge(row)
                now = utc(self._clock.time_s())
                await repository.add(KeptAnswerRow(id=request_id, request_sha256=request_sha256, started_at=now))
        except ConstraintViolated as error:
            # Another server on the same database was a moment earlier.
            raise StillRunning(_STILL_RUNNING) from error
        self._forgotten.discard(request_id)
        return None

    @property
    def _outlived(self) -> datetime:
        return utc(self._clock.time_s()) - timedelta(seconds=KEEP_S)


def id_of(holder: str, key: str) -> str:
    """Of the request of ``holder`` with ``key``: the same key of somebody else is another one."""
    return sha256(f"{holder}\n{key}".encode()).hexdigest()


def _require_same(earlier_sha256: str, request_sha256: str) -> None:
    if earlier_sha256 != request_sha256:
        raise Invalid(f"{KEY_FIELD}: this key came with another path or body before", field=KEY_FIELD)


def _purpose(request_id: str) -> str:
    return f"kept-answer:{request_id}"
