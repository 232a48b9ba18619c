"""The client of the DevTools protocol, with a browser's end of the pipe in the test's hands."""

import asyncio
import gc
import json
import os
import threading
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from reelkit.page.cdp import Cdp, Result
from reelkit.page.errors import BrowserGone, CdpError, CdpTimeout
from tests.patience import PATIENCE_S

LIMIT_BYTES = 8 << 20


class Peer:
    """Reads commands and says what a test wants said."""

    def __init__(self, read_fd: int, write_fd: int) -> None:
        self._reader = asyncio.StreamReader(limit=LIMIT_BYTES)
        self._fds = (read_fd, write_fd)
        self._transport: asyncio.ReadTransport | None = None

    async def open(self) -> None:
        self._transport, _ = await asyncio.get_running_loop().connect_read_pipe(
            lambda: asyncio.StreamReaderProtocol(self._reader), os.fdopen(self._fds[0], "rb")
        )

    async def command(self) -> dict[str, Any]:
        heard = await self._reader.readuntil(b"\0")
        message: dict[str, Any] = json.loads(heard[:-1])
        return message

    async def say(self, *messages: dict[str, Any] | bytes) -> None:
        """From a thread: the pipe holds less than some messages."""
        data = b"".join((part if isinstance(part, bytes) else json.dumps(part).encode()) + b"\0" for part in messages)
        await asyncio.to_thread(self.write, data)

    def write(self, data: bytes, times: int = 1) -> None:
        for _ in range(times):
            view = memoryview(data)
            while view:
                view = view[os.write(self._fds[1], view) :]

    def go(self) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None
            os.close(self._fds[1])


@asynccontextmanager
async def pipe() -> AsyncIterator[tuple[Cdp, Peer]]:
    commands_read, commands_write = os.pipe()
    answers_read, answers_write = os.pipe()
    peer = Peer(commands_read, answers_write)
    await peer.open()
    cdp = await Cdp.open(answers_read, commands_write, max_message_bytes=LIMIT_BYTES)
    try:
        yield cdp, peer
    finally:
        cdp.close()
        peer.go()
        # The transports close their files in the loop's next round.
        await asyncio.sleep(0)


async def test_answers_reach_their_commands_in_any_order() -> None:
    async with pipe() as (cdp, peer):
        first = asyncio.create_task(cdp.call("Browser.getVersion"))
        second = asyncio.create_task(cdp.call("Page.navigate", {"url": "about:blank"}, "S1"))
        commands = [await peer.command(), await peer.command()]
        assert [command["method"] for command in commands] == ["Browser.getVersion", "Page.navigate"]
        assert "sessionId" not in commands[0]
        assert commands[1]["sessionId"] == "S1"
        assert commands[1]["params"] == {"url": "about:blank"}
        await peer.say({"id": commands[1]["id"], "result": {"n": 2}}, {"id": commands[0]["id"], "result": {"n": 1}})
        assert [await first, await second] == [{"n": 1}, {"n": 2}]


async def test_a_refusal_names_the_command() -> None:
    async with pipe() as (cdp, peer):
        call = asyncio.create_task(cdp.call("Page.fly"))
        number = (await peer.command())["id"]
        await peer.say({"id": number, "error": {"code": -32601, "message": "'Page.fly' wasn't found" + "!" * 9_999}})
        with pytest.raises(CdpError, match="wasn't found") as refused:
            await call
        assert refused.value.context == {"method": "Page.fly", "code": -32601}
        assert len(refused.value.message) < 400


async def test_what_is_not_answered_in_time_is_given_up_and_its_late_answer_dropped() -> None:
    async with pipe() as (cdp, peer):
        with pytest.raises(CdpTimeout, match=r"0\.05 s"):
            await cdp.call("Runtime.evaluate", timeout_s=0.05)
        late = (await peer.command())["id"]
        call = asyncio.create_task(cdp.call("Browser.getVersion"))
        await peer.say({"id": late, "result": {}}, {"id": (await peer.command())["id"], "result": {"here": True}})
        assert await call == {"here": True}


async def test_when_the_browser_goes_everything_that_waits_ends() -> None:
    async with pipe() as (cdp, peer):
        call = asyncio.create_task(cdp.call("Page.navigate"))
        await peer.command()
        peer.go()
        with pytest.raises(BrowserGone):
            await call
        await asyncio.wait_for(cdp.closed, PATIENCE_S)
        with pytest.raises(BrowserGone):
            await cdp.call("Page.navigate")


async def test_events_reach_their_sessions_handlers_until_these_end() -> None:
    async with pipe() as (cdp, peer):
        heard: list[tuple[str, Result]] = []
        cdp.on("Log.entryAdded", lambda params: heard.append(("browser", params)))
        end = cdp.on("Log.entryAdded", lambda params: heard.append(("S1", params)), session_id="S1")

        async def all_heard() -> None:
            call = asyncio.create_task(cdp.call("Browser.getVersion"))
            await peer.say({"id": (await peer.command())["id"], "result": {}})
            await call

        event = {"method": "Log.entryAdded", "params": {"n": 1}}
        await peer.say(event, {**event, "sessionId": "S1"}, {**event, "sessionId": "S2"}, {"method": "Other.event"})
        await all_heard()
        assert heard == [("browser", {"n": 1}), ("S1", {"n": 1})]
        end()
        await peer.say({**event, "sessionId": "S1"})
        await all_heard()
        assert len(heard) == 2


async def test_a_handler_that_fails_costs_nobody_else_anything() -> None:
    async with pipe() as (cdp, peer):
        heard: asyncio.Future[Result] = asyncio.get_running_loop().create_future()

        def fail(_: Result) -> None:
            raise ValueError("a handler's own fault")

        cdp.on("A.event", fail)
        cdp.on("A.event", heard.set_result)
        await peer.say(b"no JSON", b"[]", {"method": "A.event"})
        assert await asyncio.wait_for(heard, PATIENCE_S) == {}


async def test_large_messages_arrive_whole_and_too_large_ones_fail_alone() -> None:
    async with pipe() as (cdp, peer):
        fits = asyncio.create_task(cdp.call("Page.captureScreenshot"))
        too_large = asyncio.create_task(cdp.call("DOMSnapshot.captureSnapshot"))
        numbers = [(await peer.command())["id"], (await peer.command())["id"]]
        event = {"method": "Log.entryAdded", "params": {"text": "y" * (2 * LIMIT_BYTES)}}
        picture = "x" * (LIMIT_BYTES - 1_000)
        overlong = {"id": numbers[1], "result": {"text": "z" * LIMIT_BYTES}}
        await peer.say(overlong, event, {"id": numbers[0], "result": {"data": picture}})
        assert (await fits)["data"] == picture
        with pytest.raises(CdpError, match="too long"):
            await too_large


async def test_a_flood_of_events_is_not_kept() -> None:
    async with pipe() as (cdp, peer):
        count = 0

        def heard(_: Result) -> None:
            nonlocal count
            count += 1

        cdp.on("Runtime.consoleAPICalled", heard)
        events, text = 20_000, "x" * 2_000
        message = json.dumps({"method": "Runtime.consoleAPICalled", "params": {"text": text}}).encode() + b"\0"
        writer = threading.Thread(target=peer.write, args=(message, events))
        gc.collect()
        tracemalloc.start()
        try:
            writer.start()
            async with asyncio.timeout(PATIENCE_S):
                while count < events:  # noqa: ASYNC110 - the pipe is what is waited for
                    await asyncio.sleep(0.01)
            _, peak_bytes = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
            writer.join()
        assert peak_bytes < 4 << 20 < events * len(text)
