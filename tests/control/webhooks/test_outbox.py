"""Which events are queued for whom, and when."""

import pytest

from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.control.webhooks.events import EventName, WebhookEvent
from reelkit.control.webhooks.params import WebhookChange
from testbed.webhook_receiver import WebhookReceiver
from tests.control.webhooks.harness import Line
from tests.db.plans import plan_of

PENDING, DELIVERED = DeliveryState.PENDING, DeliveryState.DELIVERED


class ChangedMyMind(Exception):
    pass


async def test_no_change_no_event(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url)

    async def change() -> None:
        async with line.database.transaction() as session:
            event = WebhookEvent(line.app_id, EventName.RECORDING_STATUS, "recording:1", {"number": 1})
            await line.webhooks.outbox.add(session, event)
            raise ChangedMyMind

    with pytest.raises(ChangedMyMind):
        await change()
    await line.emit("recording:1", 2)
    await line.until(webhook, DELIVERED)
    assert [request.payload["number"] for request in receiver.received] == [2]
    assert line.metric("reelkit_webhook_queued_total", event="recording.statusUpdate") == 1


async def test_only_who_wants_an_event_gets_it(line: Line, receiver: WebhookReceiver) -> None:
    recordings = await line.webhook(receiver.url, EventName.RECORDING_STATUS)
    meetings = await line.webhook(receiver.url, EventName.MEETING_STARTED, EventName.MEETING_ENDED)
    everything = await line.webhook(receiver.url)
    disabled = await line.webhook(receiver.url, enabled=False)
    await line.emit("recording:1", 1)
    await line.emit("session:1", 1, name=EventName.MEETING_ENDED)
    await line.until(recordings, DELIVERED)
    await line.until(meetings, DELIVERED)
    await line.until(everything, DELIVERED, DELIVERED)
    assert await line.deliveries(disabled) == []
    late = await line.webhook(receiver.url)
    assert await line.deliveries(late) == []
    assert len({request.uuid for request in receiver.received}) == 4


async def test_another_app_hears_nothing(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url)
    async with line.database.transaction() as session:
        event = WebhookEvent("another", EventName.RECORDING_STATUS, "recording:1", {})
        await line.webhooks.outbox.add(session, event)
    assert await line.deliveries(webhook) == []


async def test_what_is_sent_is_the_state_of_the_commit(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url, enabled=True)
    await receiver.stop()
    await line.emit("recording:1", 1)
    await line.until_attempts(webhook, 1)
    async with WebhookReceiver() as moved:
        await line.service.change(line.app_id, webhook.id, WebhookChange(url=moved.url))
        await line.until_waiting(2.0)
        await line.clock.advance(2.0)
        await line.until(webhook, DELIVERED)
        assert moved.received[0].payload["number"] == 1


@pytest.mark.parametrize(
    ("statement", "index"),
    [
        ("SELECT DISTINCT webhook_id FROM webhook_deliveries WHERE due_at <= '2026-1-1'", "ix_webhook_deliveries_due"),
        (
            "SELECT * FROM webhook_deliveries WHERE webhook_id = 'x' AND due_at < '2026-1-1' ORDER BY due_at, sequence",
            "ix_webhook_deliveries_due",
        ),
        (
            "SELECT sequence FROM webhook_deliveries WHERE webhook_id = 'x' AND subject = 'y' AND state = 'PENDING'",
            "ix_webhook_deliveries_pending",
        ),
        (
            "SELECT count(*) FROM webhook_deliveries WHERE state = 'PENDING' AND webhook_id IN ('x', 'y')",
            "ix_webhook_deliveries_pending",
        ),
        (
            "SELECT count(*) FROM webhook_deliveries WHERE webhook_id = 'x' AND state = 'F' AND state != 'PENDING'",
            "ix_webhook_deliveries_ended",
        ),
    ],
)
async def test_questions_do_not_read_the_whole_log(line: Line, statement: str, index: str) -> None:
    async with line.database.session() as session:
        plan = await plan_of(session, statement)
    assert plan.indices == {index}
    assert not plan.reads_all
