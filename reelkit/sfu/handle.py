"""One handle of the videoroom plugin: a participant's or the server's own line into a room."""

import asyncio
from typing import TYPE_CHECKING

import structlog

from reelkit.sfu.errors import RequestRefused, SfuError, SfuLost, refusal
from reelkit.sfu.wire import Jsep, JsonObject, Message

if TYPE_CHECKING:
    from reelkit.sfu.client import JanusClient

log = structlog.get_logger(__name__)

# JANUS_ERROR_SESSION_NOT_FOUND, JANUS_ERROR_HANDLE_NOT_FOUND
_ALREADY_GONE = frozenset({458, 459})


class PluginAnswer:
    """The plugin's answer to one request."""

    __slots__ = ("data", "jsep")

    def __init__(self, data: JsonObject, jsep: Jsep | None) -> None:
        self.data = data
        self.jsep = jsep


class JanusHandle:
    """Sends requests one at a time.

    The plugin takes requests of one handle in the order of their arrival only while each waits for the answer to the
    one before: of pipelined recording switches some came out in the wrong order. A request whose caller is cancelled
    goes on by itself, so that the next one cannot overtake it.
    """

    def __init__(self, client: "JanusClient", handle_id: int) -> None:
        self.handle_id = handle_id
        self._client = client
        self._lock = asyncio.Lock()
        self._in_flight: set[asyncio.Task[PluginAnswer]] = set()
        self._detached = False

    async def message(self, body: JsonObject, jsep: Jsep | None = None) -> PluginAnswer:
        """Sends a plugin request and waits for the plugin's answer.

        Raises RequestRefused (or what derives from it), SfuTimeout and SfuLost.
        """
        task = asyncio.create_task(self._message(body, jsep), name=f"janus-{body['request']}")
        self._in_flight.add(task)
        task.add_done_callback(self._finish)
        return await asyncio.shield(task)

    async def detach(self) -> None:
        """Gives the handle and its PeerConnection up. May be called more than once, and when Janus is lost."""
        if self._detached:
            return
        self._detached = True
        try:
            await self._client.detach(self.handle_id)
        except SfuLost:
            log.debug("a handle went with its Janus", handle_id=self.handle_id)
        except RequestRefused as error:
            if error.code not in _ALREADY_GONE:
                raise

    def _finish(self, task: "asyncio.Task[PluginAnswer]") -> None:
        self._in_flight.discard(task)
        # Taking the exception keeps one whose caller was cancelled from being reported as never retrieved.
        if not task.cancelled() and isinstance(task.exception(), SfuError):
            log.debug("request to Janus failed", handle_id=self.handle_id, error=str(task.exception()))

    async def _message(self, body: JsonObject, jsep: Jsep | None) -> PluginAnswer:
        request: JsonObject = {"janus": "message", "handle_id": self.handle_id, "body": body}
        if jsep is not None:
            request["jsep"] = jsep.model_dump()
        async with self._lock:
            answer = await self._client.request(request)
        return _plugin_answer(answer, str(body["request"]))


def _plugin_answer(answer: Message, request: str) -> PluginAnswer:
    data = answer.plugindata.data if answer.plugindata is not None else {}
    code = data.get("error_code")
    if isinstance(code, int):
        raise refusal(code, str(data.get("error", "no reason given")), request=request)
    return PluginAnswer(data, answer.jsep)
