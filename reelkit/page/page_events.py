"""What a page's browser tells of it while it is open."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from pathlib import Path
from typing import Any

import structlog

from reelkit.page.cdp import CdpSession
from reelkit.page.diagnosis import Diagnosis
from reelkit.page.errors import BrowserError

log = structlog.get_logger(__name__)

_SCRIPT = Path(__file__).with_name("recorded_page.js")
_LEVELS = frozenset({"error", "warning", "assert"})
_QUICK_DIALOGS = 100
_DIALOG_INTERVAL_S = 1.0
"""A page that opens more dialogs than that has each further one closed after so long: one in a loop costs nothing."""
_MOST_COMPLAINTS = 2_000
_COMPLAINTS_PERIOD_S = 60.0
"""A page that complains more often in that time is not listened to any more: reading it all would take what its
pictures and its sound need."""


class PageEvents:
    """Listens to a page: fills ``diagnosis``, closes dialogs, and knows when it has loaded, crashed or gone astray.

    ``on_gone`` is called at once when what the browser shows is no page any more.
    """

    def __init__(self, page: CdpSession, diagnosis: Diagnosis, on_gone: Callable[[], None]) -> None:
        self._page = page
        self._diagnosis = diagnosis
        self._on_gone = on_gone
        self._dialogs = 0
        self._complaints = 0
        self._period_end_s = 0.0
        self._deaf = False
        self._tasks: set[asyncio.Task[None]] = set()
        self.parsed = asyncio.Event()
        """All elements of the page's present document are there."""
        self.loaded = asyncio.Event()
        """And all that they need."""
        self.crashed = asyncio.Event()
        self.astray = asyncio.Event()
        """The page led to where nothing came from."""

    async def listen(self) -> None:
        """Begins. To be called before the page is opened. Raises CdpError, CdpTimeout, BrowserGone."""
        page = self._page
        page.on("Page.frameNavigated", self._navigated)
        page.on("Page.domContentEventFired", lambda _: self.parsed.set())
        page.on("Page.loadEventFired", lambda _: self.loaded.set())
        page.on("Page.javascriptDialogOpening", self._dialog)
        page.on("Inspector.targetCrashed", self._crash)
        page.on("Runtime.consoleAPICalled", self._console)
        page.on("Runtime.exceptionThrown", self._exception)
        page.on("Log.entryAdded", self._log)
        for domain in ("Inspector", "Page", "Runtime", "Log"):
            await page.call(f"{domain}.enable")
        # Keys are asked for in vain then, instead of in a dialog that covers the page.
        await page.call("WebAuthn.enable", {"enableUI": False})
        script = await asyncio.to_thread(_SCRIPT.read_text)
        await page.call("Page.addScriptToEvaluateOnNewDocument", {"source": script})

    def forget(self) -> None:
        """Another document comes."""
        for reached in (self.parsed, self.loaded, self.astray):
            reached.clear()

    async def close(self) -> None:
        """Gives up what is being answered."""
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _navigated(self, event: Mapping[str, Any]) -> None:
        frame = event.get("frame", {})
        if frame.get("parentId"):
            return
        self.forget()
        if frame.get("unreachableUrl"):
            self.astray.set()
            self._on_gone()

    def _crash(self, _: Mapping[str, Any]) -> None:
        self.crashed.set()
        self._on_gone()

    def _dialog(self, _: Mapping[str, Any]) -> None:
        self._dialogs += 1
        self._soon(self._accept(0.0 if self._dialogs <= _QUICK_DIALOGS else _DIALOG_INTERVAL_S), "page-dialog")

    async def _accept(self, wait_s: float) -> None:
        """As somebody would who wants to see the page."""
        await asyncio.sleep(wait_s)
        await self._tell("Page.handleJavaScriptDialog", {"accept": True})

    def _console(self, event: Mapping[str, Any]) -> None:
        if self._hears() and event.get("type") in _LEVELS:
            words = (str(each.get("value", each.get("description", ""))) for each in event.get("args", ()))
            self._diagnosis.console(str(event["type"]), " ".join(words))

    def _exception(self, event: Mapping[str, Any]) -> None:
        if self._hears():
            details = event.get("exceptionDetails", {})
            text = details.get("exception", {}).get("description") or details.get("text", "")
            self._diagnosis.console("exception", str(text), details.get("url"))

    def _log(self, event: Mapping[str, Any]) -> None:
        entry = event.get("entry", {})
        if not self._hears() or entry.get("level") not in _LEVELS:
            return
        if entry.get("source") == "network":
            self._diagnosis.request_failed(entry.get("url"), str(entry.get("text", "")))
        else:
            self._diagnosis.console(str(entry["level"]), str(entry.get("text", "")), entry.get("url"))

    def _hears(self) -> bool:
        """Whether the page's complaints are still listened to."""
        now_s = asyncio.get_running_loop().time()
        if now_s > self._period_end_s:
            self._period_end_s, self._complaints = now_s + _COMPLAINTS_PERIOD_S, 0
        self._complaints += 1
        if self._complaints > _MOST_COMPLAINTS and not self._deaf:
            self._deaf = True
            self._diagnosis.console("warning", "the page complains too much and is not listened to any more")
            for domain in ("Runtime", "Log"):
                self._soon(self._tell(f"{domain}.disable"), "page-deaf")
        return not self._deaf

    def _soon(self, work: Coroutine[Any, Any, None], name: str) -> None:
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _tell(self, method: str, params: Mapping[str, Any] | None = None) -> None:
        try:
            await self._page.call(method, params)
        except BrowserError as error:
            log.info("a page's browser does not do what it was told", method=method, reason=error.message)
