"""Putting what a job has made into the hosted bucket, and taking it out again."""

import asyncio
import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.hosted import Hosted, HostedChanges, StoredExtra
from reelkit.control.patience import patiently
from reelkit.control.ports import Bucket
from reelkit.durable import is_disk_full, write_durably
from reelkit.fleet.base import JobOutcome
from reelkit.publish.bucket import StoredFile
from reelkit.publish.delivered import DeliveredFile
from reelkit.publish.errors import PublishError, StorageError
from reelkit.publish.proof.record import stored_as
from reelkit.publish.storage.errors import DestinationError
from reelkit.publish.tracks.record import stored_track

log = structlog.get_logger(__name__)

_MS_PER_S = 1_000
_INTEGRITY_CONTENT_TYPE = "application/json"
# A bucket elsewhere that refuses is the operator's to mend: the files wait for it, asked again ever more rarely.
_FIRST_RETRY_S = 5.0
_LAST_RETRY_S = 60.0


class Hosting:
    """Keeps the files of recordings, and of films made again, for a limited time."""

    def __init__(self, bucket: Bucket, clock: Clock, url_lifetime_s: int) -> None:
        self._bucket = bucket
        self._clock = clock
        self._url_lifetime_s = url_lifetime_s

    async def store(self, item: Hosted, outcome: JobOutcome) -> HostedChanges:
        """Takes the job's files and its integrity record into the bucket; returns what is known of them then.

        The job has at least one file. Waits for space on a full disk, and for a bucket elsewhere that is down or
        refuses. Raises PublishError and OSError if nothing can be stored; where only a further file cannot, ``error``
        of what is returned says so.
        """
        stored: dict[str, StoredFile] = {}

        async def attempt() -> HostedChanges:
            return await _Attempt(self._bucket, item, outcome, stored).run()

        retry_s = _FIRST_RETRY_S
        while True:
            try:
                changes = await patiently(self._clock, "the delivery of finished files", attempt, id=item.id)
            except DestinationError as error:
                log.error("the hosted bucket is waited for", id=item.id, reason=error.message)  # noqa: TRY400
                await self._clock.sleep(retry_s)
                retry_s = min(2 * retry_s, _LAST_RETRY_S)
            else:
                changes["uploaded_at"] = utc(self._clock.time_s())
                changes["download_expires_at"] = self.expiry()
                return changes

    def expiry(self) -> datetime:
        """When files end that are offered from now on."""
        return utc(self._clock.time_s() + self._url_lifetime_s)

    async def local(self, item: Hosted, name: str) -> Path:
        """Where a hosted file can be read on this machine, for an upload elsewhere, until :meth:`release` or
        :meth:`remove`. Raises FileNotFoundError, PublishError, OSError."""
        return await self._bucket.local(item.app_id, item.id, name)

    async def release(self, item: Hosted) -> None:
        """Nothing of ``item`` is read on this machine any more."""
        await self._bucket.release(item.app_id, item.id)

    async def remove(self, item: Hosted, extras: tuple[str, ...] = ()) -> HostedChanges:
        """Deletes the hosted files, also those named ``extras``; returns what is known then, to be stored with it.

        Doing it again does no harm. Raises PublishError.
        """
        await self._bucket.delete(item.app_id, item.id, (*item.hosted_names, *extras))
        return HostedChanges(file_removed_at=utc(self._clock.time_s()))


def delivery_problem(outcome: JobOutcome, changes: HostedChanges) -> str | None:
    """What is wrong with a job's files that were stored, in a sentence; None if they are what was asked for."""
    if outcome.error is not None:
        return f"the film is not whole: {outcome.error}"
    return changes.get("error")


class _Attempt:
    """One try to store everything."""

    def __init__(self, bucket: Bucket, item: Hosted, outcome: JobOutcome, stored: dict[str, StoredFile]) -> None:
        """``stored`` are the files, by name, that an earlier attempt has stored."""
        self._bucket = bucket
        self._item = item
        self._outcome = outcome
        self._stored = stored
        self._integrity = outcome.integrity
        self._changes = HostedChanges(duration_ms=round(outcome.duration_s * _MS_PER_S))

    async def run(self) -> HostedChanges:
        item, changes = self._item, self._changes
        main = self._main()
        if main is not None:
            file = await self._put(main, item.output_file_name)
            changes["file_size_bytes"], changes["sha256"] = file.size_bytes, file.sha256
            self._integrity = stored_as(self._integrity, main.kind, file)
        await self._store_sound(main)
        await self._store_extras()
        await self._store_record()
        return changes

    def _unnamed(self) -> Mapping[str, DeliveredFile]:
        return {file.kind: file for file in self._outcome.files if file.name is None}

    def _main(self) -> DeliveredFile | None:
        unnamed = self._unnamed()
        if self._item.output_file_name == self._item.audio_file_name:
            return unnamed.get("audio")
        # An interactive recording is its archive, even if a film was made on the way.
        return unnamed.get("hls") or unnamed.get("video")

    async def _store_sound(self, main: DeliveredFile | None) -> None:
        item, changes = self._item, self._changes
        sound = self._unnamed().get("audio")
        if sound is None or item.audio_file_name is None:
            return
        if sound is main:
            changes["audio_size_bytes"], changes["audio_sha256"] = changes["file_size_bytes"], changes["sha256"]
            return
        file = await self._put_further(sound, item.audio_file_name, "the file of the sound")
        if file is not None:
            changes["audio_size_bytes"], changes["audio_sha256"] = file.size_bytes, file.sha256
            self._integrity = stored_as(self._integrity, sound.kind, file)

    async def _store_extras(self) -> None:
        extras = []
        for each in self._outcome.files:
            if each.name is None:
                continue
            file = await self._put_further(each, each.name, f"the file {each.name}")
            if file is not None:
                self._integrity = stored_track(self._integrity, each.name, file.sha256)
                extras.append(
                    StoredExtra(
                        name=each.name,
                        kind=each.kind,
                        content_type=each.content_type,
                        size_bytes=file.size_bytes,
                        sha256=file.sha256,
                        layer=each.layer,
                        custom_participant_id=each.custom_participant_id,
                    )
                )
        if extras:
            self._changes["files"] = extras

    async def _store_record(self) -> None:
        if self._integrity is None or not self._outcome.files:
            return
        item = self._item
        self._changes["integrity"] = dict(self._integrity)
        try:
            if item.integrity_file_name not in self._stored:
                path = await asyncio.to_thread(_written, self._integrity, self._outcome.files[0])
                self._stored[item.integrity_file_name] = await self._bucket.put(
                    item.app_id, item.id, path, item.integrity_file_name, _INTEGRITY_CONTENT_TYPE
                )
        except (PublishError, OSError, TypeError, ValueError) as error:
            if is_disk_full(error) or isinstance(error, DestinationError):
                raise
            # The films are worth more than what proves them.
            log.error("a record of integrity could not be stored", id=item.id, reason=str(error))  # noqa: TRY400
        else:
            self._changes["integrity_sha256"] = self._stored[item.integrity_file_name].sha256

    async def _put_further(self, source: DeliveredFile, name: str, what: str) -> StoredFile | None:
        """Stores a file that is not worth losing the others for; None if it cannot be stored."""
        try:
            return await self._put(source, name)
        except StorageError as error:
            if not self._stored or is_disk_full(error):
                raise
            log.error("a file could not be stored", id=self._item.id, file=name, reason=str(error))  # noqa: TRY400
            problem = f"{what} could not be stored: {error.message}"
            earlier = self._changes.get("error")
            self._changes["error"] = problem if earlier is None else f"{earlier}; {problem}"
            return None

    async def _put(self, source: DeliveredFile, name: str) -> StoredFile:
        if name not in self._stored:
            item = self._item
            self._stored[name] = await self._bucket.put(item.app_id, item.id, source.path, name, source.content_type)
        return self._stored[name]


def _written(record: Mapping[str, Any], beside: DeliveredFile) -> Path:
    path = beside.path.with_name("integrity.json")
    write_durably(path, json.dumps(record, indent=1, ensure_ascii=False).encode())
    return path
