"""What control shows to Prometheus."""

from collections.abc import Callable, Iterable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from reelkit.control.recording import RecordingStatus
from reelkit.control.rendering import Rendering, RenderingState

# The promise is 0.3 s from the call to the first captured media.
_START_BUCKETS_S = (0.025, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0, 2.5, 5.0)
# The promise is 3 s from the stop to the delivered film, whatever its length.
_DELIVERY_BUCKETS_S = (0.5, 1.0, 1.5, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0)

Films = Callable[[], Mapping[str, Rendering]]


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

        self.reclaimed_bytes = Counter(
            "reelkit_capture_reclaimed_bytes",
            "Disk space of captures that was given back while they were recorded.",
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

    def gone(self, status: RecordingStatus) -> None:
        """One recording was erased."""
        self.recordings.labels(status.value).dec()

    def watch_renderers(self, films: Films) -> None:
        """Shows how far films are and what their renderers take, read whenever the metrics are."""
        self._registry.register(_Renderers(films))


class _Renderers(Collector):
    def __init__(self, films: Films) -> None:
        self._films = films

    def collect(self) -> Iterable[Metric]:
        labels = ("recording_id",)
        lag = GaugeMetricFamily(
            "reelkit_renderer_lag_seconds", "How far a film is behind its recording.", labels=labels
        )
        memory = GaugeMetricFamily("reelkit_renderer_memory_bytes", "Resident memory of a renderer.", labels=labels)
        jobs = GaugeMetricFamily("reelkit_render_jobs", "Films that are being made, by state.", labels=("state",))
        films = self._films()
        for recording_id, film in films.items():
            lag.add_metric((recording_id,), film.lag_s)
            if film.rss_bytes is not None:
                memory.add_metric((recording_id,), film.rss_bytes)
        for state in RenderingState:
            jobs.add_metric((state.value,), sum(film.state is state for film in films.values()))
        greatest_s = max((film.lag_s for film in films.values()), default=0.0)
        most = GaugeMetricFamily("reelkit_renderer_lag_max_seconds", "The greatest lag of all films.", value=greatest_s)
        return (lag, most, memory, jobs)
