"""Recordings in the database: new ones, and their moves from status to status."""

from datetime import datetime
from typing import Any, TypedDict, Unpack
from uuid import uuid4

import structlog

from reelkit.clock import Clock, utc
from reelkit.control.caller import Caller
from reelkit.control.errors import Conflict, NotFound
from reelkit.control.hosted import HostedChanges
from reelkit.control.metrics import ControlMetrics
from reelkit.control.paging import Page, PageRequest
from reelkit.control.recording import (
    FOLLOWERS,
    RUNNING,
    Recording,
    RecordingStatus,
    RecordingType,
    StartReason,
    StopReason,
)
from reelkit.control.recording_files import row_of
from reelkit.control.recording_plan import RecordingPlan
from reelkit.control.storage_delivery import DeliveryState, delivery_row
from reelkit.control.timed_metadata import metadata_of
from reelkit.control.vault import Vault
from reelkit.control.webhooks.outbox import Outbox
from reelkit.db import Database
from reelkit.db.erasures import ErasureRepository
from reelkit.db.errors import ConstraintViolated, DatabaseUnavailable
from reelkit.db.recordings import RecordingFilter, RecordingRepository, RecordingRow
from reelkit.render.config import RenderConfig

log = structlog.get_logger(__name__)

# A database that refuses (a full disk, a restart of PostgreSQL) is asked again so often when there is nobody to tell.
_RETRY_S = 2.0


class DeliveryChanges(TypedDict, total=False):
    """What changes on the way to the caller's own storage."""

    state: str
    storage: dict[str, Any]
    target: str
    label: str
    error: str | None
    next_try_at: datetime | None
    sent_bytes: int
    total_bytes: int
    files_at: datetime
    flawed: bool
    earlier_error: str | None


class RecordingChanges(HostedChanges, total=False):
    """Fields that may change together with the status. ``delivery`` is for a recording that has one."""

    session_id: str
    started_at: datetime
    stopped_at: datetime
    stop_reason: StopReason
    stop_caller: Caller | None
    delivery: DeliveryChanges


class RecordingStore:
    """All recordings. Statuses only move along ``recording.FOLLOWERS``, and each move is counted."""

    def __init__(
        self, database: Database, clock: Clock, metrics: ControlMetrics, vault: Vault, *, outbox: Outbox
    ) -> None:
        self._database = database
        self._clock = clock
        self._metrics = metrics
        self._vault = vault
        self._outbox = outbox

    async def open(self) -> None:
        """Counts what is there."""
        async with self._database.session() as session:
            self._metrics.count(await RecordingRepository(session).count_by_status())

    async def invoke(
        self,
        *,
        app_id: str,
        meeting_id: str,
        plan: RecordingPlan,
        allow_multiple: bool,
        reason: StartReason,
        caller: Caller | None,
    ) -> Recording:
        """A new recording. Raises Conflict if the meeting has a running one and ``allow_multiple`` is false."""
        recording_id = str(uuid4())
        invoked_at = utc(self._clock.time_s())
        names = plan.file_names(meeting_id, invoked_at)
        row = RecordingRow(
            id=recording_id,
            app_id=app_id,
            meeting_id=meeting_id,
            status=RecordingStatus.INVOKED.value,
            allow_multiple=allow_multiple,
            config=dict(plan.config),
            render=plan.render_config(recording_id, metadata=metadata_of(names.output, invoked_at, reason)).model_dump(
                mode="json"
            ),
            output_file_name=names.output,
            audio_file_name=names.audio,
            notes=list(plan.media.notes) or None,
            type=(RecordingType.COMPOSITE if plan.tracks is None else RecordingType.TRACK).value,
            layers=plan.tracks.model_dump(mode="json") if plan.tracks is not None else None,
            keep_capture=plan.keep_capture,
            invoked_at=invoked_at,
            start_reason=reason.value,
            start_caller=caller.as_json() if caller else None,
            delivery=delivery_row(recording_id, plan.storage, self._vault, bucket_enabled=plan.bucket_enabled)
            if plan.storage is not None
            else None,
            files=[],
        )
        conflict = Conflict(
            "a recording of this meeting is running already; allow_multiple_recordings permits several"
            if plan.tracks is None
            else "a track recording of this meeting is running already"
        )
        try:
            async with self._database.transaction() as session:
                repository = RecordingRepository(session)
                if not allow_multiple and any(each.type == row.type for each in await repository.running(meeting_id)):
                    raise conflict
                await repository.add(row)
                await self._outbox.recording_changed(session, row)
        except ConstraintViolated as error:
            raise conflict from error
        self._metrics.moved(None, RecordingStatus.INVOKED)
        return Recording.of(row)

    async def move(self, recording_id: str, status: RecordingStatus, **changes: Unpack[RecordingChanges]) -> Recording:
        """Gives a recording its next status. Raises NotFound, Conflict for a status that may not follow."""
        async with self._database.transaction() as session:
            row = await RecordingRepository(session).get(recording_id)
            if row is None:
                raise NotFound("there is no such recording", recording_id=recording_id)
            before = RecordingStatus(row.status)
            if status not in FOLLOWERS[before] or (before is RecordingStatus.ERRORED and not _delivery_failed(row)):
                raise Conflict(f"a recording that is {before} cannot become {status}", recording_id=recording_id)
            row.status = status.value
            _apply(row, changes)
            if status is RecordingStatus.ERRORED:
                _fail_delivery(row)
            await self._outbox.recording_changed(session, row)
        self._metrics.moved(before, status)
        log.info("recording changed its status", recording_id=recording_id, before=before.value, status=status.value)
        return Recording.of(row)

    async def amend(self, recording_id: str, **changes: Unpack[RecordingChanges]) -> Recording:
        """Stores what has become known of a recording that keeps its status. Raises NotFound."""
        async with self._database.transaction() as session:
            row = await RecordingRepository(session).get(recording_id)
            if row is None:
                raise NotFound("there is no such recording", recording_id=recording_id)
            _apply(row, changes)
        return Recording.of(row)

    async def settle(
        self, recording_id: str, status: RecordingStatus, **changes: Unpack[RecordingChanges]
    ) -> Recording:
        """Like :meth:`move`, but asks again for as long as the database refuses."""
        while True:
            try:
                return await self.move(recording_id, status, **changes)
            except DatabaseUnavailable as error:
                log.error("a recording's status could not be stored", recording_id=recording_id, reason=error.message)  # noqa: TRY400
            await self._clock.sleep(_RETRY_S)

    async def get(self, app_id: str, recording_id: str) -> Recording:
        """Raises NotFound, also for another app's recording and for an erased one."""
        async with self._database.session() as session:
            row = await RecordingRepository(session).of_app(app_id, recording_id)
            erased = None if row is not None else await ErasureRepository(session).of_app(app_id, recording_id)
        if erased is not None:
            raise NotFound(f"the recording was erased at {erased.requested_at.isoformat(timespec='seconds')}")
        if row is None:
            raise NotFound("there is no such recording in this app")
        return Recording.of(row)

    async def integrity(self, recording_id: str) -> dict[str, Any] | None:
        """The integrity record of a recording; None before it is delivered and for an unknown one."""
        async with self._database.session() as session:
            return await RecordingRepository(session).integrity(recording_id)

    async def list(
        self, app_id: str, where: RecordingFilter, page: PageRequest, *, newest_first: bool
    ) -> Page[Recording]:
        """One page, by the time of the start call."""
        async with self._database.session() as session:
            found = await RecordingRepository(session).page(
                app_id,
                where,
                now=utc(self._clock.time_s()),
                newest_first=newest_first,
                offset=page.offset,
                limit=page.per_page,
            )
        return Page.of(page, tuple(Recording.of(row) for row in found.rows), found.total_count)

    async def running(self, meeting_id: str) -> tuple[Recording, ...]:
        """The meeting's invoked, recording and paused ones, newest first."""
        async with self._database.session() as session:
            rows = await RecordingRepository(session).running(meeting_id)
        return tuple(Recording.of(row) for row in rows)

    async def unfinished(self) -> tuple[Recording, ...]:
        """Everything that is neither UPLOADED nor ERRORED, oldest first."""
        statuses = [status.value for status in (*RUNNING, RecordingStatus.UPLOADING)]
        async with self._database.session() as session:
            rows = await RecordingRepository(session).with_status(*statuses)
        return tuple(Recording.of(row) for row in rows)

    async def of_session(self, session_id: str) -> tuple[Recording, ...]:
        async with self._database.session() as session:
            rows = await RecordingRepository(session).of_session(session_id)
        return tuple(Recording.of(row) for row in rows)

    async def render_config(self, recording_id: str) -> RenderConfig:
        """What the renderer was told when the recording began. Raises NotFound."""
        async with self._database.session() as session:
            row = await RecordingRepository(session).get(recording_id)
        if row is None:
            raise NotFound("there is no such recording", recording_id=recording_id)
        return RenderConfig.model_validate(row.render)


def _apply(row: RecordingRow, changes: RecordingChanges) -> None:
    for name, value in changes.items():
        match name:
            case "files":
                known = {file.name: file for file in row.files}
                for extra in changes["files"]:
                    if extra.name in known:
                        row.files.remove(known[extra.name])
                    row.files.append(row_of(row.id, extra))
            case "delivery":
                for field, changed in changes["delivery"].items():
                    setattr(row.delivery, field, changed)
            case _:
                setattr(row, name, value.as_json() if isinstance(value, Caller) else value)


def _fail_delivery(row: RecordingRow) -> None:
    """A recording that failed on the way will not be delivered."""
    unfinished = {DeliveryState.WAITING.value, DeliveryState.UPLOADING.value}
    if row.delivery is not None and row.delivery.state in unfinished:
        row.delivery.state, row.delivery.error = DeliveryState.FAILED.value, row.error


def _delivery_failed(row: RecordingRow) -> bool:
    return row.delivery is not None and row.delivery.state == DeliveryState.FAILED.value
