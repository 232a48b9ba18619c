"""Where the files of a recording are, and are going, as it is sent."""

from typing import Literal, Self

from pydantic import Field

from reelkit.api.envelope import Absent, Timestamp, WireModel
from reelkit.control.hosted import BucketState
from reelkit.control.storage_delivery import DeliveryState, StorageDelivery


class StorageWire(WireModel):
    """A storage_config as it may be shown: credentials are write-only."""

    type: Literal["aws", "digitalocean", "cloudflare", "azure", "gcs", "sftp"]
    bucket: Absent[str] = None
    path: Absent[str] = None
    region: Absent[str] = None
    account_id: Absent[str] = None
    host: Absent[str] = None
    port: Absent[int] = None
    username: Absent[str] = None
    auth_method: Absent[Literal["KEY", "PASSWORD"]] = None


class DestinationWire(WireModel):
    """How far the delivery to the caller's own storage is."""

    type: str
    label: str = Field(description="The place, such as s3://films/2026.")
    state: DeliveryState = Field(
        description="WAITING: nothing is sent yet; UPLOADING: also while the recording goes on, and while storage that "
        "is down is waited for; UPLOADED: it has everything; FAILED: given up, what there is lies in the hosted bucket."
    )
    sent_bytes: int
    total_bytes: Absent[int] = Field(None, description="Known once all files are finished.")
    attempts: int = Field(description="0 before it has begun, then 1 and one more for each failure.")
    error: Absent[str] = Field(None, description="What went wrong last, until it goes on.")
    next_try_time: Absent[Timestamp] = Field(None, description="While the storage is waited for.")

    @classmethod
    def of(cls, delivery: StorageDelivery) -> Self:
        return cls(
            type=str(delivery.storage.get("type")),
            label=delivery.label,
            state=delivery.state,
            sent_bytes=delivery.sent_bytes,
            total_bytes=delivery.total_bytes,
            attempts=delivery.attempts,
            error=delivery.error,
            next_try_time=delivery.next_try_at,
        )


class BucketWire(WireModel):
    """The copy in the hosted bucket, which the download URLs lead to."""

    state: BucketState = Field(
        description="NONE: there is none, or not yet; STORED; EXPIRED; REMOVED: deleted when the caller's own storage "
        "had everything, because realtimekit_bucket_config said so."
    )
