"""Real clients: pages with the SDK in Chromium."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from types import TracebackType
from typing import Any, Self

import structlog
from playwright.async_api import Browser, ConsoleMessage, Page, Playwright, async_playwright

from reelkit.process import wait_until
from tests.rooms.sdk_server import SdkServer, token

log = structlog.get_logger(__name__)

CHROMIUM = "/usr/bin/chromium"
FLAGS = (
    "--headless=new",
    "--no-sandbox",  # tests run as root
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    "--auto-select-desktop-capture-source=Entire",
    "--ignore-certificate-errors",
    "--autoplay-policy=no-user-gesture-required",
)
START_TIMEOUT_S = 60.0
# A change has to reach the other client, be negotiated there and show itself in a track.
SETTLE_TIMEOUT_S = 25.0


class Client:
    """One page, which is one participant."""

    def __init__(self, name: str, page: Page) -> None:
        self.name = name
        self.page = page
        self.errors: list[str] = []
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        page.on("console", self._console)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error" or message.text.startswith("EVENT"):
            log.info("browser", client=self.name, text=message.text[:300])

    async def run(self, script: str, argument: object = None) -> Any:
        """Evaluates an expression or a function in the page."""
        return await self.page.evaluate(script, argument)

    async def happened(self, name: str) -> list[Any]:
        """The details of all events of this name so far."""
        return [detail for event, detail in await self.run("happened") if event == name]

    async def sees(self, other: str, expected: Callable[[Mapping[str, Any]], bool]) -> dict[str, Any]:
        """Waits until what this client sees of another is as expected."""
        seen: dict[str, Any] = {}

        async def holds() -> bool:
            seen.clear()
            seen.update(await self.run("(name) => view(name)", other) or {})
            return bool(seen) and expected(seen)

        await self.until(holds, lambda: f"{self.name} sees {json.dumps(seen)} of {other}")
        return seen

    async def learns(self, name: str, expected: Callable[[list[Any]], bool]) -> None:
        """Waits until the events of this name are as expected."""
        details: list[Any] = []

        async def holds() -> bool:
            details[:] = await self.happened(name)
            return expected(details)

        await self.until(holds, lambda: f"{self.name} learnt {details} of {name}")

    async def until(self, condition: Callable[[], Awaitable[bool]], describe: Callable[[], str]) -> None:
        try:
            await wait_until(condition, timeout_s=SETTLE_TIMEOUT_S, interval_s=0.1)
        except TimeoutError:
            raise AssertionError(describe()) from None


class Clients:
    """A Chromium with a page for each participant, started with further ``flags``; an async context manager."""

    def __init__(self, server: SdkServer, *flags: str) -> None:
        self._server = server
        self._flags = (*FLAGS, *flags)
        self._playwright: Playwright | None = None
        self._browser: Browser | None = None

    async def __aenter__(self) -> Self:
        self._playwright = await async_playwright().start()
        self._browser = await self._playwright.chromium.launch(
            executable_path=CHROMIUM, headless=True, args=self._flags
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._browser is not None:
            await self._browser.close()
        if self._playwright is not None:
            await self._playwright.stop()

    async def start(
        self,
        name: str,
        *,
        audio: bool = False,
        video: bool = False,
        join: bool = True,
        preset: Mapping[str, Any] | None = None,
        enforced: Mapping[str, Any] | None = None,
    ) -> Client:
        """Opens a page and joins the meeting, or stays in front of its door without ``join``. The server may take
        another preset than the client's for the right one: ``enforced``."""
        assert self._browser is not None
        context = await self._browser.new_context(ignore_https_errors=True)
        client = Client(name, await context.new_page())
        await client.page.goto(self._server.page_url)
        async with asyncio.timeout(START_TIMEOUT_S):
            await client.run(
                "(options) => start(options)",
                {
                    "token": token(name, preset, enforced),
                    "base": self._server.base,
                    "audio": audio,
                    "video": video,
                    "join": join,
                },
            )
        return client
