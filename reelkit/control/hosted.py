"""What recordings and films made again from them have in common: their files in the hosted bucket."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypedDict

from reelkit.db.hosted import HostedColumns

_MS_PER_S = 1_000


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
    download_expires_at: datetime
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
    notes: tuple[str, ...]
    """What is otherwise than asked for, in sentences for the caller."""
    error: str | None
    """Why it ended other than asked, in a sentence; also where a part could be delivered."""

    @property
    def integrity_file_name(self) -> str:
        """The name of the integrity record's file."""
        return f"{self.output_file_name}.json"

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
            "notes": tuple(row.notes or ()),
            "error": row.error,
        }
