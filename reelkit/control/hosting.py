"""Putting what a job has made into the hosted bucket."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.hosted import Hosted, HostedChanges
from reelkit.control.patience import patiently
from reelkit.control.ports import Bucket
from reelkit.durable import is_disk_full, write_durably
from reelkit.fleet.base import JobOutcome
from reelkit.publish.bucket import StoredFile
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.errors import StorageError
from reelkit.publish.proof.record import stored_as

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000


class Hosting:
    """Stores the files of recordings, and of films made again, for a limited time."""

    def __init__(self, bucket: Bucket, clock: Clock, url_lifetime_s: int) -> None:
        self._bucket = bucket
        self._clock = clock
        self._url_lifetime_s = url_lifetime_s

    async def store(self, item: Hosted, outcome: JobOutcome) -> HostedChanges:
        """Moves the job's files and its integrity record into the bucket; returns what is known of them then.

        The job has at least one file. Waits for space on a full disk. Raises PublishError and OSError if nothing can be
        stored; where only the second file cannot, ``error`` of what is returned says so.
        """
        stored: dict[str, StoredFile] = {}

        async def attempt() -> HostedChanges:
            return await asyncio.to_thread(self._store, item, outcome, stored)

        return await patiently(self._clock, "the delivery of finished files", attempt, id=item.id)

    def _store(self, item: Hosted, outcome: JobOutcome, stored: dict[str, StoredFile]) -> HostedChanges:
        """``stored`` are the files, by name, that an earlier attempt has moved."""
        changes = HostedChanges(duration_ms=round(outcome.duration_s * _MS_PER_S))
        integrity = outcome.integrity
        by_kind = {file.kind: file for file in outcome.files}
        main = by_kind.get("audio" if item.output_file_name == item.audio_file_name else "video")
        sound = by_kind.get("audio") if item.audio_file_name is not None else None
        if main is not None:
            file = self._put(item, main.path, item.output_file_name, stored)
            changes["file_size_bytes"], changes["sha256"] = file.size_bytes, file.sha256
            integrity = stored_as(integrity, main.kind, file)
        if sound is not None and sound is main:
            changes["audio_size_bytes"], changes["audio_sha256"] = changes["file_size_bytes"], changes["sha256"]
        elif sound is not None and item.audio_file_name is not None:
            try:
                file = self._put(item, sound.path, item.audio_file_name, stored)
            except StorageError as error:
                if main is None or is_disk_full(error):
                    raise
                log.error("the file of the sound could not be stored", id=item.id, reason=str(error))  # noqa: TRY400
                changes["error"] = f"the file of the sound could not be stored: {error.message}"
            else:
                changes["audio_size_bytes"], changes["audio_sha256"] = file.size_bytes, file.sha256
                integrity = stored_as(integrity, sound.kind, file)
        if integrity is not None:
            changes["integrity"] = dict(integrity)
            try:
                file = self._put(item, _written(integrity, outcome.files[0]), item.integrity_file_name, stored)
            except (StorageError, OSError, TypeError, ValueError) as error:
                if is_disk_full(error):
                    raise
                # The films are worth more than what proves them.
                log.error("a record of integrity could not be stored", id=item.id, reason=str(error))  # noqa: TRY400
            else:
                changes["integrity_sha256"] = file.sha256
        now_s = self._clock.time_s()
        changes["uploaded_at"] = utc(now_s)
        changes["download_expires_at"] = utc(now_s + self._url_lifetime_s)
        return changes

    def _put(self, item: Hosted, source: Path, name: str, stored: dict[str, StoredFile]) -> StoredFile:
        if name not in stored:
            stored[name] = self._bucket.put(item.app_id, item.id, source, name)
        return stored[name]


def delivery_problem(outcome: JobOutcome, changes: HostedChanges) -> str | None:
    """What is wrong with a job's files that were stored, in a sentence; None if they are what was asked for."""
    if outcome.error is not None:
        return f"the film is not whole: {outcome.error}"
    return changes.get("error")


def _written(record: Mapping[str, Any], beside: DeliveredFile) -> Path:
    path = beside.path.with_name("integrity.json")
    write_durably(path, json.dumps(record, indent=1, ensure_ascii=False).encode())
    return path
