"""Everything about webhooks, built once and wired to each other."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from reelkit.clock import Clock
from reelkit.control.chat_links import ChatLinks
from reelkit.control.webhooks.dispatcher import WebhookDispatcher
from reelkit.control.webhooks.metrics import WebhookMetrics
from reelkit.control.webhooks.outbox import FilesOf, Outbox
from reelkit.control.webhooks.queue import DeliveryQueue
from reelkit.control.webhooks.sender import WebhookSender
from reelkit.control.webhooks.service import WebhookService
from reelkit.control.webhooks.signing import SigningKey
from reelkit.db import Database
from reelkit.egress.guard import EgressGuard
from reelkit.egress.resolver import ThreadedResolver
from reelkit.settings import Settings

# Names that nobody answers for keep a thread each for some seconds.
_RESOLVER_THREADS = 32


class Webhooks:
    """Order of use: :meth:`start` once the database is open; :meth:`close` after everything that makes events."""

    def __init__(
        self,
        *,
        settings: Settings,
        database: Database,
        clock: Clock,
        files_of: FilesOf,
        chat_links: ChatLinks,
        registry: CollectorRegistry,
        key_file: Path,
    ) -> None:
        limits = settings.webhooks
        key = SigningKey(key_file)
        metrics = WebhookMetrics(registry, clock.time_s)
        self._resolver = ThreadedResolver(_RESOLVER_THREADS)
        guard = EgressGuard(settings.egress, self._resolver)
        self._dispatcher = WebhookDispatcher(
            DeliveryQueue(database, clock, limits),
            WebhookSender(guard, key, clock, limits.attempt_timeout_s),
            clock,
            metrics,
        )
        self.outbox = Outbox(clock, limits.give_up_after_s, files_of, chat_links, metrics, self._dispatcher.wake)
        self.service = WebhookService(
            database=database, clock=clock, settings=limits, guard=guard, key=key, wake=self._dispatcher.wake
        )

    def start(self) -> None:
        """Sends what an earlier server left, and whatever comes."""
        self._dispatcher.start()

    async def close(self) -> None:
        """What is not taken by now is sent after the next start."""
        await self._dispatcher.close()
        self._resolver.close()
