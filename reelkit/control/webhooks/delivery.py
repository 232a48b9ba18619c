"""Webhooks and their deliveries as callers see them. Times are aware UTC datetimes."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Self

from reelkit.db.webhooks import WebhookAttemptRow, WebhookDeliveryRow, WebhookRow


class DeliveryState(StrEnum):
    PENDING = "PENDING"
    """Not taken yet: it is due, waits for another try, or for an earlier event of its subject."""
    DELIVERED = "DELIVERED"
    FAILED = "FAILED"
    """Refused, or not taken in time. A replay sends it again."""


@dataclass(frozen=True, slots=True)
class Webhook:
    """Where events of an app are sent."""

    id: str
    app_id: str
    name: str
    url: str
    events: tuple[str, ...]
    enabled: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: WebhookRow) -> Self:
        return cls(
            row.id, row.app_id, row.name, row.url, tuple(row.events), row.enabled, row.created_at, row.updated_at
        )


@dataclass(frozen=True, slots=True)
class LoggedAttempt:
    """One request that was made."""

    number: int
    started_at: datetime
    latency_ms: int
    status: int | None
    error: str | None
    response: str | None

    @classmethod
    def of(cls, row: WebhookAttemptRow) -> Self:
        return cls(row.number, row.started_at, row.latency_ms, row.status, row.error, row.response)


@dataclass(frozen=True, slots=True)
class Delivery:
    """One event on its way to one webhook. ``id`` is what the receiver sees as ``rtk-uuid``."""

    id: str
    webhook_id: str
    event: str
    subject: str
    body: str
    state: DeliveryState
    attempts: int
    created_at: datetime
    next_attempt_at: datetime | None
    """None if it has ended, or waits for an earlier event of its subject."""
    finished_at: datetime | None
    log: tuple[LoggedAttempt, ...] = ()
    """Only of a delivery that was asked for by its id."""

    @classmethod
    def of(cls, row: WebhookDeliveryRow, attempts: tuple[WebhookAttemptRow, ...] = ()) -> Self:
        return cls(
            id=row.id,
            webhook_id=row.webhook_id,
            event=row.event,
            subject=row.subject,
            body=row.body,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            created_at=row.created_at,
            next_attempt_at=row.due_at,
            finished_at=row.finished_at,
            log=tuple(LoggedAttempt.of(attempt) for attempt in attempts),
        )
