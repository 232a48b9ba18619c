"""The queue of deliveries in the database."""

import random
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Self

from reelkit.clock import Clock, utc
from reelkit.control.webhooks.attempt import Attempt, RetrySchedule, Verdict
from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.db import Database
from reelkit.db.webhooks import (
    Backlog,
    WebhookAttemptRow,
    WebhookDeliveryRow,
    WebhookQueueRepository,
    WebhookRepository,
    WebhookRow,
)
from reelkit.settings import WebhookSettings

_PRUNED_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Work:
    """A delivery that is due."""

    delivery_id: str
    webhook_id: str
    url: str
    event: str
    subject: str
    body: bytes

    @classmethod
    def of(cls, row: WebhookDeliveryRow, webhook: WebhookRow) -> Self:
        return cls(row.id, webhook.id, webhook.url, row.event, row.subject, row.body.encode())


@dataclass(frozen=True, slots=True)
class Settled:
    """What was stored about an attempt."""

    state: DeliveryState
    attempts: int
    next_at_s: float | None


class DeliveryQueue:
    """What the dispatcher reads and writes. All methods raise DatabaseUnavailable."""

    def __init__(
        self, database: Database, clock: Clock, settings: WebhookSettings, randomness: random.Random | None = None
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._schedule = RetrySchedule(settings, randomness or random.Random())  # noqa: S311 - jitter is no secret

    async def due(self, busy: Mapping[str, Collection[str]]) -> tuple[tuple[Work, ...], Backlog]:
        """What is to be sent now, and what is left; ``busy`` are the deliveries that each webhook is being sent.

        No webhook gets more than ``settings.connections`` at once, however much there is for it.
        """
        now = utc(self._clock.time_s())
        works: list[Work] = []
        async with self._database.session() as session:
            queue = WebhookQueueRepository(session)
            for webhook in await queue.webhooks_due(now):
                taken = busy.get(webhook.id, ())
                free = self._settings.connections - len(taken)
                if free <= 0:
                    continue
                rows = await queue.due(webhook.id, now, free + len(taken))
                works += [Work.of(row, webhook) for row in rows if row.id not in taken][:free]
            # With the same "now": what becomes due in between must not fall between two questions.
            return tuple(works), await queue.backlog(now)

    async def settle(self, work: Work, attempt: Attempt) -> Settled | None:
        """Logs an attempt and stores what it means. None if the webhook was deleted meanwhile."""
        async with self._database.transaction() as session:
            if await WebhookRepository(session).lock(work.webhook_id) is None:
                return None
            queue = WebhookQueueRepository(session)
            row = await queue.get(work.webhook_id, work.delivery_id)
            if row is None:
                return None
            now = utc(self._clock.time_s())
            recovered = attempt.verdict is Verdict.DELIVERED and row.tries > 0
            row.attempts += 1
            row.tries += 1
            await queue.log(
                WebhookAttemptRow(
                    delivery_id=row.id,
                    number=row.attempts,
                    started_at=attempt.started_at,
                    latency_ms=attempt.latency_ms,
                    status=attempt.status,
                    error=attempt.error,
                    response=attempt.response,
                )
            )
            row.due_at = None
            if attempt.verdict is Verdict.RETRY:
                row.due_at = self._schedule.next_at(now, row.tries, row.give_up_at)
            if row.due_at is None:
                delivered = attempt.verdict is Verdict.DELIVERED
                row.state = (DeliveryState.DELIVERED if delivered else DeliveryState.FAILED).value
                row.finished_at = now
                await session.flush()
                await queue.promote(work.webhook_id, row.subject, now)
            if recovered:
                # It answers again: what waits for another try need not wait any longer.
                await queue.hurry(work.webhook_id, now)
            next_at_s = row.due_at.timestamp() if row.due_at else None
            return Settled(DeliveryState(row.state), row.attempts, next_at_s)

    async def tidy(self) -> None:
        """Gives up what disabled webhooks did not take in time, and deletes the oldest part of the log."""
        while await self._give_up() >= _PRUNED_AT_ONCE:
            pass
        before = utc(self._clock.time_s()) - timedelta(seconds=self._settings.log_lifetime_s)
        while True:
            async with self._database.transaction() as session:
                if await WebhookQueueRepository(session).prune(before, _PRUNED_AT_ONCE) < _PRUNED_AT_ONCE:
                    return

    async def _give_up(self) -> int:
        now = utc(self._clock.time_s())
        async with self._database.transaction() as session:
            rows = await WebhookQueueRepository(session).forgotten(now, _PRUNED_AT_ONCE)
            for row in rows:
                row.state, row.due_at, row.finished_at = DeliveryState.FAILED.value, None, now
            await session.flush()
            for webhook_id, subject in {(row.webhook_id, row.subject) for row in rows}:
                await WebhookQueueRepository(session).promote(webhook_id, subject, now)
        return len(rows)
