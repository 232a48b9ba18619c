"""Putting what a job has made into the hosted bucket."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reelkit.clock import Clock, utc
from reelkit.control.hosted import Hosted, HostedChanges
from reelkit.control.ports import Bucket
from reelkit.durable import write_durably
from reelkit.fleet.base import JobOutcome
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.proof.record import stored_as

_MS_PER_S = 1_000


class Hosting:
    """Stores the files of recordings, and of films made again, for a limited time."""

    def __init__(self, bucket: Bucket, clock: Clock, url_lifetime_s: int) -> None:
        self._bucket = bucket
        self._clock = clock
        self._url_lifetime_s = url_lifetime_s

    async def store(self, item: Hosted, outcome: JobOutcome) -> HostedChanges:
        """Moves the job's files and its integrity record into the bucket; returns what is known of them then.

        The job has at least one file. Raises PublishError and OSError; files may be there in part then, under names
        that nobody knows.
        """
        return await asyncio.to_thread(self._store, item, outcome)

    def _store(self, item: Hosted, outcome: JobOutcome) -> HostedChanges:
        changes = HostedChanges(duration_ms=round(outcome.duration_s * _MS_PER_S))
        integrity = outcome.integrity
        by_kind = {file.kind: file for file in outcome.files}
        main = by_kind.get("audio" if item.output_file_name == item.audio_file_name else "video")
        sound = by_kind.get("audio") if item.audio_file_name is not None else None
        if main is not None:
            stored = self._bucket.put(item.app_id, item.id, main.path, item.output_file_name)
            changes["file_size_bytes"], changes["sha256"] = stored.size_bytes, stored.sha256
            integrity = stored_as(integrity, main.kind, stored)
        if sound is not None and sound is main:
            changes["audio_size_bytes"], changes["audio_sha256"] = changes["file_size_bytes"], changes["sha256"]
        elif sound is not None and item.audio_file_name is not None:
            stored = self._bucket.put(item.app_id, item.id, sound.path, item.audio_file_name)
            changes["audio_size_bytes"], changes["audio_sha256"] = stored.size_bytes, stored.sha256
            integrity = stored_as(integrity, sound.kind, stored)
        if integrity is not None:
            record = _written(integrity, outcome.files[0])
            stored = self._bucket.put(item.app_id, item.id, record, item.integrity_file_name)
            changes["integrity"], changes["integrity_sha256"] = dict(integrity), stored.sha256
        now_s = self._clock.time_s()
        changes["uploaded_at"] = utc(now_s)
        changes["download_expires_at"] = utc(now_s + self._url_lifetime_s)
        return changes


def _written(record: Mapping[str, Any], beside: DeliveredFile) -> Path:
    path = beside.path.with_name("integrity.json")
    write_durably(path, json.dumps(record, indent=1, ensure_ascii=False).encode())
    return path
