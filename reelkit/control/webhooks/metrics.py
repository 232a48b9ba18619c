"""What Prometheus sees of webhooks."""

from collections.abc import Callable, Iterable

from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

# From a receiver in the same data centre to the deadline of a request.
_LATENCY_BUCKETS_S = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class WebhookMetrics:
    """Events on their way: how many, how fast, and how long the oldest has been waiting."""

    def __init__(self, registry: CollectorRegistry, time_s: Callable[[], float]) -> None:
        self.queued = Counter(
            "reelkit_webhook_queued", "Events queued, one for each webhook.", ("event",), registry=registry
        )
        self.delivered = Counter(
            "reelkit_webhook_delivered", "Events that a webhook took.", ("event",), registry=registry
        )
        self.failed = Counter(
            "reelkit_webhook_failed",
            "Events that a webhook refused or did not take in time.",
            ("event",),
            registry=registry,
        )
        self.retried = Counter("reelkit_webhook_retried", "Requests that failed and are made again.", registry=registry)
        self.latency_s = Histogram(
            "reelkit_webhook_request_duration_seconds",
            "From the request to the end of its answer, or to its failure.",
            buckets=_LATENCY_BUCKETS_S,
            registry=registry,
        )
        self._backlog = _Backlog(time_s)
        registry.register(self._backlog)

    def backlog(self, count: int, oldest_s: float | None) -> None:
        """What is pending; ``oldest_s`` is when the oldest of it came about."""
        self._backlog.count, self._backlog.oldest_s = count, oldest_s


class _Backlog(Collector):
    def __init__(self, time_s: Callable[[], float]) -> None:
        self.count = 0
        self.oldest_s: float | None = None
        self._time_s = time_s

    def collect(self) -> Iterable[Metric]:
        age_s = 0.0 if self.oldest_s is None else max(0.0, self._time_s() - self.oldest_s)
        return (
            GaugeMetricFamily(
                "reelkit_webhook_pending", "Events that enabled webhooks have not taken yet.", value=self.count
            ),
            GaugeMetricFamily("reelkit_webhook_oldest_pending_seconds", "Age of the oldest of them.", value=age_s),
        )
