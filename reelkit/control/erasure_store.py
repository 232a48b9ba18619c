"""Erasures in the database."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from typing import Any

from reelkit.clock import Clock, utc
from reelkit.control.caller import Caller
from reelkit.control.erasure import Removal, Thing, Tombstone
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.hosted import names_of
from reelkit.control.recording import RUNNING, RecordingStatus
from reelkit.control.rerender import RenderStatus
from reelkit.control.storage_delivery import delivery_purpose
from reelkit.control.stored_config import page_url
from reelkit.control.vault import Vault
from reelkit.control.webhooks.events import recording_subject
from reelkit.db import Database
from reelkit.db.deliveries import DeliveryFileRow, DeliveryRepository
from reelkit.db.erasures import ErasureRepository, ErasureRow
from reelkit.db.recordings import RecordingRepository, RecordingRow
from reelkit.db.renders import RenderRepository, RenderRow

# What is left is tried again after a minute, then ever more rarely.
FIRST_RETRY_S = 60.0
_LAST_RETRY_S = 3_600.0


class ErasureStore:
    """Turns recordings into tombstones that say what is still to be removed. Methods raise DatabaseError."""

    def __init__(self, database: Database, clock: Clock, vault: Vault) -> None:
        self._database = database
        self._clock = clock
        self._vault = vault

    async def reseal(self) -> None:
        """Encrypts with the vault's first key what opens the storage of erased recordings and is encrypted with
        another."""
        async with self._database.transaction() as session:
            for row in await ErasureRepository(session).unfinished():
                row.work = [self._resealed(each, delivery_purpose(row.recording_id)) for each in row.work]

    async def bury(self, app_id: str, recording_id: str, caller: Caller) -> tuple[Tombstone, RecordingStatus]:
        """Deletes the recording's row and everything that hangs on it; what it had on disks and elsewhere is from then
        on the tombstone's to remove. Also tells the status that it had.

        Raises NotFound, Conflict for a recording that runs or of which another film is being made.
        """
        now = utc(self._clock.time_s())
        async with self._database.transaction() as session:
            row = await RecordingRepository(session).of_app(app_id, recording_id)
            if row is None:
                raise NotFound("there is no such recording in this app")
            renders = await RenderRepository(session).all_of(recording_id)
            _require_ended(row, renders)
            files = await DeliveryRepository(session).files(recording_id)
            erasure = ErasureRow(
                recording_id=row.id,
                app_id=row.app_id,
                meeting_id=row.meeting_id,
                session_id=row.session_id,
                invoked_at=row.invoked_at,
                started_at=row.started_at,
                stopped_at=row.stopped_at,
                erased_by=caller.as_json(),
                requested_at=now,
                removed=[],
                work=[each.model_dump(mode="json") for each in _work(row, renders, files)],
                next_try_at=now,
                tries=0,
            )
            status = RecordingStatus(row.status)
            await ErasureRepository(session).purge(recording_id, recording_subject(recording_id))
            await ErasureRepository(session).add(erasure)
        return Tombstone.of(erasure), status

    async def find(self, recording_id: str, app_id: str | None = None) -> Tombstone | None:
        """The tombstone of a recording, of one app if it is given."""
        async with self._database.session() as session:
            repository = ErasureRepository(session)
            row = await (repository.get(recording_id) if app_id is None else repository.of_app(app_id, recording_id))
        return Tombstone.of(row) if row is not None else None

    async def due(self) -> tuple[str, ...]:
        """The recordings of which something is to be removed now."""
        async with self._database.session() as session:
            return await ErasureRepository(session).due(utc(self._clock.time_s()))

    async def removed(self, recording_id: str, done: Removal, *, was_there: bool) -> None:
        """One thing is gone."""
        async with self._database.transaction() as session:
            row = await _row(ErasureRepository(session), recording_id)
            row.work = [each for each in row.work if not _same(each, done)]
            if was_there:
                row.removed = [*row.removed, done.told()]

    async def left(self, recording_id: str, tried: Removal) -> None:
        """One thing is still there; ``tried`` says why, and whether it is tried again."""
        async with self._database.transaction() as session:
            row = await _row(ErasureRepository(session), recording_id)
            row.work = [tried.model_dump(mode="json") if _same(each, tried) else each for each in row.work]

    async def tried(self, recording_id: str) -> Tombstone:
        """All that was due has been tried: says when to try again."""
        now = utc(self._clock.time_s())
        async with self._database.transaction() as session:
            row = await _row(ErasureRepository(session), recording_id)
            row.tries += 1
            waits = any(each["again"] for each in row.work)
            row.next_try_at = now + _wait(row.tries) if waits else None
            if not waits and row.completed_at is None:
                row.completed_at = now
        return Tombstone.of(row)

    def _resealed(self, work: dict[str, Any], purpose: str) -> dict[str, Any]:
        target = work.get("target")
        return work if target is None else {**work, "target": self._vault.resealed(target, purpose)}


async def _row(repository: ErasureRepository, recording_id: str) -> ErasureRow:
    row = await repository.get(recording_id)
    if row is None:
        raise NotFound("the recording was not erased", recording_id=recording_id)
    return row


def _require_ended(row: RecordingRow, renders: Sequence[RenderRow]) -> None:
    if row.status in RUNNING:
        raise Conflict(f"the recording is {row.status}: stop it first")
    if any(render.status == RenderStatus.UPLOADING.value for render in renders):
        raise Conflict("another film of the recording is being made: erase it when that has ended")


def _work(row: RecordingRow, renders: Sequence[RenderRow], files: Sequence[DeliveryFileRow]) -> Iterator[Removal]:
    """In the order in which it is done: first what others can read."""
    yield Removal(what=Thing.HOSTED_FILES, id=row.id, names=names_of(row))
    for render in renders:
        yield Removal(what=Thing.RENDER, id=render.id, names=names_of(render))
    if row.delivery is not None and any(file.sent_at or file.sent_bytes or file.upload for file in files):
        yield Removal(
            what=Thing.STORAGE_FILES,
            id=row.id,
            names=tuple(file.name for file in files),
            where=row.delivery.label,
            target=row.delivery.target,
            uploads={file.name: id_ for file in files if (id_ := (file.upload or {}).get("upload_id"))},
        )
    yield Removal(what=Thing.JOB, id=row.id)
    if page_url(row.config) is not None:
        yield Removal(what=Thing.DIAGNOSIS, id=row.id)
    if row.session_id is not None:
        yield Removal(what=Thing.CAPTURE, id=row.session_id)


def _same(stored: Mapping[str, Any], removal: Removal) -> bool:
    return (stored["what"], stored["id"]) == (removal.what.value, removal.id)


def _wait(tries: int) -> timedelta:
    return timedelta(seconds=min(FIRST_RETRY_S * 2 ** min(tries - 1, 10), _LAST_RETRY_S))
