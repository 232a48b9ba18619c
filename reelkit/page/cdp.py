"""A client of the Chrome DevTools Protocol, over a pipe that no page can reach."""

import asyncio
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Self

import structlog

from reelkit.page.cdp_pipe import MAX_MESSAGE_BYTES, CdpPipe, MessageSplitter
from reelkit.page.errors import BrowserGone, CdpError, CdpTimeout

log = structlog.get_logger(__name__)

CALL_TIMEOUT_S = 10.0
_MOST_WAITING_BYTES = 16 << 20
"""Commands that a browser has not taken. It takes them at once unless it hangs."""
_MOST_TEXT = 300
"""Characters of an error's text: a page may have written it."""
_NUMBER = re.compile(rb'\{\s*"id":\s*(\d+)')

Result = dict[str, Any]
EventHandler = Callable[[Result], None]


class Cdp:
    """One browser's commands and events. ``closed`` is done when the browser has gone; :meth:`open` makes one.

    Handlers are called one event after the other while the pipe waits, so they must be quick. A message of more than
    ``max_message_bytes`` is dropped: an event silently, an answer as a CdpError of its command.
    """

    def __init__(self, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> None:
        self.closed: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._pipe = CdpPipe(MessageSplitter(self._hear, self._hear_overlong, max_message_bytes), self._end)
        self._last_id = 0
        self._overlong = False
        self._calls: dict[int, tuple[str, asyncio.Future[Result]]] = {}
        self._handlers: dict[tuple[str | None, str], list[EventHandler]] = {}

    @classmethod
    async def open(cls, read_fd: int, write_fd: int, *, max_message_bytes: int = MAX_MESSAGE_BYTES) -> Self:
        """Takes over the two ends of the pipes whose other ends are the browser's. Raises OSError."""
        cdp = cls(max_message_bytes=max_message_bytes)
        await cdp._pipe.open(read_fd, write_fd)
        return cdp

    async def call(
        self,
        method: str,
        params: Mapping[str, Any] | None = None,
        session_id: str | None = None,
        *,
        timeout_s: float = CALL_TIMEOUT_S,
    ) -> Result:
        """The browser's answer to a command. Raises CdpError, CdpTimeout, BrowserGone."""
        if self.closed.done():
            raise BrowserGone("the browser has ended", method=method)
        if self._pipe.waiting_bytes > _MOST_WAITING_BYTES:
            raise CdpTimeout("the browser takes no commands", method=method)
        self._last_id += 1
        number = self._last_id
        message: dict[str, object] = {"id": number, "method": method, "params": params or {}}
        if session_id is not None:
            message["sessionId"] = session_id
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._calls[number] = (method, answer)
        try:
            self._pipe.send(json.dumps(message, separators=(",", ":")).encode())
            async with asyncio.timeout(timeout_s):
                return await answer
        except TimeoutError:
            raise CdpTimeout(f"the browser did not answer within {timeout_s:g} s", method=method) from None
        finally:
            self._calls.pop(number, None)

    def on(self, method: str, handler: EventHandler, *, session_id: str | None = None) -> Callable[[], None]:
        """From now on ``handler`` gets the parameters of every such event of the session, or of the browser itself.

        What is returned ends that.
        """
        handlers = self._handlers.setdefault((session_id, method), [])
        handlers.append(handler)

        def end() -> None:
            if handler in handlers:
                handlers.remove(handler)
            if not handlers:
                self._handlers.pop((session_id, method), None)

        return end

    async def attach(self, target_id: str, *, timeout_s: float = CALL_TIMEOUT_S) -> "CdpSession":
        """A session with a page or a worker. Raises CdpError, CdpTimeout, BrowserGone."""
        params = {"targetId": target_id, "flatten": True}
        answer = await self.call("Target.attachToTarget", params, timeout_s=timeout_s)
        return CdpSession(self, target_id, str(answer["sessionId"]))

    def close(self) -> None:
        """Closes the pipe; a browser that is still there ends. What is waited for raises BrowserGone."""
        self._pipe.close()

    def _hear(self, message: bytes) -> None:
        try:
            heard = json.loads(message)
        except ValueError:
            log.warning("a message of the browser is no JSON", size_bytes=len(message))
            return
        if not isinstance(heard, dict):
            return
        if "id" in heard:
            self._answered(heard)
        elif isinstance(method := heard.get("method"), str):
            for handler in tuple(self._handlers.get((heard.get("sessionId"), method), ())):
                try:
                    handler(heard.get("params") or {})
                except Exception:
                    # The next event is another's; and the pipe would end with the first error.
                    log.exception("the handler of an event failed", method=method)

    def _answered(self, heard: Result) -> None:
        method, answer = self._calls.get(heard["id"], ("", None))
        if answer is None or answer.done():
            return
        error = heard.get("error")
        if error is None:
            answer.set_result(heard.get("result") or {})
        else:
            text = str(error.get("message", "without a reason"))[:_MOST_TEXT]
            answer.set_exception(CdpError(f"the browser refused: {text}", method=method, code=error.get("code")))

    def _hear_overlong(self, beginning: bytes) -> None:
        number = _NUMBER.match(beginning)
        method, answer = self._calls.get(int(number.group(1)), ("", None)) if number else ("", None)
        if answer is None or answer.done():
            if not self._overlong:
                # A page may cause any number.
                self._overlong = True
                log.warning("dropped an overlong message of the browser, and will drop more")
            return
        answer.set_exception(CdpError("the browser's answer is too long", method=method))

    def _end(self) -> None:
        for method, answer in self._calls.values():
            if not answer.done():
                answer.set_exception(BrowserGone("the browser has ended", method=method))
        self._handlers.clear()
        if not self.closed.done():
            self.closed.set_result(None)


class CdpSession:
    """Commands and events of one page or worker."""

    def __init__(self, cdp: Cdp, target_id: str, session_id: str) -> None:
        self.cdp = cdp
        self.target_id = target_id
        self.session_id = session_id

    async def call(
        self, method: str, params: Mapping[str, Any] | None = None, *, timeout_s: float = CALL_TIMEOUT_S
    ) -> Result:
        """Like :meth:`Cdp.call`, of this session."""
        return await self.cdp.call(method, params, self.session_id, timeout_s=timeout_s)

    def on(self, method: str, handler: EventHandler) -> Callable[[], None]:
        """Like :meth:`Cdp.on`, of this session."""
        return self.cdp.on(method, handler, session_id=self.session_id)

    async def evaluate(self, expression: str, *, timeout_s: float = CALL_TIMEOUT_S) -> Any:  # noqa: ANN401 - JSON
        """What a JavaScript expression comes to; a promise is awaited.

        Raises CdpError, also for what the expression throws, CdpTimeout, BrowserGone.
        """
        params = {"expression": expression, "awaitPromise": True, "returnByValue": True}
        answer = await self.call("Runtime.evaluate", params, timeout_s=timeout_s)
        if "exceptionDetails" in answer:
            thrown = answer["exceptionDetails"]
            text = str(thrown.get("exception", {}).get("description") or thrown.get("text"))[:_MOST_TEXT]
            raise CdpError(f"the page threw: {text}", method="Runtime.evaluate")
        return answer["result"].get("value")
