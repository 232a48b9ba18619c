"""What deliveries to callers' own storage show to Prometheus."""

from prometheus_client import CollectorRegistry, Counter, Gauge


class UploadMetrics:
    """``type`` is that of the storage_config."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.running = Gauge(
            "reelkit_uploads_running", "Recordings that are being sent to callers' own storage.", registry=registry
        )
        self.waiting = Gauge(
            "reelkit_uploads_waiting",
            "Those of them whose storage does not answer and is waited for.",
            registry=registry,
        )
        self.sent_bytes = Counter(
            "reelkit_upload_sent_bytes", "Sent to callers' own storage.", ("type",), registry=registry
        )
        self.retries = Counter(
            "reelkit_upload_retries",
            "Calls that a storage did not take, to be tried again.",
            ("type",),
            registry=registry,
        )
        self.failures = Counter(
            "reelkit_upload_failures",
            "Deliveries that ended without success; reason is refused, gave_up or internal.",
            ("type", "reason"),
            registry=registry,
        )
