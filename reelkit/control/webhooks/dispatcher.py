"""Takes events out of the queue and sends them, until each is taken or given up."""

import asyncio
from urllib.parse import urlsplit

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.webhooks.attempt import Attempt
from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.control.webhooks.errors import KeyUnusable
from reelkit.control.webhooks.metrics import WebhookMetrics
from reelkit.control.webhooks.queue import DeliveryQueue, Settled, Work
from reelkit.control.webhooks.sender import WebhookSender
from reelkit.db.errors import DatabaseError
from reelkit.rooms.tasks import TaskOwner

log = structlog.get_logger(__name__)

# A database that refuses is asked again so often.
_RETRY_S = 2.0
# How often the log is pruned.
TIDY_INTERVAL_S = 3_600.0
_MS_PER_S = 1_000


class WebhookDispatcher:
    """Each webhook has a lane of a few requests at once: a slow one delays nobody else.

    Everything it must know is in the database: a process that dies at any moment leaves the queue as it was, and what
    was sent but not noted is sent again under the same id.
    """

    def __init__(self, queue: DeliveryQueue, sender: WebhookSender, clock: Clock, metrics: WebhookMetrics) -> None:
        self._queue = queue
        self._sender = sender
        self._clock = clock
        self._metrics = metrics
        self._tasks = TaskOwner("webhooks")
        self._busy: dict[str, set[str]] = {}
        """What each webhook is being sent."""
        self._woken = asyncio.Event()

    def wake(self) -> None:
        """Something is in the queue, or may go now."""
        self._woken.set()

    def start(self) -> None:
        """Begins to send, until it is closed."""
        self._tasks.spawn(self._run(), "dispatcher")

    async def _run(self) -> None:
        tidy_at_s = self._clock.time_s()
        while True:
            self._woken.clear()
            try:
                if self._clock.time_s() >= tidy_at_s:
                    await self._queue.tidy()
                    tidy_at_s = self._clock.time_s() + TIDY_INTERVAL_S
                next_s = await self._dispatch()
            except DatabaseError as error:
                log.error("the queue of webhooks cannot be read", reason=error.message)  # noqa: TRY400
                next_s = self._clock.time_s() + _RETRY_S
            await self._wait(min(tidy_at_s, next_s) if next_s is not None else tidy_at_s)

    async def close(self) -> None:
        """Breaks off what is being sent: it is sent again after the next start."""
        await self._tasks.close()
        await self._sender.close()

    async def _dispatch(self) -> float | None:
        """Begins what is due and has room; returns when something more will be due."""
        # As it is before the queue is read: what ends during the reading may still look due in it.
        busy = {webhook_id: frozenset(lane) for webhook_id, lane in self._busy.items()}
        works, backlog = await self._queue.due(busy)
        for work in works:
            self._busy.setdefault(work.webhook_id, set()).add(work.delivery_id)
            self._tasks.spawn(self._deliver(work), work.delivery_id)
        self._metrics.backlog(backlog.count, backlog.oldest_at.timestamp() if backlog.oldest_at else None)
        return backlog.next_due_at.timestamp() if backlog.next_due_at else None

    async def _wait(self, until_s: float) -> None:
        timer = asyncio.create_task(self._clock.sleep(max(0.0, until_s - self._clock.time_s())), name="webhook-timer")
        woken = asyncio.create_task(self._woken.wait(), name="webhook-wake")
        try:
            await asyncio.wait({timer, woken}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            timer.cancel()
            woken.cancel()

    async def _deliver(self, work: Work) -> None:
        try:
            attempt = await self._attempt(work)
            self._metrics.latency_s.observe(attempt.latency_ms / _MS_PER_S)
            settled = await self._settled(work, attempt)
            if settled is not None:
                self._report(work, attempt, settled)
        except Exception:
            log.exception("an event's delivery failed for a reason of our own", delivery_id=work.delivery_id)
            # It is still due: this keeps it from going round and round.
            await self._clock.sleep(_RETRY_S)
        finally:
            lane = self._busy[work.webhook_id]
            lane.discard(work.delivery_id)
            if not lane:
                del self._busy[work.webhook_id]
            self.wake()

    async def _attempt(self, work: Work) -> Attempt:
        try:
            return await self._sender.send(
                work.url, webhook_id=work.webhook_id, delivery_id=work.delivery_id, body=work.body
            )
        except (KeyUnusable, OSError) as error:
            log.error("an event cannot be signed", delivery_id=work.delivery_id, reason=str(error))  # noqa: TRY400
            return Attempt(started_at=utc(self._clock.time_s()), latency_ms=0, error="the server could not sign it")

    async def _settled(self, work: Work, attempt: Attempt) -> Settled | None:
        """Stores the outcome; asks again for as long as the database refuses: otherwise it would be sent again."""
        while True:
            try:
                return await self._queue.settle(work, attempt)
            except DatabaseError as error:
                log.error(  # noqa: TRY400
                    "the outcome of a webhook's request could not be stored",
                    delivery_id=work.delivery_id,
                    reason=error.message,
                )
            await self._clock.sleep(_RETRY_S)

    def _report(self, work: Work, attempt: Attempt, settled: Settled) -> None:
        facts = {
            "delivery_id": work.delivery_id,
            "webhook_id": work.webhook_id,
            "webhook_event": work.event,
            "subject": work.subject,
            # The rest of a webhook's URL may be its secret.
            "host": urlsplit(work.url).hostname,
            "attempt": settled.attempts,
            "latency_ms": attempt.latency_ms,
        }
        if settled.state is DeliveryState.DELIVERED:
            self._metrics.delivered.labels(work.event).inc()
            log.info("a webhook took an event", **facts, status=attempt.status)
            return
        facts |= {"status": attempt.status} if attempt.status is not None else {"reason": attempt.error}
        if settled.state is DeliveryState.FAILED:
            self._metrics.failed.labels(work.event).inc()
            log.warning("a webhook did not take an event: given up", **facts)
            return
        self._metrics.retried.inc()
        wait_s = None if settled.next_at_s is None else round(settled.next_at_s - self._clock.time_s(), 1)
        log.warning("a webhook did not take an event: tried again", **facts, in_s=wait_s)
