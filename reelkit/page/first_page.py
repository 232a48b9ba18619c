"""The page that a browser opens by itself."""

import asyncio
from contextlib import suppress
from typing import Any

from reelkit.page.cdp import Cdp, CdpSession, Result
from reelkit.page.errors import BrowserGone, CdpError

_SIZE_INTERVAL_S = 0.02


async def first_page(cdp: Cdp, size_px: tuple[int, int]) -> CdpSession:
    """A session with it, as soon as it has its size. The caller sets the time limit.

    Raises CdpError, CdpTimeout, BrowserGone.
    """
    page = await cdp.attach(await _target(cdp))
    # The window is made step by step.
    while await _size_px(page) != list(size_px):  # noqa: ASYNC110 - it happens in the browser
        await asyncio.sleep(_SIZE_INTERVAL_S)
    return page


async def _size_px(page: CdpSession) -> object:
    """Its width and height; None while its first document is being made, which cannot be asked."""
    with suppress(CdpError):
        return await page.evaluate("document.documentElement && [innerWidth, innerHeight]")
    return None


async def _target(cdp: Cdp) -> str:
    """Its id; it appears a moment after the browser answers."""
    appeared: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    def created(params: Result) -> None:
        if not appeared.done():
            appeared.set_result(params["targetInfo"]["targetId"])

    forget = cdp.on("Target.targetCreated", created)
    try:
        await cdp.call("Target.setDiscoverTargets", {"discover": True, "filter": [{"type": "page"}]})
        either: set[asyncio.Future[Any]] = {appeared, cdp.closed}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if not appeared.done():
            raise BrowserGone("the browser has ended")
        await cdp.call("Target.setDiscoverTargets", {"discover": False})
    finally:
        forget()
    return appeared.result()
