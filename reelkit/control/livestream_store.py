"""Livestreams in the database."""

import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.livestream import Livestream, LivestreamStatus
from reelkit.control.paging import Page, PageRequest
from reelkit.control.vault import Sealed, Vault
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db import Database
from reelkit.db.errors import ConstraintViolated
from reelkit.db.livestreams import LivestreamFilter, LivestreamRepository, LivestreamRow

log = structlog.get_logger(__name__)

# 192 bits, which nobody guesses.
_KEY_BYTES = 24

Payload = Callable[[Livestream], dict[str, Any]]
"""What webhooks are told of a livestream, without its meeting."""


class LivestreamStore:
    """New livestreams, and their moves from status to status. All methods raise DatabaseUnavailable."""

    def __init__(self, database: Database, clock: Clock, vault: Vault, outbox: Outbox, payload: Payload) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault
        self._outbox = outbox
        self._payload = payload

    async def invoke(self, *, app_id: str, meeting_id: str, name: str | None) -> Livestream:
        """A new one with a key of its own. Raises Conflict if the meeting is being streamed."""
        livestream_id, now = str(uuid4()), utc(self._clock.time_s())
        row = LivestreamRow(
            id=livestream_id,
            app_id=app_id,
            meeting_id=meeting_id,
            run_id=str(uuid4()),
            name=name,
            stream_key=self._vault.seal(secrets.token_urlsafe(_KEY_BYTES), _purpose(livestream_id)),
            status=LivestreamStatus.INVOKED.value,
            invoked_at=now,
            updated_at=now,
        )
        conflict = Conflict("a livestream of this meeting is running already")
        try:
            async with self._database.transaction() as session:
                repository = LivestreamRepository(session)
                if await repository.running_of(meeting_id) is not None:
                    raise conflict
                await repository.add(row)
        except ConstraintViolated as error:
            raise conflict from error
        return self._of(row)

    async def went_live(self, livestream_id: str) -> Livestream | None:
        """The ingest server takes it; None for one that is over, or was live before."""
        async with self._database.transaction() as session:
            row = await LivestreamRepository(session).get(livestream_id)
            if row is None or row.status != LivestreamStatus.INVOKED.value:
                return None
            row.status = LivestreamStatus.LIVE.value
            row.started_at = row.updated_at = utc(self._clock.time_s())
            return await self._told(session, row)

    async def end(self, livestream_id: str, status: LivestreamStatus, error: str | None) -> Livestream | None:
        """It is over; None for one that was before."""
        async with self._database.transaction() as session:
            row = await LivestreamRepository(session).get(livestream_id)
            if row is None or not Livestream.of(row, None).running:
                return None
            was_live = row.started_at is not None
            row.status, row.error = status.value, error
            row.stopped_at = row.updated_at = utc(self._clock.time_s())
            return await self._told(session, row) if was_live else self._of(row)

    async def running_of(self, meeting_id: str) -> Livestream | None:
        """The meeting's, if it has one."""
        async with self._database.session() as session:
            row = await LivestreamRepository(session).running_of(meeting_id)
        return self._of(row) if row is not None else None

    async def running(self) -> tuple[Livestream, ...]:
        """Those of all meetings."""
        async with self._database.session() as session:
            rows = await LivestreamRepository(session).running()
        return tuple(self._of(row) for row in rows)

    async def known(self, ids: Sequence[str]) -> frozenset[str]:
        """Those of ``ids`` that are livestreams."""
        async with self._database.session() as session:
            return frozenset(await LivestreamRepository(session).known(ids))

    async def get(self, app_id: str, livestream_id: str) -> Livestream:
        """Raises NotFound, also for another app's."""
        async with self._database.session() as session:
            row = await LivestreamRepository(session).of_app(app_id, livestream_id)
        if row is None:
            raise NotFound("there is no such livestream in this app")
        return self._of(row)

    async def of_run(self, app_id: str, run_id: str) -> Livestream:
        """The one whose session that is. Raises NotFound, also for another app's."""
        async with self._database.session() as session:
            row = await LivestreamRepository(session).of_run(app_id, run_id)
        if row is None:
            raise NotFound("there is no such livestream session in this app")
        return self._of(row)

    async def list(
        self, app_id: str, where: LivestreamFilter, page: PageRequest, *, newest_first: bool
    ) -> Page[Livestream]:
        """One page, by the time they were asked for."""
        async with self._database.session() as session:
            found = await LivestreamRepository(session).page(
                app_id, where, newest_first=newest_first, offset=page.offset, limit=page.per_page
            )
        return Page.of(page, tuple(self._of(row) for row in found.rows), found.total_count)

    async def between(self, app_id: str, start: datetime, end: datetime) -> tuple[Livestream, ...]:
        """Those of an app that were asked for from ``start`` until before ``end``, oldest first."""
        async with self._database.session() as session:
            rows = await LivestreamRepository(session).started_between(app_id, start, end)
        return tuple(Livestream.of(row, None) for row in rows)

    async def reseal(self) -> None:
        """Encrypts with the vault's first key what is encrypted with another."""
        async with self._database.transaction() as session:
            for row in await LivestreamRepository(session).every():
                row.stream_key = self._vault.resealed(row.stream_key, _purpose(row.id))

    async def _told(self, session: AsyncSession, row: LivestreamRow) -> Livestream:
        livestream = self._of(row)
        await self._outbox.livestream_changed(session, row, self._payload(livestream))
        return livestream

    def _of(self, row: LivestreamRow) -> Livestream:
        try:
            return Livestream.of(row, self._vault.unseal(row.stream_key, _purpose(row.id)))
        except Sealed as error:
            # All else of it is known, and a stream that is over needs its key no more.
            log.error("a stream key cannot be shown", livestream_id=row.id, reason=error.message)  # noqa: TRY400
            return Livestream.of(row, None)


def _purpose(livestream_id: str) -> str:
    return f"livestream:{livestream_id}"
