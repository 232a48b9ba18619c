"""Which pages may be recorded, and how many at once."""

import asyncio
import os
import socket

from reelkit.control.errors import Invalid, Unavailable, Unsupported
from reelkit.control.page_plan import PAGE_FIELD, PagePlan
from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.settings import PageSettings

_RESOLVE_TIMEOUT_S = 2.0


class Place:
    """Of one page among those that are recorded at once. Release it with the recording's end; again does no harm."""

    def __init__(self, taken: set["Place"]) -> None:
        self._taken = taken
        taken.add(self)

    def release(self) -> None:
        """Somebody else may have it."""
        self._taken.discard(self)


class PageAdmission:
    """The operator's limits. A page cannot wait: one that finds no place is refused."""

    def __init__(self, settings: PageSettings, guard: EgressGuard) -> None:
        self._settings = settings
        self._guard = guard
        self._limit = default_limit() if settings.max_live is None else settings.max_live
        self._taken: set[Place] = set()

    def require(self) -> None:
        """Raises Unsupported where pages are not recorded at all, Unavailable when none can be now."""
        if self._limit == 0:
            raise Unsupported(
                f"{PAGE_FIELD}: recording pages is switched off on this server (page.max_live)", field=PAGE_FIELD
            )
        if len(self._taken) >= self._limit:
            raise Unavailable(
                f"{PAGE_FIELD}: as many pages are being recorded as this server may at once (page.max_live, "
                f"{self._limit}): try again when one has ended"
            )
        if not os.access(self._settings.chromium_binary, os.X_OK):
            raise Unavailable(
                f"{PAGE_FIELD}: pages are recorded with Chromium, and {self._settings.chromium_binary} is no program "
                "of this server: install it, or let page.chromium_binary name it"
            )

    async def check(self, page: PagePlan) -> None:
        """Raises Invalid for a page that the operator does not let callers have opened, or that is nowhere; Unavailable
        when that is not known in time."""
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
                await self._guard.addresses(page.host, page.port)
        except FetchFailed as error:
            if _may_pass(error.__cause__):
                raise Unavailable(f"{PAGE_FIELD}: the host's name cannot be resolved now") from error
            raise Invalid(f"{PAGE_FIELD}: {error.message}", field=PAGE_FIELD) from error
        except EgressRefused as error:
            raise Invalid(f"{PAGE_FIELD}: {error.message}", field=PAGE_FIELD) from error
        except TimeoutError as error:
            raise Unavailable(
                f"{PAGE_FIELD}: the host's name was not resolved within {_RESOLVE_TIMEOUT_S:g} s"
            ) from error

    def take(self) -> Place:
        """Raises what :meth:`require` raises."""
        self.require()
        return Place(self._taken)


def _may_pass(error: BaseException | None) -> bool:
    """Whether it is the name server that failed, and not the name."""
    return isinstance(error, socket.gaierror) and error.errno == socket.EAI_AGAIN


def default_limit() -> int:
    """A browser that shows a meeting, and an encoder that follows it, have a processor's worth of work."""
    return len(os.sched_getaffinity(0))
