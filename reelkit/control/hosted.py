"""What recordings and films made again from them have in common: their files in the hosted bucket."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, TypedDict

from reelkit.db.hosted import HostedColumns
from reelkit.db.recordings import RecordingRow
from reelkit.db.renders import RenderRow
from reelkit.publish.delivered import DeliveredKind

_MS_PER_S = 1_000


class BucketState(StrEnum):
    """Where the hosted copy of something is."""

    NONE = "NONE"
    """There is none, or not yet."""
    STORED = "STORED"
    EXPIRED = "EXPIRED"
    """Its time is over: links are refused, and the files are deleted within minutes."""
    REMOVED = "REMOVED"
    """It was deleted before its time, because the caller's own storage has everything."""


@dataclass(frozen=True, slots=True)
class StoredExtra:
    """A file in the bucket beside the main one, the sound and the integrity record."""

    name: str
    kind: DeliveredKind
    content_type: str
    size_bytes: int
    sha256: str
    layer: str | None = None
    """Of a track: the group that it belongs to."""
    custom_participant_id: str | None = None
    """Of a track: what its participant is called by the application."""


class HostedChanges(TypedDict, total=False):
    """What becomes known when files are delivered, or cannot be."""

    uploaded_at: datetime
    duration_ms: int
    file_size_bytes: int
    sha256: str
    audio_size_bytes: int
    audio_sha256: str
    integrity: dict[str, Any]
    integrity_sha256: str
    download_expires_at: datetime | None
    file_removed_at: datetime
    files: list[StoredExtra]
    """Rows of their own, not a column."""
    notes: list[str]
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Hosted:
    """Something whose files are in the bucket, or will be, below ``app_id`` and ``id``."""

    id: str
    app_id: str
    output_file_name: str
    """The main file: the film, or the sound where there is no film."""
    audio_file_name: str | None
    """The file of the sound, if there is to be one; where there is no film it is the main one."""
    uploaded_at: datetime | None
    duration_ms: int | None
    """Recorded time without pauses; once there is a file, its exact length."""
    file_size_bytes: int | None
    """Of the main file; None as long as there is none."""
    sha256: str | None
    """Of the main file, in hexadecimal."""
    audio_size_bytes: int | None
    audio_sha256: str | None
    integrity_sha256: str | None
    """Of the file of the integrity record; None without one."""
    download_expires_at: datetime | None
    """When the hosted files are deleted; None without any."""
    file_removed_at: datetime | None
    """When they were deleted."""
    notes: tuple[str, ...]
    """What is otherwise than asked for, in sentences for the caller."""
    error: str | None
    """Why it ended other than asked, in a sentence; also where a part could be delivered."""

    @property
    def integrity_file_name(self) -> str:
        """The name of the integrity record's file."""
        return _record_name(self.output_file_name)

    @property
    def hosted_names(self) -> tuple[str, ...]:
        """The names that its files have, as far as every kind of recording has them."""
        return _names(self.output_file_name, self.audio_file_name)

    @property
    def extras(self) -> tuple[StoredExtra, ...]:
        """Files that only some kinds of recordings have, other than tracks."""
        return ()

    def bucket_state(self, now: datetime) -> BucketState:
        """Where its hosted files are."""
        expires_at, removed_at = self.download_expires_at, self.file_removed_at
        if removed_at is not None and (expires_at is None or removed_at < expires_at):
            return BucketState.REMOVED
        if expires_at is None:
            return BucketState.NONE
        return BucketState.EXPIRED if removed_at is not None or expires_at <= now else BucketState.STORED

    @property
    def recording_duration_s(self) -> int | None:
        """``duration_ms`` in whole seconds, rounded."""
        return None if self.duration_ms is None else (self.duration_ms + _MS_PER_S // 2) // _MS_PER_S

    @staticmethod
    def fields_of(row: HostedColumns) -> dict[str, Any]:
        """The arguments that come from a row's hosted columns."""
        return {
            "output_file_name": row.output_file_name,
            "audio_file_name": row.audio_file_name,
            "uploaded_at": row.uploaded_at,
            "duration_ms": row.duration_ms,
            "file_size_bytes": row.file_size_bytes,
            "sha256": row.sha256,
            "audio_size_bytes": row.audio_size_bytes,
            "audio_sha256": row.audio_sha256,
            "integrity_sha256": row.integrity_sha256,
            "download_expires_at": row.download_expires_at,
            "file_removed_at": row.file_removed_at,
            "notes": tuple(row.notes or ()),
            "error": row.error,
        }


def names_of(row: RecordingRow | RenderRow) -> tuple[str, ...]:
    """The names of all files that a row may have in the bucket."""
    extras = [file.name for file in row.files] if isinstance(row, RecordingRow) else []
    return (*_names(row.output_file_name, row.audio_file_name), *extras)


def _names(output_file_name: str, audio_file_name: str | None) -> tuple[str, ...]:
    names = (output_file_name, audio_file_name, _record_name(output_file_name))
    return tuple(dict.fromkeys(name for name in names if name is not None))


def _record_name(output_file_name: str) -> str:
    return f"{output_file_name}.json"
