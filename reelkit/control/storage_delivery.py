"""A recording's way to the caller's own storage, as callers see it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from reelkit.control.config_secrets import readable_storage
from reelkit.control.storage_config import StorageConfig
from reelkit.control.vault import Vault
from reelkit.db.deliveries import DeliveryRow
from reelkit.publish.storage.targets import Target, target_from_json, target_to_json


class DeliveryState(StrEnum):
    WAITING = "WAITING"
    """Nothing is sent yet."""
    UPLOADING = "UPLOADING"
    """Also while a storage that is down is waited for."""
    UPLOADED = "UPLOADED"
    """The storage has everything."""
    FAILED = "FAILED"
    """It was given up; what there is of files lies in the hosted bucket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StorageDelivery:
    """Where the files of one recording go, and how far they are."""

    recording_id: str
    storage: Mapping[str, Any]
    """What of the storage_config may be shown."""
    label: str
    """The same in a word, such as ``s3://films/2026``."""
    bucket_enabled: bool
    """Whether the hosted bucket keeps its copy after the upload."""
    state: DeliveryState
    attempts: int
    error: str | None
    """What went wrong last; None once it goes on."""
    next_try_at: datetime | None
    """While the storage is being waited for."""
    sent_bytes: int
    total_bytes: int | None
    """None before all files are finished."""
    files_at: datetime | None
    """When they were: they are in the hosted bucket since then."""
    flawed: bool
    """The files are not all that was asked for: the recording is ERRORED even when they are delivered."""
    earlier_error: str | None
    """What the recording's ``error`` says of everything but the upload."""

    @classmethod
    def of(cls, row: DeliveryRow) -> Self:
        return cls(
            recording_id=row.recording_id,
            storage=row.storage,
            label=row.label,
            bucket_enabled=row.bucket_enabled,
            state=DeliveryState(row.state),
            attempts=row.attempts,
            error=row.error,
            next_try_at=row.next_try_at,
            sent_bytes=row.sent_bytes,
            total_bytes=row.total_bytes,
            files_at=row.files_at,
            flawed=row.flawed,
            earlier_error=row.earlier_error,
        )


def delivery_row(recording_id: str, storage: StorageConfig, vault: Vault, *, bucket_enabled: bool) -> DeliveryRow:
    """A new delivery: what opens the storage is encrypted."""
    target = storage.target()
    return DeliveryRow(
        recording_id=recording_id,
        storage=readable_storage(storage),
        target=sealed_target(target, vault, recording_id),
        label=target.label,
        bucket_enabled=bucket_enabled,
        state=DeliveryState.WAITING.value,
        attempts=0,
        sent_bytes=0,
        flawed=False,
    )


def sealed_target(target: Target, vault: Vault, recording_id: str) -> str:
    return vault.seal(target_to_json(target), delivery_purpose(recording_id))


def opened_target(sealed: str, vault: Vault, recording_id: str) -> Target:
    """Raises Sealed."""
    return target_from_json(vault.unseal(sealed, delivery_purpose(recording_id)))


def delivery_purpose(recording_id: str) -> str:
    """What a delivery's target is sealed for."""
    return f"delivery:{recording_id}"
