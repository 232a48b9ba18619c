"""Which files of a recording go to the caller's own storage, and in which order."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from reelkit.control.hosted import HostedChanges
from reelkit.control.recording import Recording
from reelkit.db.deliveries import DeliveryFileRow
from reelkit.fleet.base import JobOutcome
from reelkit.publish.delivered import DeliveredFile, DeliveredKind


@dataclass(frozen=True, slots=True)
class FileToSend:
    """A finished file in the hosted bucket."""

    name: str
    content_type: str
    size_bytes: int
    sha256: str
    head_bytes: int = 0
    """How many bytes at its beginning were written last; the rest may have been sent while it grew."""
    blocks: tuple[str, ...] = ()
    """SHA-256 of each block of the data behind the head; empty if unknown."""
    sent: bool = False
    """Whether the storage has all of it."""

    @classmethod
    def of(cls, row: DeliveryFileRow) -> Self:
        """A row of a finished file."""
        return cls(
            name=row.name,
            content_type=row.content_type,
            size_bytes=row.size_bytes or 0,
            sha256=row.sha256 or "",
            head_bytes=row.head_bytes,
            blocks=tuple(row.blocks or ()),
            sent=row.sent_at is not None,
        )


def files_to_send(recording: Recording, outcome: JobOutcome, stored: HostedChanges) -> tuple[FileToSend, ...]:
    """What of a job's files was stored: the main file, the sound, and the others. The integrity record follows them."""
    return tuple(_files(recording, outcome, stored))


def name_of(recording: Recording, kind: DeliveredKind) -> str | None:
    """What the file of a kind that grows is called; None if it is not delivered."""
    if kind == "audio":
        return recording.audio_file_name
    is_main = recording.output_file_name != recording.audio_file_name and (kind == "hls") == _is_archive(recording)
    return recording.output_file_name if is_main and kind in {"hls", "video"} else None


def _is_archive(recording: Recording) -> bool:
    return recording.output_file_name.endswith(".tar.gz")


def _files(recording: Recording, outcome: JobOutcome, stored: HostedChanges) -> Iterator[FileToSend]:
    made: Mapping[str | None, DeliveredFile] = {
        name_of(recording, file.kind): file for file in outcome.files if file.name is None
    }
    main, sound = made.get(recording.output_file_name), made.get(recording.audio_file_name)
    if main is not None and "file_size_bytes" in stored:
        yield _to_send(recording.output_file_name, main, stored["file_size_bytes"], stored["sha256"])
    if sound is not None and sound is not main and recording.audio_file_name and "audio_size_bytes" in stored:
        yield _to_send(recording.audio_file_name, sound, stored["audio_size_bytes"], stored["audio_sha256"])
    for extra in stored.get("files", []):
        yield FileToSend(extra.name, extra.content_type, extra.size_bytes, extra.sha256)


def _to_send(name: str, file: DeliveredFile, size_bytes: int, sha256: str) -> FileToSend:
    return FileToSend(name, file.content_type, size_bytes, sha256, file.head_bytes, file.blocks_sha256)
