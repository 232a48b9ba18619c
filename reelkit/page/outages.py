"""When a page that is recorded was not there."""

import math
import threading
from collections.abc import Iterable
from typing import Any

from pydantic import BaseModel, ConfigDict

from reelkit.render.report import Outage
from reelkit.render.timeline import Timeline

_LEAST_S = 0.1
"""A shorter gap is seen and heard by nobody."""
_MOST = 100
_NOT_YET = "the page was not ready to be recorded"
_RENDERER_ENDED = "the renderer ended, and another opened the page anew"


class _Gap(BaseModel):
    """In wall-clock time."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    start_s: float | None
    """None for one that has no beginning."""
    end_s: float | None = None
    """None as long as it lasts."""
    reason: str


class _State(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")

    gaps: tuple[_Gap, ...] = ()


class Outages:
    """The gaps in the presence of one page. One thread tells of them, another asks.

    At first the page is not there.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._earlier: tuple[_Gap, ...] = ()
        """Those that another renderer has noted."""
        self._gaps: list[_Gap] = [_Gap(start_s=None, reason=_NOT_YET)]

    def begin(self, wall_s: float, reason: str) -> None:
        """The page is not there any more. Does nothing if it was not there before."""
        with self._lock:
            if self._gaps[-1].end_s is not None and len(self._gaps) < _MOST:
                self._gaps.append(_Gap(start_s=wall_s, reason=reason))

    def end(self, wall_s: float) -> None:
        """The page is there."""
        with self._lock:
            if self._gaps[-1].end_s is None:
                self._gaps[-1] = self._gaps[-1].model_copy(update={"end_s": wall_s})

    def within(self, timeline: Timeline) -> list[Outage]:
        """What a film lacks, of what is known to be its own: gaps in recorded stretches, also one that lasts."""
        found = []
        for gap in self._all():
            for stretch in timeline.stretches:
                start_s = stretch.start_s if gap.start_s is None else max(gap.start_s, stretch.start_s)
                end_s = min((each for each in (gap.end_s, stretch.end_s) if each is not None), default=start_s)
                if end_s - start_s >= _LEAST_S:
                    found.append(Outage(wall_s=start_s, length_s=round(end_s - start_s, 3), reason=gap.reason))
        return found

    def state(self) -> dict[str, Any]:
        """JSON-able."""
        return _State(gaps=tuple(self._all())).model_dump(mode="json")

    def restore(self, state: dict[str, Any], wall_s: float) -> None:
        """Goes on with what another renderer has noted, which ended after ``wall_s``: from then on the page was not
        there until it came here. Raises pydantic.ValidationError."""
        gaps = _State.model_validate(state).gaps
        ended = tuple(gap if gap.end_s is not None else gap.model_copy(update={"end_s": wall_s}) for gap in gaps)
        with self._lock:
            self._earlier = ended[-_MOST:]
            start_s = max(wall_s, max((gap.end_s or -math.inf for gap in ended), default=wall_s))
            self._gaps[0] = self._gaps[0].model_copy(update={"start_s": start_s, "reason": _RENDERER_ENDED})

    def _all(self) -> Iterable[_Gap]:
        with self._lock:
            return (*self._earlier, *self._gaps)
