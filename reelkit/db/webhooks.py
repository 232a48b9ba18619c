"""Webhooks, what is to be sent to them, and the log of what was sent."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    String,
    Text,
    delete,
    func,
    literal_column,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.page import RowPage, fetch_page

PENDING = "PENDING"

# SQLite counts up only an INTEGER.
_Sequence = BigInteger().with_variant(Integer(), "sqlite")


class WebhookRow(Base):
    """A webhook: where to, and of which events."""

    __tablename__ = "webhooks"
    __table_args__ = (Index(None, "app_id", "created_at"),)

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    name: Mapped[str] = mapped_column(String(255))
    url: Mapped[str] = mapped_column(String(2_048))
    events: Mapped[list[str]] = mapped_column(JSON)
    enabled: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class WebhookDeliveryRow(Base):
    """One event on its way to one webhook; ``sequence`` is the order in which events came about.

    Of the pending ones of one webhook and subject only the first has a ``due_at``: the others wait for it.
    """

    __tablename__ = "webhook_deliveries"

    sequence: Mapped[int] = mapped_column(_Sequence, primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(Id, unique=True)
    webhook_id: Mapped[str] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"))
    event: Mapped[str] = mapped_column(String(64))
    subject: Mapped[str] = mapped_column(String(64))
    """What the event is about: events of one subject are sent one after the other."""
    body: Mapped[str] = mapped_column(Text)
    """The JSON text that is sent, byte for byte, however often."""
    state: Mapped[str] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    give_up_at: Mapped[datetime] = mapped_column(UtcDateTime)
    attempts: Mapped[int]
    """In all."""
    tries: Mapped[int]
    """Since it was queued, or queued again by a replay."""
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    __table_args__ = (
        Index(None, "webhook_id", "sequence"),
        Index(None, "finished_at"),
        # What was told of a recording is erased with it.
        Index(None, "subject"),
    )


_DUE = WebhookDeliveryRow.due_at.is_not(None)
# As a literal: SQLite uses a partial index only where it can prove the condition, and knows no parameter's value.
_IS_PENDING = WebhookDeliveryRow.state == literal_column(f"'{PENDING}'")
_HAS_ENDED = WebhookDeliveryRow.state != literal_column(f"'{PENDING}'")
# The dispatcher's questions touch what is to be done, however long the log is.
Index(
    "ix_webhook_deliveries_due",
    WebhookDeliveryRow.webhook_id,
    WebhookDeliveryRow.due_at,
    sqlite_where=_DUE,
    postgresql_where=_DUE,
)
Index(
    "ix_webhook_deliveries_pending",
    WebhookDeliveryRow.webhook_id,
    WebhookDeliveryRow.subject,
    WebhookDeliveryRow.sequence,
    sqlite_where=_IS_PENDING,
    postgresql_where=_IS_PENDING,
)
# And the log is filtered by how deliveries ended.
Index(
    "ix_webhook_deliveries_ended",
    WebhookDeliveryRow.webhook_id,
    WebhookDeliveryRow.state,
    WebhookDeliveryRow.sequence,
    sqlite_where=_HAS_ENDED,
    postgresql_where=_HAS_ENDED,
)


class WebhookAttemptRow(Base):
    """One request, and what came of it."""

    __tablename__ = "webhook_attempts"
    __table_args__ = (Index(None, "delivery_id"),)

    id: Mapped[int] = mapped_column(_Sequence, primary_key=True, autoincrement=True)
    delivery_id: Mapped[str] = mapped_column(ForeignKey("webhook_deliveries.id", ondelete="CASCADE"))
    number: Mapped[int]
    started_at: Mapped[datetime] = mapped_column(UtcDateTime)
    latency_ms: Mapped[int]
    status: Mapped[int | None]
    error: Mapped[str | None] = mapped_column(String(500))
    response: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class Backlog:
    """What is pending in all, and when the next of it that is not due yet will be."""

    count: int
    oldest_at: datetime | None
    next_due_at: datetime | None


class WebhookRepository:
    """Webhooks in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: WebhookRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def get(self, app_id: str, webhook_id: str) -> WebhookRow | None:
        return await self._session.scalar(
            select(WebhookRow).where(WebhookRow.id == webhook_id, WebhookRow.app_id == app_id)
        )

    async def of_app(self, app_id: str) -> tuple[WebhookRow, ...]:
        """Oldest first."""
        return tuple(
            await self._session.scalars(
                select(WebhookRow).where(WebhookRow.app_id == app_id).order_by(WebhookRow.created_at, WebhookRow.id)
            )
        )

    async def enabled_of_app(self, app_id: str) -> tuple[WebhookRow, ...]:
        """The enabled ones; until the transaction ends nobody else queues for them, or takes from their queues."""
        return tuple(
            await self._session.scalars(
                select(WebhookRow)
                .where(WebhookRow.app_id == app_id, WebhookRow.enabled)
                .order_by(WebhookRow.id)
                .with_for_update(key_share=True)
            )
        )

    async def lock(self, webhook_id: str) -> WebhookRow | None:
        """The same for one of them, whether it is enabled or not."""
        return await self._session.scalar(
            select(WebhookRow).where(WebhookRow.id == webhook_id).with_for_update(key_share=True)
        )

    async def delete(self, row: WebhookRow) -> None:
        """Its queue and its log go with it."""
        await self._session.delete(row)
        await self._session.flush()


class WebhookQueueRepository:
    """What is sent to webhooks, in one session. Whoever writes holds the webhook's lock."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: WebhookDeliveryRow, now: datetime) -> None:
        """Queues ``row``: due ``now``, or after what is pending of its subject."""
        waiting = await self._session.scalar(
            select(WebhookDeliveryRow.sequence).where(*_pending_of(row.webhook_id, row.subject)).limit(1)
        )
        row.due_at = now if waiting is None else None
        self._session.add(row)
        await self._session.flush()

    async def promote(self, webhook_id: str, subject: str, now: datetime) -> None:
        """Makes the first of what is pending of a subject due, unless something of it is."""
        pending = _pending_of(webhook_id, subject)
        if await self._session.scalar(select(WebhookDeliveryRow.sequence).where(*pending, _DUE).limit(1)) is not None:
            return
        first = await self._session.scalar(
            select(WebhookDeliveryRow).where(*pending).order_by(WebhookDeliveryRow.sequence).limit(1)
        )
        if first is not None:
            first.due_at = now

    async def hurry(self, webhook_id: str, now: datetime) -> None:
        """Makes everything due that waits for another try."""
        await self._session.execute(
            update(WebhookDeliveryRow)
            .where(WebhookDeliveryRow.webhook_id == webhook_id, WebhookDeliveryRow.due_at > now)
            .values(due_at=now)
        )

    async def webhooks_due(self, now: datetime) -> tuple[WebhookRow, ...]:
        """The enabled webhooks that something is due for."""
        due = select(WebhookDeliveryRow.webhook_id).where(WebhookDeliveryRow.due_at <= now).distinct()
        return tuple(await self._session.scalars(select(WebhookRow).where(WebhookRow.id.in_(due), WebhookRow.enabled)))

    async def due(self, webhook_id: str, now: datetime, limit: int) -> tuple[WebhookDeliveryRow, ...]:
        """What is due for one webhook, the longest due first."""
        return tuple(
            await self._session.scalars(
                select(WebhookDeliveryRow)
                .where(WebhookDeliveryRow.webhook_id == webhook_id, WebhookDeliveryRow.due_at <= now)
                .order_by(WebhookDeliveryRow.due_at, WebhookDeliveryRow.sequence)
                .limit(limit)
            )
        )

    async def backlog(self, now: datetime) -> Backlog:
        """Of all enabled webhooks."""
        enabled = select(WebhookRow.id).where(WebhookRow.enabled)
        count, oldest_at = (
            await self._session.execute(
                select(func.count(), func.min(WebhookDeliveryRow.created_at)).where(
                    _IS_PENDING, WebhookDeliveryRow.webhook_id.in_(enabled)
                )
            )
        ).one()
        next_due_at = await self._session.scalar(
            select(func.min(WebhookDeliveryRow.due_at)).where(
                WebhookDeliveryRow.due_at > now, WebhookDeliveryRow.webhook_id.in_(enabled)
            )
        )
        return Backlog(count, oldest_at, next_due_at)

    async def get(self, webhook_id: str, delivery_id: str) -> WebhookDeliveryRow | None:
        return await self._session.scalar(
            select(WebhookDeliveryRow).where(
                WebhookDeliveryRow.id == delivery_id, WebhookDeliveryRow.webhook_id == webhook_id
            )
        )

    async def page(
        self,
        webhook_id: str,
        *,
        states: Sequence[str],
        event: str | None,
        created_until: datetime | None = None,
        offset: int,
        limit: int,
    ) -> RowPage[WebhookDeliveryRow]:
        """Newest first."""
        query = select(WebhookDeliveryRow).where(WebhookDeliveryRow.webhook_id == webhook_id)
        if states:
            query = query.where(WebhookDeliveryRow.state.in_(states))
            if PENDING not in states:
                query = query.where(_HAS_ENDED)
        if event is not None:
            query = query.where(WebhookDeliveryRow.event == event)
        if created_until is not None:
            # By the sequence, which is in the index that is read.
            newest = await self._session.scalar(
                select(WebhookDeliveryRow.sequence)
                .where(WebhookDeliveryRow.webhook_id == webhook_id, WebhookDeliveryRow.created_at <= created_until)
                .order_by(WebhookDeliveryRow.sequence.desc())
                .limit(1)
            )
            query = query.where(WebhookDeliveryRow.sequence <= (newest or 0))
        return await fetch_page(self._session, query, (WebhookDeliveryRow.sequence.desc(),), offset=offset, limit=limit)

    async def log(self, row: WebhookAttemptRow) -> None:
        self._session.add(row)
        await self._session.flush()

    async def attempts(self, delivery_id: str) -> tuple[WebhookAttemptRow, ...]:
        """Of one delivery, in order."""
        return tuple(
            await self._session.scalars(
                select(WebhookAttemptRow)
                .where(WebhookAttemptRow.delivery_id == delivery_id)
                .order_by(WebhookAttemptRow.id)
            )
        )

    async def forgotten(self, now: datetime, limit: int) -> tuple[WebhookDeliveryRow, ...]:
        """Pending ones of disabled webhooks whose time is over."""
        disabled = select(WebhookRow.id).where(~WebhookRow.enabled)
        return tuple(
            await self._session.scalars(
                select(WebhookDeliveryRow)
                .where(_IS_PENDING, WebhookDeliveryRow.webhook_id.in_(disabled), WebhookDeliveryRow.give_up_at <= now)
                .limit(limit)
            )
        )

    async def prune(self, before: datetime, limit: int) -> int:
        """Deletes the log of some deliveries that ended before a time; returns of how many."""
        old = (
            select(WebhookDeliveryRow.sequence)
            .where(WebhookDeliveryRow.finished_at < before)
            .order_by(WebhookDeliveryRow.finished_at)
            .limit(limit)
        )
        sequences = tuple(await self._session.scalars(old))
        if sequences:
            await self._session.execute(delete(WebhookDeliveryRow).where(WebhookDeliveryRow.sequence.in_(sequences)))
        return len(sequences)


def _pending_of(webhook_id: str, subject: str) -> tuple[ColumnElement[bool], ...]:
    return (WebhookDeliveryRow.webhook_id == webhook_id, WebhookDeliveryRow.subject == subject, _IS_PENDING)
