"""A Chromium that shows one page, locked in."""

import asyncio
import os
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self, TypeVar

import structlog

from reelkit.clock import Clock, SystemClock
from reelkit.page.browser_exit import BrowserExit
from reelkit.page.cdp import Cdp, CdpSession
from reelkit.page.chromium_flags import Desktop, environment, flags
from reelkit.page.chromium_profile import Profile, make_profile
from reelkit.page.confinement import Confinement
from reelkit.page.errors import BrowserError, BrowserGone, BrowserNotStarted, CdpError, JailFailed, NoSandbox
from reelkit.page.first_page import first_page
from reelkit.page.jail import Jail
from reelkit.page.sandbox import Sandbox

_Part = TypeVar("_Part")

log = structlog.get_logger(__name__)

START_TIMEOUT_S = 30.0
"""A start takes half a second; on a machine that has just booted the binary alone is read for several."""
_CLOSE_TIMEOUT_S = 2.0
"""For pages to take their leave. Nothing that the browser has on the disk is kept."""
_NO_SANDBOX = ("No usable sandbox", "Running as root without --no-sandbox")
"""What Chromium says of a kernel that forbids its sandbox."""


@dataclass(frozen=True, slots=True)
class BrowserStats:
    """How long a start took, from the command to the keeper on."""

    cdp_s: float
    """Until the browser answered."""
    page_s: float
    """Until its first page did, at its size."""


class PageBrowser:
    """An async context manager that owns the browser in ``jail``: its processes, its profile and its deadline of start.

    The first page is ``width_px`` by ``height_px`` large and empty. ``key_pins`` are the hashes (SHA-256, Base64) of
    public keys that are trusted in any certificate. It is shown on the ``desktop``; without one it is headless. Without
    Chromium's sandbox it starts only with ``allow_no_sandbox``. Raises NoSandbox,
    BrowserNotStarted.
    """

    def __init__(
        self,
        jail: Jail,
        *,
        width_px: int,
        height_px: int,
        key_pins: Sequence[str] = (),
        desktop: Desktop | None = None,
        more_flags: Sequence[str] = (),
        allow_no_sandbox: bool = False,
        start_timeout_s: float = START_TIMEOUT_S,
        clock: Clock | None = None,
    ) -> None:
        self._jail = jail
        self._size_px = (width_px, height_px)
        self._key_pins = key_pins
        self._desktop = desktop
        self._more_flags = more_flags
        self._allow_no_sandbox = allow_no_sandbox
        self._start_timeout_s = start_timeout_s
        self._clock = clock or SystemClock()
        self._cdp: Cdp | None = None
        self._page: CdpSession | None = None
        self._stats: BrowserStats | None = None

    async def __aenter__(self) -> Self:
        try:
            await self._start()
        except BaseException:
            await asyncio.shield(self._stop())
            raise
        log.info("a browser has started", pid=self.pid, cdp_s=self.stats.cdp_s, page_s=self.stats.page_s)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await asyncio.shield(self._stop())

    @property
    def cdp(self) -> Cdp:
        return _started(self._cdp)

    @property
    def page(self) -> CdpSession:
        """A session with the first page."""
        return _started(self._page)

    @property
    def stats(self) -> BrowserStats:
        return _started(self._stats)

    @property
    def pid(self) -> int:
        """Chromium's main process."""
        return self._jail.pid

    @property
    def confinement(self) -> Confinement:
        """What it is locked into."""
        return self._jail.confinement

    @property
    def closed(self) -> asyncio.Future[BrowserExit]:
        """Done when the browser has ended, whatever ended it."""
        return self._jail.exited

    @property
    def stderr_tail(self) -> list[str]:
        """The last lines that it wrote, for a diagnosis."""
        return self._jail.stderr_tail

    async def new_page(self, url: str = "about:blank") -> CdpSession:
        """A session with a further page. Raises CdpError, CdpTimeout, BrowserGone."""
        made = await self.cdp.call("Target.createTarget", {"url": url})
        return await self.cdp.attach(str(made["targetId"]))

    async def _start(self) -> None:
        sandboxed = self._sandboxed()
        try:
            profile = await asyncio.to_thread(make_profile, self._jail)
        except OSError as error:
            raise JailFailed(f"the browser's profile cannot be written: {error}") from error
        begun_s = self._clock.monotonic_s()
        try:
            async with asyncio.timeout(self._start_timeout_s):
                self._cdp = await self._executed(profile, sandboxed=sandboxed)
                await self._cdp.call("Browser.getVersion", timeout_s=self._start_timeout_s)
                answered_s = self._clock.monotonic_s()
                await self._cdp.call("Browser.setDownloadBehavior", {"behavior": "deny"})
                self._page = await first_page(self._cdp, self._size_px)
        except TimeoutError:
            raise BrowserNotStarted(f"the browser did not start within {self._start_timeout_s:g} s") from None
        except (BrowserGone, CdpError) as error:
            raise await self._failure(error) from error
        self._stats = BrowserStats(answered_s - begun_s, self._clock.monotonic_s() - begun_s)

    def _sandboxed(self) -> bool:
        """Whether Chromium is started with its sandbox. Raises NoSandbox."""
        match self.confinement.sandbox:
            case Sandbox.NAMESPACES | Sandbox.HELPER:
                return True
            case Sandbox.UNKNOWN:
                return not self._allow_no_sandbox
            case _ if self._allow_no_sandbox:
                log.warning("a page is opened without the browser's sandbox", **self.confinement.described())
                return False
            case _:
                raise _no_sandbox()

    async def _executed(self, profile: Profile, *, sandboxed: bool) -> Cdp:
        width_px, height_px = self._size_px
        arguments = flags(
            user_data=profile.user_data,
            width_px=width_px,
            height_px=height_px,
            proxy_port=self._jail.listener.getsockname()[1],
            key_pins=self._key_pins,
            desktop=self._desktop,
            sandboxed=sandboxed,
            more=self._more_flags,
        )
        environ = environment(self._jail.profile, profile.temporary, self._desktop)
        commands_read, commands_write = os.pipe()
        answers_read, answers_write = os.pipe()
        try:
            self._jail.start([*arguments, "about:blank"], environ, commands_read, answers_write)
            return await Cdp.open(os.dup(answers_read), os.dup(commands_write))
        finally:
            for fd in (commands_read, commands_write, answers_read, answers_write):
                os.close(fd)

    async def _failure(self, error: BrowserError) -> BrowserError:
        """What a failed start is to be called."""
        # All that it wrote is there only then.
        await self._jail.stop()
        if isinstance(error, BrowserGone):
            ended = await self.closed
            if any(text in line for text in _NO_SANDBOX for line in self._jail.stderr_tail):
                return _no_sandbox()
            return BrowserNotStarted(f"the browser ended at once: {ended}", stderr=self._last_line())
        return BrowserNotStarted(f"the browser cannot be used: {error.message}", stderr=self._last_line())

    def _last_line(self) -> str:
        return self._jail.stderr_tail[-1] if self._jail.stderr_tail else ""

    async def _stop(self) -> None:
        if self._cdp is not None and self._page is not None:
            with suppress(BrowserError, TimeoutError):
                async with asyncio.timeout(_CLOSE_TIMEOUT_S):
                    await self._cdp.call("Browser.close")
                    await asyncio.shield(self.closed)
        await self._jail.stop()
        if self._cdp is not None:
            self._cdp.close()


def _no_sandbox() -> NoSandbox:
    return NoSandbox(
        "Chromium's sandbox does not work on this machine. Let the worker start browsers as another user than root and "
        "allow unprivileged user namespaces (sysctl kernel.unprivileged_userns_clone=1, "
        "kernel.apparmor_restrict_unprivileged_userns=0, a container's seccomp profile that lets clone and unshare "
        "pass), or install chromium-sandbox"
    )


def _started(part: _Part | None) -> _Part:
    if part is None:
        raise RuntimeError("the browser was not started")
    return part
