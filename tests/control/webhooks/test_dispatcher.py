"""Delivery to a real receiver: retries, order, lanes, crashes."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from reelkit.control.webhooks.attempt import Attempt
from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.control.webhooks.params import WebhookChange
from reelkit.control.webhooks.queue import DeliveryQueue, Settled, Work
from reelkit.db.errors import DatabaseUnavailable
from reelkit.process import wait_until
from testbed.webhook_receiver import Answer, Received, WebhookReceiver
from tests.control.manual_clock import ManualClock
from tests.control.webhooks.harness import Line, line_at
from tests.patience import PATIENCE_S

PENDING, DELIVERED, FAILED = DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.FAILED
DAY_S = 86_400.0


async def test_an_event_is_signed_and_taken(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    (delivered,) = await line.until(webhook, DELIVERED)
    (request,) = receiver.received
    assert request.path == "/hook"
    assert request.payload == {"event": "recording.statusUpdate", "subject": "recording:1", "number": 1}
    assert request.headers["content-type"] == "application/json"
    assert request.headers["rtk-webhook-id"] == webhook.id
    assert request.uuid == delivered.id
    assert request.body.decode() == delivered.body
    key = await line.service.public_key()
    assert request.signed_with(key)
    forged = Received(request.path, request.headers, request.body + b" ", request.at_s)
    assert not forged.signed_with(key)
    (attempt,) = (await line.delivery(delivered)).log
    assert (attempt.number, attempt.status, attempt.error, attempt.response) == (1, 200, None, "ok")
    assert delivered.next_attempt_at is None
    assert delivered.finished_at is not None
    assert line.metric("reelkit_webhook_queued_total", event="recording.statusUpdate") == 1
    assert line.metric("reelkit_webhook_delivered_total", event="recording.statusUpdate") == 1


@pytest.mark.parametrize("answer", [Answer(500), Answer(503), Answer(mode="reset")], ids=["500", "503", "reset"])
async def test_what_may_pass_is_tried_again_under_the_same_id(
    line: Line, receiver: WebhookReceiver, answer: Answer
) -> None:
    webhook = await line.webhook(receiver.url)
    receiver.answering(answer, answer, Answer())
    await line.emit("recording:1", 1)
    for tries in (1, 2):
        delivery = await line.until_attempts(webhook, tries)
        assert delivery.state is PENDING
        whole_s = 2.0 * 2 ** (tries - 1)
        await line.until_waiting(whole_s)
        assert whole_s / 2 <= line.clock.deadlines[0] <= whole_s
        assert len(receiver.received) == tries
        await line.clock.advance(whole_s)
    (delivered,) = await line.until(webhook, DELIVERED)
    assert {request.uuid for request in receiver.received} == {delivered.id}
    assert {request.body for request in receiver.received} == {delivered.body.encode()}
    log = (await line.delivery(delivered)).log
    assert [attempt.number for attempt in log] == [1, 2, 3]
    assert log[0].status == (None if answer.mode == "reset" else answer.status)
    assert (log[0].error is None) == (answer.mode != "reset")
    assert line.metric("reelkit_webhook_retried_total") == 2


@pytest.mark.parametrize("status", [400, 404, 410, 429, 301, 307])
async def test_other_answers_are_final(line: Line, receiver: WebhookReceiver, status: int) -> None:
    async with WebhookReceiver() as elsewhere:
        receiver.answering(Answer(status, b"no", {"location": elsewhere.url}))
        webhook = await line.webhook(receiver.url)
        await line.emit("recording:1", 1, 2)
        first, _ = await line.until(webhook, FAILED, FAILED)
        assert elsewhere.received == []
    assert [request.payload["number"] for request in receiver.received] == [1, 2]
    (attempt,) = (await line.delivery(first)).log
    assert (attempt.status, attempt.response) == (status, "no")
    assert line.metric("reelkit_webhook_failed_total", event="recording.statusUpdate") == 2


async def test_a_receiver_that_hangs_is_given_up_and_asked_again(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(mode="hang"), Answer())
    async with line_at(tmp_path, attempt_timeout_s=0.2) as line:
        webhook = await line.webhook(receiver.url)
        await line.emit("recording:1", 1)
        delivery = await line.until_attempts(webhook, 1)
        assert "0.2 s" in str(delivery.log[0].error)
        # The second request is answered, however long that takes.
        line.webhooks._dispatcher._sender._timeout_s = PATIENCE_S
        await line.until_waiting(2.0)
        await line.clock.advance(2.0)
        await line.until(webhook, DELIVERED)


async def test_only_the_beginning_of_an_answer_is_kept(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(200, b"\0" + b"x" * 1_000_000))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    (delivered,) = await line.until(webhook, DELIVERED)
    response = (await line.delivery(delivered)).log[0].response
    assert response is not None
    assert len(response) == 1024
    assert "\0" not in response


async def test_a_recordings_events_wait_for_each_other_and_for_no_other_recordings(
    line: Line, receiver: WebhookReceiver
) -> None:
    def answer(request: Received) -> Answer:
        down = request.payload["subject"] == "recording:1" and len(receiver.received) < 4
        return Answer(500 if down else 200)

    receiver.answer = answer
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2, 3)
    await line.until_attempts(webhook, 1)
    await line.emit("recording:2", 1, 2)
    await line.until(webhook, PENDING, PENDING, PENDING, DELIVERED, DELIVERED)
    waiting = await line.deliveries(webhook)
    assert [delivery.next_attempt_at is None for delivery in waiting[:3]] == [False, True, True]
    await line.clock.advance(2.0)
    await line.until(webhook, *[DELIVERED] * 5)
    for subject, numbers in (("recording:1", [1, 1, 2, 3]), ("recording:2", [1, 2])):
        came = [request.payload["number"] for request in receiver.received if request.payload["subject"] == subject]
        assert came == numbers


async def test_a_failed_event_lets_the_next_of_its_recording_go(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(400), Answer())
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    await line.until(webhook, FAILED, DELIVERED)


async def test_one_slow_webhook_delays_no_other_and_gets_few_requests_at_once(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    async with line_at(tmp_path, connections=3) as line, WebhookReceiver() as slow:
        slow.answering(Answer(mode="hang"))
        await line.webhook(slow.url)
        quick = await line.webhook(receiver.url)
        for number in range(10):
            await line.emit(f"recording:{number}", 1)
        await line.until(quick, *[DELIVERED] * 10)
        await slow.until(3)
        assert (len(slow.received), slow.most_at_once) == (3, 3)


async def test_what_was_being_sent_when_the_process_died_is_sent_again(
    tmp_path: Path, receiver: WebhookReceiver
) -> None:
    clock = ManualClock()
    receiver.answering(Answer(mode="hang"), Answer())
    async with line_at(tmp_path, clock) as line:
        webhook = await line.webhook(receiver.url)
        await line.emit("recording:1", 1, 2)
        await receiver.until(1)
    async with line_at(tmp_path, clock) as line:
        await line.until(webhook, DELIVERED, DELIVERED)
        key = await line.service.public_key()
    assert [request.payload["number"] for request in receiver.received] == [1, 1, 2]
    first, again, _ = receiver.received
    assert first.uuid == again.uuid
    assert all(request.signed_with(key) for request in receiver.received)


async def test_it_is_given_up_after_a_day_with_a_last_try_at_the_end(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500))
    async with line_at(tmp_path, retry_max_s=7_200) as line:
        webhook = await line.webhook(receiver.url)
        begun_s = line.clock.time_s()
        await line.emit("recording:1", 1)
        tries = 1
        while True:
            delivery = await line.until_attempts(webhook, tries)
            if delivery.state is FAILED:
                break
            assert delivery.next_attempt_at is not None
            wait_s = delivery.next_attempt_at.timestamp() - line.clock.time_s()
            assert 0 < wait_s <= 7_200
            # The hourly look at the log may come before.
            await line.until_waiting(min(wait_s, 3_600.0) + 1)
            await line.clock.advance(wait_s + 0.001)
            tries += 1
        assert line.clock.time_s() - begun_s == pytest.approx(DAY_S, abs=1)
    assert 20 < tries < 40
    assert len(receiver.received) == tries


async def test_an_event_that_waited_too_long_is_still_tried_once(tmp_path: Path, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500), Answer(500), Answer())
    async with line_at(tmp_path, give_up_after_s=1) as line:
        webhook = await line.webhook(receiver.url)
        await line.emit("recording:1", 1, 2)
        await line.until_attempts(webhook, 1)
        await line.until_waiting(1.0)
        await line.clock.advance(5.0)
        await line.until(webhook, FAILED, DELIVERED)


async def test_when_a_webhook_answers_again_nothing_waits_any_longer(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    for tries in (1, 2, 3, 4):
        await line.until_attempts(webhook, tries)
        await line.until_waiting(2.0**tries)
        await line.clock.advance(2.0**tries)
    await line.until_attempts(webhook, 5)
    await line.emit("recording:2", 1)
    await receiver.until(6)

    async def noted() -> bool:
        return (await line.deliveries(webhook))[1].attempts == 1

    await wait_until(noted, timeout_s=PATIENCE_S)
    await line.until_waiting(2.0)
    receiver.answering(Answer())
    await line.clock.advance(2.0)
    await line.until(webhook, DELIVERED, DELIVERED)


async def test_a_disabled_webhook_gets_nothing_and_its_queue_rests(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500), Answer())
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    await line.until_attempts(webhook, 1)
    await line.service.change(line.app_id, webhook.id, WebhookChange(enabled=False))
    await line.emit("recording:1", 2)
    await line.until_waiting(3600.0)
    await line.clock.advance(60.0)
    assert len(receiver.received) == 1
    await line.service.change(line.app_id, webhook.id, WebhookChange(enabled=True))
    await line.until(webhook, DELIVERED)
    assert [request.payload["number"] for request in receiver.received] == [1, 1]


async def test_the_queue_of_a_deleted_webhook_goes_with_it(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(mode="hang"))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    await receiver.until(1)
    await line.service.delete(line.app_id, webhook.id)
    await receiver.stop()
    # What comes back from the receiver finds nothing to be noted on.
    other = await _after_all(line)
    assert other == 0
    assert len(receiver.received) == 1


async def _after_all(line: Line) -> int:
    from sqlalchemy import func, select

    from reelkit.db.webhooks import WebhookAttemptRow, WebhookDeliveryRow

    async with line.database.session() as session:
        deliveries = await session.scalar(select(func.count()).select_from(WebhookDeliveryRow)) or 0
        attempts = await session.scalar(select(func.count()).select_from(WebhookAttemptRow)) or 0
    return deliveries + attempts


async def test_private_addresses_are_refused_at_delivery(tmp_path: Path, receiver: WebhookReceiver) -> None:
    async with line_at(tmp_path, allow_private=False) as line:
        webhook = await line.webhook(f"http://localhost:{receiver.port}/hook")
        await line.emit("recording:1", 1)
        (failed,) = await line.until(webhook, FAILED)
        (attempt,) = (await line.delivery(failed)).log
        assert (attempt.status, attempt.error) == (None, "the host is not on the public internet")
    assert receiver.received == []


async def test_a_url_may_hold_a_secret_and_is_not_logged(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500), Answer(400))
    with capture_logs() as logs:
        webhook = await line.webhook(f"{receiver.url}/s3cret-path?key=s3cret")
        await line.emit("recording:1", 1)
        await line.until_attempts(webhook, 1)
        await line.until_waiting(2.0)
        await line.clock.advance(2.0)
        await line.until(webhook, FAILED)
        await line.emit("recording:2", 1)
        await line.until(webhook, FAILED, FAILED)
    assert receiver.received[0].path == "/hook/s3cret-path?key=s3cret"
    assert [entry["event"] for entry in logs if entry.get("delivery_id")]
    assert {entry["host"] for entry in logs if "host" in entry} == {"127.0.0.1"}
    assert "s3cret" not in json.dumps(logs, default=str)


async def test_the_backlog_is_shown(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    await line.until_attempts(webhook, 1)
    await line.until_waiting(2.0)
    assert line.metric("reelkit_webhook_pending") == 2
    line.clock.now_s += 0.5
    assert line.metric("reelkit_webhook_oldest_pending_seconds") == pytest.approx(0.5)


async def test_old_logs_are_deleted_and_what_is_pending_stays(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(), Answer(500))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    await line.until(webhook, DELIVERED)
    await line.service.change(line.app_id, webhook.id, WebhookChange(enabled=True))
    await line.until_waiting(3600.0)
    await line.clock.advance(29 * DAY_S)
    await line.emit("recording:2", 1)
    await line.until(webhook, DELIVERED, PENDING)
    await line.until_waiting(2.0)
    await line.clock.advance(2 * DAY_S)
    # It failed at last by then, and its log is young.
    await line.until(webhook, FAILED)


async def test_a_disabled_webhooks_queue_does_not_rest_for_ever(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500))
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    await line.until_attempts(webhook, 1)
    await line.service.change(line.app_id, webhook.id, WebhookChange(enabled=False))
    await line.until_waiting(3600.0)
    await line.clock.advance(DAY_S + 3600)
    await line.until(webhook, FAILED, FAILED)
    assert len(receiver.received) == 1


async def test_what_the_database_does_not_take_is_not_sent_again(
    line: Line, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    settle, refusals = DeliveryQueue.settle, 0

    async def refuse_twice(self: DeliveryQueue, work: Work, attempt: Attempt) -> Settled | None:
        nonlocal refusals
        if refusals < 2:
            refusals += 1
            raise DatabaseUnavailable("database or disk is full")
        return await settle(self, work, attempt)

    monkeypatch.setattr(DeliveryQueue, "settle", refuse_twice)
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    for _ in range(2):
        await line.until_waiting(2.0)
        await line.clock.advance(2.0)
    await line.until(webhook, DELIVERED, DELIVERED)
    assert [request.payload["number"] for request in receiver.received] == [1, 2]


async def test_a_queue_that_cannot_be_read_is_read_again(
    line: Line, receiver: WebhookReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    due, refused = DeliveryQueue.due, False

    async def refuse_once(self: DeliveryQueue, busy: Any) -> Any:
        nonlocal refused
        if not refused:
            refused = True
            raise DatabaseUnavailable("disk I/O error")
        return await due(self, busy)

    await line.until_waiting(3600.0)
    monkeypatch.setattr(DeliveryQueue, "due", refuse_once)
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    await line.until_waiting(2.0)
    assert receiver.received == []
    await line.clock.advance(2.0)
    await line.until(webhook, DELIVERED)


async def test_a_key_that_cannot_be_used_costs_patience(line: Line, receiver: WebhookReceiver) -> None:
    key_file = line.data / "secrets" / "webhooks.pem"
    good = key_file.read_bytes()
    key_file.write_bytes(b"nonsense")
    again = Line(line.data, line.clock)
    again.app_id = line.app_id
    await line.webhooks.close()
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    again.webhooks.start()
    delivery = await again.until_attempts(webhook, 1)
    assert delivery.log[0].error == "the server could not sign it"
    key_file.write_bytes(good)
    await again.until_waiting(2.0)
    await again.clock.advance(2.0)
    await again.until(webhook, DELIVERED)
    await again.close()


async def test_many_events_at_once_arrive_once_each(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url)
    await asyncio.gather(*(line.emit(f"recording:{number}", *range(5)) for number in range(8)))
    await line.until(webhook, *[DELIVERED] * 40)
    assert len({request.uuid for request in receiver.received}) == 40 == len(receiver.received)
    for number in range(8):
        subject = f"recording:{number}"
        came = [request.payload["number"] for request in receiver.received if request.payload["subject"] == subject]
        assert came == [0, 1, 2, 3, 4]
    assert receiver.most_at_once <= 4
