"""Webhooks of apps, the log of what was sent to them, and replays."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address
from uuid import uuid4

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.clock import Clock, utc
from reelkit.control.errors import Conflict, Invalid, NotFound
from reelkit.control.paging import Page, PageRequest
from reelkit.control.webhooks.delivery import Delivery, DeliveryState, Webhook
from reelkit.control.webhooks.events import EventName
from reelkit.control.webhooks.params import NewWebhook, WebhookChange
from reelkit.control.webhooks.signing import SigningKey
from reelkit.db import Database
from reelkit.db.webhooks import WebhookDeliveryRow, WebhookQueueRepository, WebhookRepository, WebhookRow
from reelkit.egress.guard import EgressGuard
from reelkit.egress.url import parsed_url
from reelkit.settings import WebhookSettings

log = structlog.get_logger(__name__)


class WebhookService:
    """What callers do with webhooks. All methods but :meth:`public_key` raise DatabaseUnavailable."""

    def __init__(
        self,
        *,
        database: Database,
        clock: Clock,
        settings: WebhookSettings,
        guard: EgressGuard,
        key: SigningKey,
        wake: Callable[[], None],
    ) -> None:
        """``wake`` is called when something may be sent that could not be before."""
        self._database = database
        self._clock = clock
        self._settings = settings
        self._guard = guard
        self._key = key
        self._wake = wake

    async def public_key(self) -> str:
        """In PEM: what receivers check signatures with; the pair is made on first use. Raises KeyUnusable, OSError."""
        return await asyncio.to_thread(self._key.public_pem)

    async def list(self, app_id: str) -> tuple[Webhook, ...]:
        """Oldest first."""
        async with self._database.session() as session:
            return tuple(Webhook.of(row) for row in await WebhookRepository(session).of_app(app_id))

    async def get(self, app_id: str, webhook_id: str) -> Webhook:
        """Raises NotFound, also for another app's webhook."""
        async with self._database.session() as session:
            return Webhook.of(await _found(session, app_id, webhook_id))

    async def create(self, app_id: str, params: NewWebhook) -> Webhook:
        """A new webhook: it is told what happens from now on. Raises Invalid, Conflict if the app has too many."""
        self._require_reachable(params.url)
        now = utc(self._clock.time_s())
        row = WebhookRow(
            id=str(uuid4()),
            app_id=app_id,
            name=params.name,
            url=params.url,
            events=_names(params.events),
            enabled=params.enabled is not False,
            created_at=now,
            updated_at=now,
        )
        async with self._database.transaction() as session:
            repository = WebhookRepository(session)
            if len(await repository.of_app(app_id)) >= self._settings.max_per_app:
                raise Conflict(f"an app can have {self._settings.max_per_app} webhooks: delete one first")
            await repository.add(row)
        log.info("webhook made", app_id=app_id, webhook_id=row.id, events=row.events)
        return Webhook.of(row)

    async def replace(self, app_id: str, webhook_id: str, params: NewWebhook) -> Webhook:
        """Changes all of it. Raises NotFound, Invalid."""
        whole = WebhookChange(
            name=params.name, url=params.url, events=_names(params.events), enabled=params.enabled is not False
        )
        return await self.change(app_id, webhook_id, whole)

    async def change(self, app_id: str, webhook_id: str, params: WebhookChange) -> Webhook:
        """Changes the given fields; what is queued goes to the new address. Raises NotFound, Invalid.

        While a webhook is disabled its queue rests and nothing is added to it.
        """
        if params.url is not None:
            self._require_reachable(params.url)
        async with self._database.transaction() as session:
            row = await _found(session, app_id, webhook_id)
            row.name = params.name if params.name is not None else row.name
            row.url = params.url if params.url is not None else row.url
            row.events = _names(params.events) if params.events is not None else row.events
            row.enabled = params.enabled if params.enabled is not None else row.enabled
            row.updated_at = utc(self._clock.time_s())
        self._wake()
        return Webhook.of(row)

    async def delete(self, app_id: str, webhook_id: str) -> Webhook:
        """Deletes it with its queue and its log; returns what it was. Raises NotFound."""
        async with self._database.transaction() as session:
            row = await _found(session, app_id, webhook_id)
            deleted = Webhook.of(row)
            await WebhookRepository(session).delete(row)
        self._wake()
        log.info("webhook deleted", app_id=app_id, webhook_id=webhook_id)
        return deleted

    async def deliveries(
        self,
        app_id: str,
        webhook_id: str,
        page: PageRequest,
        *,
        states: Sequence[DeliveryState] = (),
        event: EventName | None = None,
        created_until: datetime | None = None,
    ) -> Page[Delivery]:
        """What was sent to a webhook and what is to be, newest first. Raises NotFound."""
        async with self._database.session() as session:
            await _found(session, app_id, webhook_id)
            found = await WebhookQueueRepository(session).page(
                webhook_id,
                states=[state.value for state in states],
                event=event.value if event else None,
                created_until=created_until,
                offset=page.offset,
                limit=page.per_page,
            )
        return Page.of(page, tuple(Delivery.of(row) for row in found.rows), found.total_count)

    async def delivery(self, app_id: str, webhook_id: str, delivery_id: str) -> Delivery:
        """One delivery with all its attempts. Raises NotFound."""
        async with self._database.session() as session:
            await _found(session, app_id, webhook_id)
            row = await _delivery(session, webhook_id, delivery_id)
            return Delivery.of(row, await WebhookQueueRepository(session).attempts(delivery_id))

    async def replay(self, app_id: str, webhook_id: str, delivery_id: str) -> Delivery:
        """Sends it again, at once and under the same id, whatever became of it.

        Raises NotFound; Conflict if the webhook is disabled or the delivery waits for an earlier one.
        """
        async with self._database.transaction() as session:
            await WebhookRepository(session).lock(webhook_id)
            webhook = await _found(session, app_id, webhook_id)
            row = await _delivery(session, webhook_id, delivery_id)
            if not webhook.enabled:
                raise Conflict("the webhook is disabled: enable it first")
            now = utc(self._clock.time_s())
            if row.state == DeliveryState.PENDING.value:
                if row.due_at is None:
                    raise Conflict("it waits for an earlier event of the same subject, and is sent after that")
            else:
                row.state, row.finished_at, row.tries = DeliveryState.PENDING.value, None, 0
                row.give_up_at = now + timedelta(seconds=self._settings.give_up_after_s)
            row.due_at = now
        self._wake()
        log.info("a delivery is replayed", webhook_id=webhook_id, delivery_id=delivery_id)
        return Delivery.of(row)

    def _require_reachable(self, url: str) -> None:
        """Refuses numeric addresses that the policy forbids; names are judged at each delivery."""
        host = parsed_url(url).host
        try:
            address = ip_address(host)
        except ValueError:
            return
        if not self._guard.permits(address):
            raise Invalid("the host is not on the public internet", field="url")


def _names(events: Sequence[str]) -> list[str]:
    return [EventName(event).value for event in events]


async def _found(session: AsyncSession, app_id: str, webhook_id: str) -> WebhookRow:
    row = await WebhookRepository(session).get(app_id, webhook_id)
    if row is None:
        raise NotFound("there is no such webhook in this app")
    return row


async def _delivery(session: AsyncSession, webhook_id: str, delivery_id: str) -> WebhookDeliveryRow:
    row = await WebhookQueueRepository(session).get(webhook_id, delivery_id)
    if row is None:
        raise NotFound("there is no such delivery of this webhook")
    return row
