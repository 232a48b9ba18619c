"""Webhooks and replays."""

import pytest

from reelkit.control.errors import Conflict, Invalid, NotFound
from reelkit.control.webhooks.delivery import DeliveryState
from reelkit.control.webhooks.params import NewWebhook, WebhookChange
from testbed.webhook_receiver import Answer, WebhookReceiver
from tests.control.webhooks.harness import Line, line_at

PENDING, DELIVERED, FAILED = DeliveryState.PENDING, DeliveryState.DELIVERED, DeliveryState.FAILED
EVENTS = ["meeting.started"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "ftp://example.com/"}, "url: must be a plain http or https URL"),
        ({"url": "example.com"}, "url: must be a plain http or https URL"),
        ({"url": "https://"}, "url: must be a plain http or https URL"),
        ({"url": "https://user:pass@example.com/"}, "user name"),
        ({"url": "https://example.com:99999/"}, "url"),
        ({"url": "https://example.com/" + "x" * 2048}, "url"),
        ({"events": []}, "events"),
        ({"events": ["meeting.begun"]}, "there is no event 'meeting.begun'"),
        ({"events": "meeting.started"}, "events"),
        ({"name": "  "}, "name: must not be blank"),
        ({"name": "x" * 256}, "name"),
        ({"name": None}, "name"),
        ({"enabled": "yes"}, "enabled"),
    ],
)
def test_what_is_wrong_is_named(fields: dict[str, object], said: str) -> None:
    body = {"name": "hook", "url": "https://example.com/", "events": EVENTS, **fields}
    with pytest.raises(Invalid) as refused:
        NewWebhook.parse(body)
    assert said in refused.value.message


async def test_private_numeric_addresses_are_refused_at_once(
    line: Line, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with line_at(tmp_path_factory.mktemp("closed"), allow_private=False) as closed:
        for host in ("127.0.0.1", "[::1]", "10.0.0.1", "169.254.169.254"):
            with pytest.raises(Invalid, match="public internet"):
                await closed.webhook(f"http://{host}/hook")
        assert await closed.service.list(closed.app_id) == ()
    # Where the operator lets callers into the private network, metadata services stay closed.
    with pytest.raises(Invalid, match="public internet"):
        await line.webhook("http://169.254.169.254/hook")


async def test_an_app_has_a_limit(tmp_path_factory: pytest.TempPathFactory) -> None:
    async with line_at(tmp_path_factory.mktemp("limited"), max_per_app=2) as line:
        first = await line.webhook("https://example.com/")
        await line.webhook("https://example.com/")
        with pytest.raises(Conflict, match="2 webhooks"):
            await line.webhook("https://example.com/")
        await line.service.delete(line.app_id, first.id)
        await line.webhook("https://example.com/")


async def test_a_change_keeps_what_it_does_not_name(line: Line) -> None:
    made = await line.webhook("https://example.com/")
    line.clock.now_s += 1
    changed = await line.service.change(line.app_id, made.id, WebhookChange(name="other"))
    assert (changed.name, changed.url, changed.events, changed.enabled) == ("other", made.url, made.events, True)
    assert changed.created_at == made.created_at < changed.updated_at
    params = NewWebhook.parse({"name": "third", "url": "https://example.org/", "events": EVENTS * 2})
    replaced = await line.service.replace(line.app_id, made.id, params)
    assert replaced.events == ("meeting.started",)
    assert await line.service.get(line.app_id, made.id) == replaced


async def test_what_is_unknown_is_not_found(line: Line) -> None:
    webhook = await line.webhook("https://example.com/")
    for app_id, webhook_id in (("another", webhook.id), (line.app_id, "another")):
        with pytest.raises(NotFound):
            await line.service.get(app_id, webhook_id)
        with pytest.raises(NotFound):
            await line.service.delete(app_id, webhook_id)
        with pytest.raises(NotFound):
            await line.service.replay(app_id, webhook_id, "x")
    with pytest.raises(NotFound, match="delivery"):
        await line.service.delivery(line.app_id, webhook.id, "x")


async def test_a_replay_sends_the_same_again(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(404), Answer())
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    (failed,) = await line.until(webhook, FAILED)
    replayed = await line.service.replay(line.app_id, webhook.id, failed.id)
    assert replayed.state is PENDING
    (delivered,) = await line.until(webhook, DELIVERED)
    await line.service.replay(line.app_id, webhook.id, failed.id)
    await receiver.until(3)
    await line.until(webhook, DELIVERED)
    assert {(request.uuid, request.body) for request in receiver.received} == {(failed.id, failed.body.encode())}
    assert [attempt.status for attempt in (await line.delivery(delivered)).log] == [404, 200, 200]


async def test_a_replay_is_tried_for_as_long_as_a_new_event(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(404), Answer(500), Answer())
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    (failed,) = await line.until(webhook, FAILED)
    line.clock.now_s += 10 * 86_400
    await line.service.replay(line.app_id, webhook.id, failed.id)
    await line.until_attempts(webhook, 2)
    await line.until(webhook, PENDING)
    await line.until_waiting(2.0)
    await line.clock.advance(2.0)
    await line.until(webhook, DELIVERED)


async def test_a_replay_hurries_what_waits_for_another_try(line: Line, receiver: WebhookReceiver) -> None:
    receiver.answering(Answer(500), Answer())
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1, 2)
    await line.until_attempts(webhook, 1)
    first, second = await line.deliveries(webhook)
    with pytest.raises(Conflict, match="earlier"):
        await line.service.replay(line.app_id, webhook.id, second.id)
    await line.service.replay(line.app_id, webhook.id, first.id)
    await line.until(webhook, DELIVERED, DELIVERED)


async def test_a_disabled_webhook_replays_nothing(line: Line, receiver: WebhookReceiver) -> None:
    webhook = await line.webhook(receiver.url)
    await line.emit("recording:1", 1)
    (delivered,) = await line.until(webhook, DELIVERED)
    await line.service.change(line.app_id, webhook.id, WebhookChange(enabled=False))
    with pytest.raises(Conflict, match="disabled"):
        await line.service.replay(line.app_id, webhook.id, delivered.id)
