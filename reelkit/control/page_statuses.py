"""How the pages of recordings stand, as far as the server knows of them."""

from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Literal

from prometheus_client import CollectorRegistry, Counter
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reelkit.control.foreign_text import sentence
from reelkit.control.recording import RUNNING, Recording
from reelkit.fleet.base import Fleet, JobProgress
from reelkit.page.status import PageState, PageStatus

_REMEMBERED = 1_000
"""Of so many recordings it is known how their pages went, until the server ends."""
_OVER = frozenset({PageState.ENDED, PageState.FAILED})

When = Literal["opening", "recording"]
"""Before it was ready to be recorded, or afterwards."""


class PageStatuses:
    """Hears from the workers how their pages do."""

    def __init__(self, fleet: Fleet, registry: CollectorRegistry) -> None:
        self._fleet = fleet
        self._known: OrderedDict[str, tuple[PageStatus, int]] = OrderedDict()
        """What the present worker told last, and how often earlier ones of the same recording had opened the page."""
        self._failures = Counter(
            "reelkit_page_failures", "Pages whose recording ended because of them.", ("when",), registry=registry
        )
        for when in ("opening", "recording"):
            self._failures.labels(when)
        fleet.on_progress(self._progressed)
        registry.register(_Metrics(self))

    def of(self, recording: Recording) -> PageStatus | None:
        """How the page of a recording does; None for a recording of the meeting itself."""
        if recording.page_url is None:
            return None
        known = self._status(recording.id)
        if known is not None and (recording.status in RUNNING or known.state in _OVER):
            return known
        ended = recording.status not in RUNNING
        since = recording.stopped_at if ended else None
        plain = known or PageStatus(state=PageState.OPENING, since_s=0.0)
        return plain.model_copy(
            update={
                "state": PageState.ENDED if ended else PageState.OPENING,
                "since_s": (since or recording.invoked_at).timestamp(),
            }
        )

    def failed(self, when: When) -> None:
        """A recording ended because its page did."""
        self._failures.labels(when).inc()

    def running(self) -> Iterator[PageStatus]:
        """The pages of jobs that run."""
        for recording_id in self._fleet.statuses():
            status = self._status(recording_id)
            if status is not None:
                yield status

    def _progressed(self, recording_id: str, progress: JobProgress) -> None:
        told = progress.page
        if told is None:
            return
        if told.reason is not None:
            told = told.model_copy(update={"reason": sentence(told.reason)})
        last, before = self._known.pop(recording_id, (told, 0))
        begun_anew = told.state is PageState.OPENING and last.state is not PageState.OPENING
        if told.reloads < last.reloads or (begun_anew and told.reloads == last.reloads):
            # Another worker has taken over, with a browser of its own.
            before += last.reloads + 1
        self._known[recording_id] = (told, before)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _status(self, recording_id: str) -> PageStatus | None:
        known = self._known.get(recording_id)
        if known is None:
            return None
        told, before = known
        return told.model_copy(update={"reloads": told.reloads + before})


class _Metrics(Collector):
    def __init__(self, pages: PageStatuses) -> None:
        self._pages = pages

    def collect(self) -> Iterable[Metric]:
        states = GaugeMetricFamily("reelkit_pages", "Pages that browsers show, by state.", labels=("state",))
        running = list(self._pages.running())
        for state in PageState:
            states.add_metric((state.value,), sum(status.state is state for status in running))
        return (states,)
