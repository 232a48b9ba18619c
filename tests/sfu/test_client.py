"""What the client does with each kind of answer, event and failure, against a scripted Janus."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reelkit.errors import Fault
from reelkit.sfu.client import JanusClient
from reelkit.sfu.errors import (
    BadSdp,
    FeedNotReady,
    RequestRefused,
    RoomNotFound,
    SfuLost,
    SfuTimeout,
    Unauthorised,
)
from reelkit.sfu.wire import Message
from tests.patience import PATIENCE_S
from tests.sfu.fake_janus import SECRET, FakeJanus, PluginScript, Request


def ignore(message: Message) -> None:
    """The test looks elsewhere."""


@asynccontextmanager
async def connected(script: PluginScript | None = None) -> AsyncIterator[tuple[FakeJanus, JanusClient]]:
    async with FakeJanus(script) as janus, JanusClient(janus.url, SECRET, request_timeout_s=PATIENCE_S) as client:
        yield janus, client


async def answer(janus: FakeJanus, request: Request) -> None:
    await janus.ack(request)
    await janus.event(request, {"videoroom": "event", "echo": request["body"]["request"]})


async def test_every_request_carries_the_secret_and_after_create_the_session() -> None:
    async with connected(answer) as (janus, client):
        handle = await client.attach(ignore)
        await handle.message({"request": "configure"})
        await client.keepalive()
        await handle.detach()
    assert [request["janus"] for request in janus.seen] == ["create", "attach", "message", "keepalive", "detach"]
    assert {request["apisecret"] for request in janus.seen} == {SECRET}
    assert ["session_id" in request for request in janus.seen] == [False, True, True, True, True]
    assert len({request["transaction"] for request in janus.seen}) == len(janus.seen)


async def test_a_wrong_secret_is_refused_and_the_client_closes() -> None:
    async with FakeJanus() as janus:
        client = JanusClient(janus.url, "guessed", request_timeout_s=PATIENCE_S)
        with pytest.raises(Unauthorised):
            await client.open()
        assert client.lost


async def test_nobody_listening_is_a_loss() -> None:
    async with FakeJanus() as janus:
        url = janus.url
    with pytest.raises(SfuLost) as raised:
        await JanusClient(url, SECRET, request_timeout_s=PATIENCE_S).open()
    assert raised.value.retry


async def test_an_ack_alone_does_not_answer_a_plugin_request() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        asking = asyncio.create_task(handle.message({"request": "join"}))
        request = await next_message(janus)
        await janus.ack(request)
        await client.keepalive()  # a full round trip, so the ack has been read
        assert not asking.done()
        await janus.event(request, {"videoroom": "attached"})
        assert (await asking).data == {"videoroom": "attached"}


async def test_an_event_that_overtakes_its_ack_answers() -> None:
    async def script(janus: FakeJanus, request: Request) -> None:
        await janus.event(request, {"videoroom": "attached"}, {"type": "offer", "sdp": "v=0"})
        await janus.ack(request)

    async with connected(script) as (_, client):
        handle = await client.attach(ignore)
        first = await handle.message({"request": "join"})
        assert first.jsep is not None
        assert first.jsep.sdp == "v=0"
        assert (await handle.message({"request": "join"})).data == {"videoroom": "attached"}


@pytest.mark.parametrize(
    ("code", "error", "fault", "retry"),
    [
        (428, FeedNotReady, Fault.MEETING, True),
        (426, RoomNotFound, Fault.SYSTEM, False),
        (433, Unauthorised, Fault.SYSTEM, False),
        (437, BadSdp, Fault.CALLER, False),
        (499, RequestRefused, Fault.SYSTEM, False),
    ],
)
async def test_plugin_errors_are_told_apart(code: int, error: type[RequestRefused], fault: Fault, retry: bool) -> None:
    async def script(janus: FakeJanus, request: Request) -> None:
        await janus.event(request, {"videoroom": "event", "error_code": code, "error": "because"})

    async with connected(script) as (_, client):
        handle = await client.attach(ignore)
        with pytest.raises(RequestRefused, match="because") as raised:
            await handle.message({"request": "join"})
    assert type(raised.value) is error
    assert (raised.value.code, raised.value.fault, raised.value.retry) == (code, fault, retry)
    assert raised.value.context == {"code": code, "request": "join"}


async def test_core_errors_are_told_apart() -> None:
    async def script(janus: FakeJanus, request: Request) -> None:
        error = {"code": 465, "reason": "JSEP error: invalid SDP"}
        await janus.send({"janus": "error", "transaction": request["transaction"], "error": error})

    async with connected(script) as (_, client):
        handle = await client.attach(ignore)
        with pytest.raises(BadSdp):
            await handle.message({"request": "configure"})


async def test_no_answer_times_out_and_a_late_one_does_no_harm() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        # Nothing else has to be answered in so short a time.
        client._request_timeout_s = 0.05
        with pytest.raises(SfuTimeout) as raised:
            await handle.message({"request": "join"})
        client._request_timeout_s = PATIENCE_S
        assert raised.value.retry
        await janus.event(await next_message(janus), {"videoroom": "attached"})
        await client.keepalive()
        assert not client.lost


async def test_a_closed_connection_fails_pending_and_later_requests() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        asking = asyncio.create_task(handle.message({"request": "join"}))
        await next_message(janus)
        await janus.drop()
        with pytest.raises(SfuLost):
            await asking
        assert await client.wait_lost() == "the connection to Janus closed"
        with pytest.raises(SfuLost):
            await client.keepalive()
        await handle.detach()


async def test_losing_janus_fails_pending_requests_with_the_first_reason() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        asking = [asyncio.create_task(handle.message({"request": "join"})) for _ in range(2)]
        await next_message(janus)
        client.lose("Janus ended with status -9")
        client.lose("again")
        for task in asking:
            with pytest.raises(SfuLost, match="status -9"):
                await task


async def test_a_dropped_session_is_a_loss() -> None:
    async with connected() as (janus, client):
        await janus.send({"janus": "timeout", "session_id": 1})
        assert await client.wait_lost() == "Janus dropped the session"


@pytest.mark.parametrize("text", ["{", "[]", '{"no": "kind"}', '{"janus": "event", "sender": "text"}'])
async def test_an_unreadable_message_is_skipped(text: str) -> None:
    async with connected() as (janus, client):
        await janus.send_text(text)
        await client.keepalive()


async def test_events_go_to_their_handle_in_order() -> None:
    async with connected() as (janus, client):
        events: list[tuple[str, str]] = []

        def collect(name: str) -> Callable[[Message], None]:
            return lambda message: events.append((name, message.janus))

        first = await client.attach(collect("first"))
        second = await client.attach(collect("second"))
        for kind, handle in (("webrtcup", first), ("media", second), ("hangup", first)):
            await janus.send({"janus": kind, "sender": handle.handle_id})
        await janus.send({"janus": "webrtcup", "sender": 4711})
        await client.keepalive()
    assert events == [("first", "webrtcup"), ("second", "media"), ("first", "hangup")]


async def test_a_fault_in_a_handler_is_reported_and_does_not_stop_the_reader() -> None:
    reported: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: reported.append(context))

    def fail(message: Message) -> None:
        raise ValueError(message.janus)

    async with connected() as (janus, client):
        handle = await client.attach(fail)
        await janus.send({"janus": "webrtcup", "sender": handle.handle_id})
        await client.keepalive()
    assert [str(context["exception"]) for context in reported] == ["webrtcup"]


async def test_a_handle_sends_one_request_at_a_time() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        switches = [asyncio.create_task(handle.message({"request": name})) for name in ("on", "off")]
        request = await next_message(janus)
        assert request["body"]["request"] == "on"
        await client.keepalive()
        assert [seen["janus"] for seen in janus.seen].count("message") == 1
        await janus.event(request, {"done": "on"})
        assert (await switches[0]).data == {"done": "on"}
        request = await next_message(janus)
        assert request["body"]["request"] == "off"
        await janus.event(request, {"done": "off"})
        assert (await switches[1]).data == {"done": "off"}


async def test_a_request_of_a_cancelled_caller_is_not_overtaken() -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        abandoned = asyncio.create_task(handle.message({"request": "on"}))
        request = await next_message(janus)
        abandoned.cancel()
        with pytest.raises(asyncio.CancelledError):
            await abandoned
        following = asyncio.create_task(handle.message({"request": "off"}))
        await client.keepalive()
        assert [seen["janus"] for seen in janus.seen].count("message") == 1
        await janus.event(request, {"done": "on"})
        await janus.event(await next_message(janus), {"done": "off"})
        assert (await following).data == {"done": "off"}


async def test_a_handle_whose_owner_was_cancelled_is_given_up() -> None:
    async with connected() as (janus, client):
        janus.silent = True
        attaching = asyncio.create_task(client.attach(ignore))
        request = await next_request(janus, "attach")
        attaching.cancel()
        with pytest.raises(asyncio.CancelledError):
            await attaching
        janus.silent = False
        await janus.send({"janus": "success", "transaction": request["transaction"], "data": {"id": 77}})
        assert (await next_request(janus, "detach"))["handle_id"] == 77


@pytest.mark.parametrize(("code", "raises"), [(459, False), (463, True)])
async def test_detaching_what_is_gone_is_no_error(code: int, raises: bool) -> None:
    async with connected() as (janus, client):
        handle = await client.attach(ignore)
        janus.silent = True
        detaching = asyncio.create_task(handle.detach())
        request = await next_request(janus, "detach")
        error = {"code": code, "reason": "No such handle"}
        await janus.send({"janus": "error", "transaction": request["transaction"], "error": error})
        if raises:
            with pytest.raises(RequestRefused):
                await detaching
        else:
            await detaching
            await handle.detach()
            assert [seen["janus"] for seen in janus.seen].count("detach") == 1


async def next_request(janus: FakeJanus, kind: str) -> Request:
    """The next request of this kind; earlier ones of other kinds are passed over."""
    while True:
        request = await asyncio.wait_for(janus.requests.get(), PATIENCE_S)
        if request["janus"] == kind:
            return request


async def next_message(janus: FakeJanus) -> Request:
    return await next_request(janus, "message")
