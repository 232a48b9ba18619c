"""A page that is recorded, until there is no more of it to be recorded."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from reelkit.page.chromium import PageBrowser
from reelkit.page.errors import BrowserGone, CdpError, PageCrashed, PageUnreachable
from reelkit.page.page_events import PageEvents

log = structlog.get_logger(__name__)

FLAGS = Path(__file__).with_name("flags.js")
_FLAGS_INTERVAL_S = 1.0
"""The recording SDK itself looks as often whether anybody is there."""
_FLAGS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True)
class PageEnd:
    """The page has ended its recording."""

    reason: str
    everybody_left: bool


async def followed(browser: PageBrowser, events: PageEvents) -> PageEnd:
    """Returns when the page ends its recording. Raises PageCrashed, PageUnreachable, BrowserGone."""
    ended = asyncio.create_task(_ended(browser), name="page-flags")
    crash = asyncio.create_task(events.crashed.wait(), name="page-crash")
    astray = asyncio.create_task(events.astray.wait(), name="page-astray")
    tasks: set[asyncio.Task[Any]] = {ended, crash, astray}
    try:
        await asyncio.wait({*tasks, browser.closed}, return_when=asyncio.FIRST_COMPLETED)
        if browser.closed.done():
            raise BrowserGone(f"the browser ended: {browser.closed.result()}")
        if crash.done():
            raise PageCrashed("the page crashed")
        if astray.done():
            # Perhaps its host is back when the page is opened anew.
            raise PageUnreachable("the page went on to a host that cannot be reached", retry=True)
        return ended.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)


async def _ended(browser: PageBrowser) -> PageEnd:
    """Waits for a page with the recording SDK to end its recording. Raises BrowserGone."""
    script = await asyncio.to_thread(FLAGS.read_text)
    while True:
        await asyncio.sleep(_FLAGS_INTERVAL_S)
        flags = await _flags(browser, script)
        if flags is not None and flags["stopped"]:
            left = bool(flags["left"])
            return PageEnd("everybody has left" if left else "the page ended its recording", left)


async def _flags(browser: PageBrowser, script: str) -> dict[str, Any] | None:
    """What the page's recording SDK tells; None while it cannot be asked."""
    try:
        flags = await browser.page.evaluate(script, timeout_s=_FLAGS_TIMEOUT_S)
    except CdpError as error:
        log.info("a page cannot be asked whether its recording goes on", reason=error.message)
        return None
    return flags if isinstance(flags, dict) else None
