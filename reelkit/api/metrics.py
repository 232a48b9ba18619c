"""The server's Prometheus metrics, in a registry of their own so that several applications fit into one process."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# From a look-up in SQLite to a start that waits for the SFU.
_LATENCY_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

Sample = Callable[[], float]


class Metrics:
    """What the HTTP layer counts, and gauges that are read when the metrics are."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry or CollectorRegistry()
        self.requests = Counter(
            "reelkit_http_requests", "Answered requests.", ("method", "route", "status"), registry=self.registry
        )
        self.latency_s = Histogram(
            "reelkit_http_request_duration_seconds",
            "From the request's header to the end of its answer.",
            ("method", "route"),
            buckets=_LATENCY_BUCKETS_S,
            registry=self.registry,
        )
        self.limited = Counter(
            "reelkit_http_limited_requests",
            "Requests refused with 429, by limit (recordings, others, connects) and whose (credential, address).",
            ("limit", "of"),
            registry=self.registry,
        )
        self.websockets = Gauge("reelkit_websockets", "Open websockets of meeting clients.", registry=self.registry)
        self._samples = _Samples()
        self.registry.register(self._samples)

    def gauge(self, name: str, documentation: str, sample: Sample) -> None:
        """Adds a gauge whose value is ``sample()`` at each reading."""
        self._samples.gauges.append((name, documentation, sample))

    def text(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)


class _Samples(Collector):
    def __init__(self) -> None:
        self.gauges: list[tuple[str, str, Sample]] = []

    def collect(self) -> Iterable[Metric]:
        for name, documentation, sample in self.gauges:
            yield GaugeMetricFamily(name, documentation, value=sample())
