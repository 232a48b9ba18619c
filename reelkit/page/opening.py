"""From a page's address to the instant from which on it is recorded."""

import asyncio
from collections.abc import Coroutine
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import structlog

from reelkit.page.browser_exit import BrowserExit
from reelkit.page.cdp import CdpSession
from reelkit.page.diagnosis import Diagnosis
from reelkit.page.errors import (
    BrowserGone,
    CdpError,
    CdpTimeout,
    PageCrashed,
    PageRefused,
    PageSilent,
    PageTooSlow,
    PageUnreachable,
)
from reelkit.page.following import FLAGS
from reelkit.page.net_errors import meaning_of
from reelkit.page.page_events import PageEvents
from reelkit.page.recording_socket import RecordingSocket
from reelkit.settings import PageSettings

log = structlog.get_logger(__name__)

_SDK_TIMEOUT_S = 0.5
"""A page without the recording SDK is recorded from its load on. One with it has made its object by then, or does so
within this."""
_SDK_INTERVAL_S = 0.1
_DRAWN_TIMEOUT_S = 10.0
_DRAWN = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
"""True once what the page looks like now has been drawn."""
_STATUS = "performance.getEntriesByType('navigation')[0]?.responseStatus ?? 0"
_FIRST_HTTP_ERROR = 400
_OUR_OWN = frozenset({HTTPStatus.BAD_GATEWAY, HTTPStatus.GATEWAY_TIMEOUT})
"""What our proxy answers for a host that it did not reach."""
_NETWORK_CHANGED = "net::ERR_NETWORK_CHANGED"
_NETWORK_SETTLING_S = 0.5
"""Before a page is opened once more during whose opening the machine's network changed."""
_MORE_S = 10.0
"""A command's own time is longer than that of what it is part of, whose end means something else."""


class Opening:
    """Opens the page at ``url`` in a browser that is there."""

    def __init__(
        self,
        url: str,
        page: CdpSession,
        events: PageEvents,
        recorder: RecordingSocket,
        diagnosis: Diagnosis,
        settings: PageSettings,
        closed: "asyncio.Future[BrowserExit]",
    ) -> None:
        self._url = url
        self._page = page
        self._events = events
        self._recorder = recorder
        self._diagnosis = diagnosis
        self._settings = settings
        self._closed = closed
        self.has_sdk = False
        """Whether the page is built with the recording SDK."""

    async def ready(self) -> None:
        """Returns when the page is to be recorded and has been drawn. Raises PageFailed, BrowserError."""
        await self._load()
        self.has_sdk = await self._finds_sdk()
        if self.has_sdk:
            await self._started()
        try:
            await self._page.evaluate(_DRAWN, timeout_s=_DRAWN_TIMEOUT_S)
        except CdpTimeout as error:
            raise PageTooSlow("the page has loaded and shows nothing: its scripts never end") from error
        except CdpError as error:
            # It went on to another document.
            log.info("a page moved on while it was drawn", reason=error.message)

    async def _load(self) -> None:
        """Until the page has loaded, or says that it is to be recorded.

        One whose document is there when its time is over is recorded as it is: a person who looked at it would miss an
        image perhaps, or nothing at all. Without its document there is nothing to be seen.
        """
        timeout_s, events = self._settings.load_timeout_s, self._events
        try:
            async with asyncio.timeout(timeout_s):
                await self._navigate(timeout_s)
                await self._first_of(events.loaded.wait(), events.astray.wait(), self._recorder.started.wait())
        except TimeoutError:
            if events.astray.is_set() or not events.parsed.is_set():
                raise PageTooSlow(f"the page did not load within {timeout_s:g} s") from None
            log.warning("a page has not loaded completely and is recorded as it is", timeout_s=timeout_s)
            self._diagnosis.console("warning", f"not all that the page needs came within {timeout_s:g} s")
        await self._judge()

    async def _navigate(self, timeout_s: float) -> None:
        while True:
            answer = await self._watched(
                self._page.call("Page.navigate", {"url": self._url}, timeout_s=timeout_s + _MORE_S),
            )
            error = str(answer.get("errorText") or "")
            if error != _NETWORK_CHANGED:
                break
            log.info("the network changed while a page was opened")
            await asyncio.sleep(_NETWORK_SETTLING_S)
            self._events.forget()
        if error:
            raise await self._unreachable(error)
        await self._judge()

    async def _judge(self) -> None:
        """Whether what has come is the page. Raises PageUnreachable, PageRefused."""
        if self._events.astray.is_set():
            raise await self._unreachable()
        status = await self._status()
        if status < _FIRST_HTTP_ERROR:
            return
        refusal = self._diagnosis.refusal_of(await self._host())
        if refusal is not None:
            raise PageUnreachable(f"the page cannot be opened: {refusal}")
        failure = self._diagnosis.failure_of(await self._host())
        if status in _OUR_OWN and failure is not None:
            raise PageUnreachable(f"the page cannot be opened: {failure}")
        raise PageRefused(f"the page's host answered with HTTP status {status}")

    async def _unreachable(self, error: str | None = None) -> PageUnreachable:
        for host in (await self._host(), urlsplit(self._url).hostname or ""):
            refusal = self._diagnosis.refusal_of(host)
            if refusal is not None:
                return PageUnreachable(f"the page cannot be opened: {refusal}", chromium=error)
        if error is None:
            return PageUnreachable("the page cannot be opened: it leads to a host that cannot be reached")
        return PageUnreachable(f"the page cannot be opened: {meaning_of(error)} ({error})", chromium=error)

    async def _status(self) -> int:
        try:
            return int(await self._watched(self._page.evaluate(_STATUS)) or 0)
        except CdpError as error:
            log.info("a page's status is not known", reason=error.message)
            return 0

    async def _host(self) -> str:
        """Of the document that the page came to, an error page's included."""
        try:
            history = await self._page.call("Page.getNavigationHistory")
            url = str(history["entries"][int(history["currentIndex"])]["url"])
        except (CdpError, LookupError, ValueError):
            url = self._url
        return urlsplit(url).hostname or ""

    async def _finds_sdk(self) -> bool:
        script = await asyncio.to_thread(FLAGS.read_text)
        deadline_s = asyncio.get_running_loop().time() + _SDK_TIMEOUT_S
        while not (self._recorder.connected.is_set() or self._recorder.started.is_set()):
            try:
                if (await self._watched(self._page.evaluate(script)))["sdk"]:
                    return True
            except (CdpError, TypeError) as error:
                log.info("a page cannot be asked for its recording SDK", reason=str(error))
            if asyncio.get_running_loop().time() >= deadline_s:
                return False
            await asyncio.sleep(_SDK_INTERVAL_S)
        return True

    async def _started(self) -> None:
        timeout_s = self._settings.start_timeout_s
        silent = PageSilent(
            f"the page has the recording SDK and did not send StartRecording within {timeout_s:g} s: it did not "
            "join its meeting, or never called startRecording()"
        )
        try:
            async with asyncio.timeout(timeout_s):
                await self._first_of(self._recorder.started.wait(), self._events.astray.wait())
        except TimeoutError:
            raise silent from None
        if not self._recorder.started.is_set():
            raise await self._unreachable()

    async def _watched(self, work: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - as the work has it
        """The outcome of ``work`` unless the page crashes or the browser ends before."""
        return await self._first_of(work)

    async def _first_of(self, *works: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - as the work has it
        tasks = [asyncio.create_task(work) for work in works]
        crash = asyncio.create_task(self._events.crashed.wait())
        try:
            await asyncio.wait({*tasks, crash, self._closed}, return_when=asyncio.FIRST_COMPLETED)
            done = next((task for task in tasks if task.done()), None)
            if done is not None:
                return done.result()
            if self._closed.done():
                raise BrowserGone(f"the browser ended while the page was opened: {self._closed.result()}")
            raise PageCrashed("the page crashed while it was opened")
        finally:
            for task in (*tasks, crash):
                task.cancel()
            await asyncio.wait({*tasks, crash})
