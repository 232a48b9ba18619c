"""What control shows to Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reelkit.control.recording import RecordingStatus
from reelkit.fleet.base import JobProgress

# The promise is 0.3 s from the call to the first captured media.
_START_BUCKETS_S = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)
# The promise is 3 s from the stop to the delivered film, whatever its length.
_DELIVERY_BUCKETS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)

Progress = Callable[[], Mapping[str, JobProgress]]


class ControlMetrics:
    """Recordings by status, how fast they start and are delivered, and how far the renderers are behind."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._registry = registry
        self.recordings = Gauge("reelkit_recordings", "Recordings by status.", ("status",), registry=registry)
        self.start_s = Histogram(
            "reelkit_recording_start_seconds",
            "From the start call to RECORDING.",
            buckets=_START_BUCKETS_S,
            registry=registry,
        )
        self.delivery_s = Histogram(
            "reelkit_recording_delivery_seconds",
            "From the stop to UPLOADED.",
            buckets=_DELIVERY_BUCKETS_S,
            registry=registry,
        )

    def count(self, counts: Mapping[str, int]) -> None:
        """Sets the recordings by status, as found in the database."""
        for status in RecordingStatus:
            self.recordings.labels(status.value).set(counts.get(status.value, 0))

    def moved(self, before: RecordingStatus | None, after: RecordingStatus) -> None:
        """One recording changed its status; ``before`` is None for a new one."""
        if before is not None:
            self.recordings.labels(before.value).dec()
        self.recordings.labels(after.value).inc()

    def watch_renderers(self, progress: Progress) -> None:
        """Shows the lag and memory of running renderers, by recording, read whenever the metrics are."""
        self._registry.register(_Renderers(progress))


class _Renderers(Collector):
    def __init__(self, progress: Progress) -> None:
        self._progress = progress

    def collect(self) -> Iterable[Metric]:
        labels = ("recording_id",)
        lag = GaugeMetricFamily(
            "reelkit_renderer_lag_seconds", "How far the film is behind the meeting.", labels=labels
        )
        memory = GaugeMetricFamily("reelkit_renderer_memory_bytes", "Resident memory of a renderer.", labels=labels)
        for recording_id, progress in self._progress().items():
            lag.add_metric((recording_id,), progress.lag_s)
            memory.add_metric((recording_id,), progress.rss_bytes)
        return (lag, memory)
