"""The live streams of recordings, as far as the server knows of them."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterable, Iterator

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reelkit.clock import Clock
from reelkit.control.errors import Invalid
from reelkit.control.recording import RUNNING, Recording, RecordingStatus
from reelkit.control.stream_plan import STREAM_FIELD
from reelkit.egress.errors import EgressRefused, FetchFailed
from reelkit.egress.guard import EgressGuard
from reelkit.fleet.base import Fleet, JobProgress
from reelkit.publish.rtmp.spec import StreamSpec
from reelkit.publish.rtmp.status import StreamState, StreamStatus
from reelkit.publish.rtmp.url import RtmpUrl

log = structlog.get_logger(__name__)

_REMEMBERED = 1_000
"""Of so many recordings it is known how their streams went, until the server ends."""
_RESOLVE_TIMEOUT_S = 2.0
_ENDED = frozenset({RecordingStatus.UPLOADED, RecordingStatus.ERRORED})


class Streams:
    """Hears from the workers how their streams do."""

    def __init__(self, fleet: Fleet, clock: Clock, guard: EgressGuard, registry: CollectorRegistry) -> None:
        self._fleet = fleet
        self._clock = clock
        self._guard = guard
        self._known: OrderedDict[str, tuple[StreamStatus, StreamStatus | None]] = OrderedDict()
        """What the present worker told last, and the sum of what earlier ones of the same recording did."""
        fleet.on_progress(self._progressed)
        registry.register(_Metrics(self))

    async def check(self, spec: StreamSpec) -> None:
        """Raises Invalid if the operator does not let callers stream to this address. A name that cannot be resolved
        now may be later."""
        url = RtmpUrl.parse(spec.url.get_secret_value())
        try:
            async with asyncio.timeout(_RESOLVE_TIMEOUT_S):
                await self._guard.addresses(url.host, url.port)
        except EgressRefused as error:
            raise Invalid(f"{STREAM_FIELD}: {error.message}", field=STREAM_FIELD) from error
        except (FetchFailed, TimeoutError) as error:
            log.warning("the server of a stream is not known now", target=url.target, reason=str(error))

    def of(self, recording: Recording) -> StreamStatus | None:
        """How the stream of a recording does; None if none was asked for."""
        target = recording.stream_target
        if target is None:
            return None
        known = self._status(recording.id)
        if known is not None and (recording.status not in _ENDED or known.state is StreamState.ENDED):
            return known
        ended = recording.status not in RUNNING
        since = recording.stopped_at if ended else recording.started_at
        plain = known or StreamStatus(state=StreamState.CONNECTING, target=target, since_s=0.0)
        return plain.model_copy(
            update={
                "state": StreamState.ENDED if ended else StreamState.CONNECTING,
                "since_s": (since or recording.invoked_at).timestamp(),
            }
        )

    def running(self) -> Iterator[tuple[str, StreamStatus]]:
        """The streams of jobs that run, by recording."""
        for recording_id in self._fleet.statuses():
            status = self._status(recording_id)
            if status is not None:
                yield recording_id, status

    def _progressed(self, recording_id: str, progress: JobProgress) -> None:
        told = progress.stream
        if told is None:
            return
        last, before = self._known.pop(recording_id, (told, None))
        if told.sent_bytes < last.sent_bytes:
            # Another worker has taken over, over a connection of its own.
            before = _sum(last, before).model_copy(update={"reconnects": _sum(last, before).reconnects + 1})
        self._known[recording_id] = (told, before)
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)

    def _status(self, recording_id: str) -> StreamStatus | None:
        known = self._known.get(recording_id)
        return None if known is None else _sum(*known)


def _sum(now: StreamStatus, before: StreamStatus | None) -> StreamStatus:
    if before is None:
        return now
    counts = ("dropped_gops", "reconnects", "sent_bytes")
    return now.model_copy(update={name: getattr(now, name) + getattr(before, name) for name in counts})


class _Metrics(Collector):
    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def collect(self) -> Iterable[Metric]:
        labels = ("recording_id",)
        states = GaugeMetricFamily("reelkit_streams", "Live streams by state.", labels=("state",))
        reconnects = CounterMetricFamily("reelkit_stream_reconnects", "New connections of a stream.", labels=labels)
        dropped = CounterMetricFamily(
            "reelkit_stream_dropped_gops", "Groups of pictures that a stream left out.", labels=labels
        )
        sent = CounterMetricFamily("reelkit_stream_sent_bytes", "What a stream has sent.", labels=labels)
        running = list(self._streams.running())
        for state in StreamState:
            states.add_metric((state.value,), sum(status.state is state for _, status in running))
        for recording_id, status in running:
            reconnects.add_metric((recording_id,), status.reconnects)
            dropped.add_metric((recording_id,), status.dropped_gops)
            sent.add_metric((recording_id,), status.sent_bytes)
        return (states, reconnects, dropped, sent)
