"""Where newest-first lists begin: later pages go on where the first one ended, whatever was added meanwhile.

The first page of a list tells when its newest item was made; that time is remembered for a while, and bounds the later
pages of the same list. A caller who wants nothing remembered gives ``end_time`` instead.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import Depends, Request

from reelkit.api.credentials import CREDENTIAL_HEADERS
from reelkit.api.queries import PageQuery
from reelkit.clock import Clock

# Who turns the page later than this has begun anew.
LIFETIME_S = 600.0
# Half a kilobyte each; the list that was turned longest ago is forgotten.
MAX_ANCHORS = 4_096
_PAGE_NO = "page_no"


@dataclass(frozen=True, slots=True)
class _Kept:
    newest_at: datetime
    until_s: float


class ListAnchors:
    """The anchors of all callers, in memory: a server that starts again has forgotten them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: OrderedDict[bytes, _Kept] = OrderedDict()

    def keep(self, key: bytes, newest_at: datetime) -> None:
        """The list of ``key`` begins at ``newest_at`` from now on."""
        self._kept[key] = _Kept(newest_at, self._clock.monotonic_s() + LIFETIME_S)
        self._kept.move_to_end(key)
        while len(self._kept) > MAX_ANCHORS:
            self._kept.popitem(last=False)

    def find(self, key: bytes) -> datetime | None:
        """Where the list of ``key`` begins; None if nobody asked for its first page lately."""
        kept = self._kept.get(key)
        if kept is None or kept.until_s <= self._clock.monotonic_s():
            self._kept.pop(key, None)
            return None
        self.keep(key, kept.newest_at)
        return kept.newest_at

    def forget(self, key: bytes) -> None:
        self._kept.pop(key, None)


class Anchor:
    """Of the list that a request asks for a page of."""

    def __init__(self, anchors: ListAnchors, key: bytes, *, first: bool) -> None:
        self._anchors = anchors
        self._key = key
        self._first = first

    def until(self, end_time: datetime | None = None) -> datetime | None:
        """The latest time at which an item of the page was made: the anchor, or ``end_time`` if that is earlier."""
        bounds = [bound for bound in (end_time, None if self._first else self._anchors.find(self._key)) if bound]
        return min(bounds, default=None)

    def found(self, made_at: Sequence[datetime]) -> None:
        """When the items of the page were made, in their order. Later pages begin where the first one does."""
        if self._first and made_at:
            self._anchors.keep(self._key, made_at[0])
        elif self._first:
            self._anchors.forget(self._key)


def _anchor(request: Request, page: PageQuery) -> Anchor:
    anchors: ListAnchors = request.app.state.list_anchors
    asked = sorted((name, value) for name, value in request.query_params.multi_items() if name != _PAGE_NO)
    who = [request.headers.get(name) for name in CREDENTIAL_HEADERS]
    # As a hash: it is of one size, and no credential stays in memory for it.
    key = hashlib.sha256(repr((who, request.url.path, asked)).encode()).digest()
    return Anchor(anchors, key, first=page.page_no == 1)


ListAnchor = Annotated[Anchor, Depends(_anchor)]
"""For the routes of lists that show the newest first."""
