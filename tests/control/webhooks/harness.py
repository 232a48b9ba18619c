"""Webhooks on a temporary database, with a clock that stands still and a real receiver."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

from prometheus_client import CollectorRegistry

from reelkit.control.chat_links import ChatLinks
from reelkit.control.links import HostedLinks
from reelkit.control.webhooks.delivery import Delivery, DeliveryState, Webhook
from reelkit.control.webhooks.events import EventName, WebhookEvent
from reelkit.control.webhooks.params import NewWebhook
from reelkit.control.webhooks.payloads import ShownFiles
from reelkit.control.webhooks.plane import Webhooks
from reelkit.db.apps import AccountRow, AppRepository, AppRow
from reelkit.process import wait_until
from reelkit.publish.bucket import BucketLinks
from reelkit.publish.bucket_directory import DirectoryBucket
from reelkit.settings import EgressSettings, Settings, WebhookSettings
from tests.control.manual_clock import ManualClock
from tests.databases import database_at
from tests.db.rows import NOW
from tests.patience import PATIENCE_S

_KEYS: list[Path] = []


def chat_links(data: Path, clock: ManualClock) -> ChatLinks:
    signer = BucketLinks(b"k" * 32, clock)
    links = HostedLinks(DirectoryBucket(data / "bucket"), signer, clock, "https://films.example.com", direct=True)
    return ChatLinks(links, clock, lifetime_s=60.0, keep_for_s=60.0)


class Line:
    """One boot of the webhooks of one app."""

    def __init__(self, data: Path, clock: ManualClock, *, allow_private: bool = True, **webhooks: Any) -> None:
        self.data = data
        self.clock = clock
        self.settings = Settings(
            data=data,
            egress=EgressSettings(allow_private=allow_private),
            webhooks=WebhookSettings(**{"attempt_timeout_s": PATIENCE_S, **webhooks}),
        )
        self.database = database_at(data)
        self.registry = CollectorRegistry()
        key_file = data / "secrets" / "webhooks.pem"
        if _KEYS and not key_file.exists():
            # Making a key takes a tenth of a second.
            key_file.parent.mkdir()
            shutil.copy(_KEYS[0], key_file)
        elif not _KEYS:
            _KEYS.append(key_file)
        self.webhooks = Webhooks(
            settings=self.settings,
            database=self.database,
            clock=clock,
            files_of=lambda _: ShownFiles(),
            chat_links=chat_links(data, clock),
            registry=self.registry,
            key_file=key_file,
        )
        self.service = self.webhooks.service
        self.app_id = ""

    async def open(self) -> None:
        await self.database.open()
        async with self.database.transaction() as session:
            apps = AppRepository(session)
            account = await apps.first_account()
            if account is None:
                account = AccountRow(id=uuid4().hex, name="account", created_at=NOW)
                await apps.add_account(account)
                await apps.add(AppRow(id=uuid4().hex, account_id=account.id, name="Films Ltd", created_at=NOW))
            app = await apps.first(account.id)
            assert app is not None
            self.app_id = app.id
        await self.service.public_key()
        self.webhooks.start()

    async def close(self) -> None:
        await self.webhooks.close()
        await self.database.close()

    async def webhook(self, url: str, *events: EventName, **fields: Any) -> Webhook:
        wanted = [event.value for event in events or EventName]
        params = NewWebhook.parse({"name": "hook", "url": url, "events": wanted, **fields})
        return await self.service.create(self.app_id, params)

    async def emit(self, subject: str, *numbers: int, name: EventName = EventName.RECORDING_STATUS) -> None:
        """One event for each number, each in a transaction of its own."""
        for number in numbers:
            async with self.database.transaction() as session:
                event = WebhookEvent(self.app_id, name, subject, {"subject": subject, "number": number})
                await self.webhooks.outbox.add(session, event)

    async def deliveries(self, webhook: Webhook) -> list[Delivery]:
        """Oldest first."""
        from reelkit.control.paging import PageRequest

        page = await self.service.deliveries(self.app_id, webhook.id, PageRequest(per_page=100))
        return list(reversed(page.items))

    async def delivery(self, delivery: Delivery) -> Delivery:
        """The delivery as it is now, with its log."""
        return await self.service.delivery(self.app_id, delivery.webhook_id, delivery.id)

    async def until(self, webhook: Webhook, *states: DeliveryState) -> list[Delivery]:
        """Waits until the webhook's deliveries have these states, oldest first."""

        async def reached() -> bool:
            return tuple(delivery.state for delivery in await self.deliveries(webhook)) == states

        await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.005)
        return await self.deliveries(webhook)

    async def until_attempts(self, webhook: Webhook, count: int) -> Delivery:
        """Waits until the oldest delivery was tried so often."""

        async def reached() -> bool:
            return (await self.deliveries(webhook))[0].attempts >= count

        await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.005)
        return await self.delivery((await self.deliveries(webhook))[0])

    async def until_waiting(self, deadline_s: float) -> None:
        """Waits until the dispatcher sleeps for no longer than ``deadline_s``."""

        async def reached() -> bool:
            return bool(self.clock.deadlines) and self.clock.deadlines[0] <= deadline_s

        await wait_until(reached, timeout_s=PATIENCE_S, interval_s=0.005)

    def metric(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(name, labels)


@asynccontextmanager
async def line_at(data: Path, clock: ManualClock | None = None, **settings: Any) -> AsyncIterator[Line]:
    """An open line, closed at the end."""
    line = Line(data, clock or ManualClock(), **settings)
    await line.open()
    try:
        yield line
    finally:
        await line.close()
