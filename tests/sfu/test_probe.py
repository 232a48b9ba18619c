"""When the health probe speaks up."""

import asyncio

from reelkit.clock import SystemClock
from reelkit.sfu.client import JanusClient
from reelkit.sfu.probe import PROBE_INTERVAL_S, HealthProbe
from reelkit.sfu.wire import JsonObject, Message
from tests.patience import PATIENCE_S
from tests.sfu.fake_janus import SECRET, FakeJanus, Request


class Plugin:
    """Answers but for the requests whose turn is among the ``silences``."""

    def __init__(self, name: str, silences: set[int], error_code: int | None = None) -> None:
        self._name = name
        self._silences = silences
        self._error = {"error_code": error_code, "error": "gone"} if error_code else {}
        self.count = 0

    async def __call__(self, janus: FakeJanus, request: Request) -> None:
        data: dict[str, object] = {"videoroom": "event"}
        if request["body"]["request"] == self._name:
            silent = self.is_silent_next(self._name)
            self.count += 1
            if silent:
                return
            data |= self._error
        await janus.event(request, data)

    def is_silent_next(self, name: str) -> bool:
        """Whether the next request of this name is not answered."""
        return name == self._name and self.count + 1 in self._silences


class WaitingClient(JanusClient):
    """Waits a twentieth of a second for an answer that does not come, and for one that does as long as it takes."""

    def __init__(self, url: str, plugin: Plugin) -> None:
        super().__init__(url, SECRET, request_timeout_s=PATIENCE_S)
        self._plugin = plugin

    async def request(self, body: JsonObject, *, until_ack: bool = False) -> Message:
        asked = body.get("body")
        silent = isinstance(asked, dict) and self._plugin.is_silent_next(str(asked.get("request")))
        self._request_timeout_s = 0.05 if silent else PATIENCE_S
        return await super().request(body, until_ack=until_ack)


class ImpatientClock(SystemClock):
    def __init__(self) -> None:
        self.sleeps_s: list[float] = []

    async def sleep(self, duration_s: float) -> None:
        self.sleeps_s.append(duration_s)
        await asyncio.sleep(0)


async def watch(plugin: Plugin, clock: ImpatientClock) -> str:
    async with FakeJanus(plugin) as janus, WaitingClient(janus.url, plugin) as client:
        probe = HealthProbe(client)
        await probe.open("the admin key")
        return await asyncio.wait_for(probe.watch(clock), PATIENCE_S)


async def test_a_silent_lock_over_rooms_is_noticed() -> None:
    reason = await watch(Plugin("exists", {2, 3}), ImpatientClock())
    assert reason.startswith("Janus does not answer")
    assert "request=exists" in reason


async def test_a_silent_thread_of_the_plugin_is_noticed() -> None:
    assert "request=configure" in await watch(Plugin("configure", {1, 2}), ImpatientClock())


async def test_one_silence_is_asked_after_at_once_and_forgiven() -> None:
    clock = ImpatientClock()
    plugin = Plugin("exists", {2, 4, 6, 7})
    await watch(plugin, clock)
    assert plugin.count == 7
    assert clock.sleeps_s == [PROBE_INTERVAL_S] * 4  # before the 1st, 2nd, 4th and 6th question


async def test_a_probe_whose_room_is_gone_is_no_health() -> None:
    assert "gone" in await watch(Plugin("exists", set(), error_code=426), ImpatientClock())
