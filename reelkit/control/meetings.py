"""Meetings: reusable rooms."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import uuid4

from reelkit.clock import Clock, utc
from reelkit.control.config_secrets import readable, seal_secrets, with_secrets
from reelkit.control.errors import NotFound
from reelkit.control.meeting_params import DEFAULT_KEEP_ALIVE_S, MeetingParams, MeetingStatus
from reelkit.control.paging import Page, PageRequest
from reelkit.control.recording_params import RecordingConfig
from reelkit.control.vault import Vault
from reelkit.db import Database
from reelkit.db.meetings import MeetingFilter, MeetingRepository, MeetingRow


@dataclass(frozen=True, slots=True, kw_only=True)
class Meeting:
    """A meeting."""

    id: str
    app_id: str
    title: str | None
    status: MeetingStatus
    record_on_start: bool
    live_stream_on_start: bool
    persist_chat: bool
    summarize_on_end: bool
    transcribe_on_end: bool
    session_keep_alive_s: float
    """How long a session outlives its last peer."""
    recording_config: Mapping[str, Any] | None
    """What of it may be shown; :meth:`MeetingService.recording_config` has all of it."""
    sealed_secrets: str | None = field(repr=False)
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, row: MeetingRow) -> Self:
        return cls(
            id=row.id,
            app_id=row.app_id,
            title=row.title,
            status=MeetingStatus(row.status),
            record_on_start=row.record_on_start,
            live_stream_on_start=row.live_stream_on_start,
            persist_chat=row.persist_chat,
            summarize_on_end=row.summarize_on_end,
            transcribe_on_end=row.transcribe_on_end,
            session_keep_alive_s=row.session_keep_alive_s,
            recording_config=row.recording_config or None,
            sealed_secrets=row.recording_secrets,
            created_at=row.created_at,
            updated_at=row.updated_at,
        )

    @property
    def active(self) -> bool:
        return self.status is MeetingStatus.ACTIVE


class MeetingService:
    """Makes, finds and changes meetings."""

    def __init__(self, database: Database, clock: Clock, vault: Vault, *, livestreams: bool) -> None:
        """``livestreams`` tells whether meetings can be streamed to a server of the operator's."""
        self._livestreams = livestreams
        self._database = database
        self._clock = clock
        self._vault = vault

    async def create(self, app_id: str, params: MeetingParams) -> Meeting:
        """Raises Unsupported naming a field of what is not built."""
        params.require_supported(livestreams=self._livestreams)
        now = utc(self._clock.time_s())
        row = MeetingRow(
            id=str(uuid4()),
            app_id=app_id,
            title=None,
            status=MeetingStatus.ACTIVE.value,
            record_on_start=False,
            live_stream_on_start=False,
            persist_chat=False,
            summarize_on_end=False,
            transcribe_on_end=False,
            session_keep_alive_s=DEFAULT_KEEP_ALIVE_S,
            recording_config=None,
            recording_secrets=None,
            created_at=now,
            updated_at=now,
        )
        self._apply(row, params)
        async with self._database.transaction() as session:
            await MeetingRepository(session).add(row)
        return Meeting.of(row)

    async def list(self, app_id: str, where: MeetingFilter, page: PageRequest) -> Page[Meeting]:
        """Newest first."""
        async with self._database.session() as session:
            found = await MeetingRepository(session).page(app_id, where, offset=page.offset, limit=page.per_page)
        return Page.of(page, tuple(Meeting.of(row) for row in found.rows), found.total_count)

    async def get(self, app_id: str, meeting_id: str) -> Meeting:
        """Raises NotFound, also for another app's meeting."""
        async with self._database.session() as session:
            row = await MeetingRepository(session).get(app_id, meeting_id)
        return Meeting.of(_found(row))

    async def by_id(self, meeting_id: str) -> Meeting:
        """A meeting whichever app it belongs to. Raises NotFound."""
        async with self._database.session() as session:
            row = await MeetingRepository(session).by_id(meeting_id)
        return Meeting.of(_found(row))

    async def by_ids(self, app_id: str, meeting_ids: Iterable[str]) -> Mapping[str, Meeting]:
        """Those of ``meeting_ids`` that the app has, by id."""
        async with self._database.session() as session:
            rows = await MeetingRepository(session).by_ids(app_id, set(meeting_ids))
        return {row.id: Meeting.of(row) for row in rows}

    async def update(self, app_id: str, meeting_id: str, params: MeetingParams) -> Meeting:
        """Changes the given fields; null clears ``title`` and ``recording_config``. Raises NotFound, Unsupported."""
        params.require_supported(livestreams=self._livestreams)
        async with self._database.transaction() as session:
            row = _found(await MeetingRepository(session).get(app_id, meeting_id))
            self._apply(row, params)
            row.updated_at = utc(self._clock.time_s())
        return Meeting.of(row)

    def recording_config(self, meeting: Meeting) -> RecordingConfig | None:
        """A meeting's standing configuration with its secrets. Raises Sealed if they cannot be opened."""
        if meeting.recording_config is None:
            return None
        return with_secrets(meeting.recording_config, meeting.sealed_secrets, self._vault, _purpose(meeting.id))

    async def reseal(self) -> None:
        """Encrypts with the vault's first key what is encrypted with another. Raises DatabaseError."""
        async with self._database.transaction() as session:
            for row in await MeetingRepository(session).with_secrets():
                if row.recording_secrets is not None:
                    row.recording_secrets = self._vault.resealed(row.recording_secrets, _purpose(row.id))

    def _apply(self, row: MeetingRow, params: MeetingParams) -> None:
        given = params.model_fields_set
        if "title" in given:
            row.title = params.title
        if "recording_config" in given:
            config = params.recording_config
            row.recording_config = readable(config) if config is not None else None
            row.recording_secrets = seal_secrets(config, self._vault, _purpose(row.id)) if config is not None else None
        if params.status is not None:
            row.status = params.status.value
        if params.record_on_start is not None:
            row.record_on_start = params.record_on_start
        if params.live_stream_on_start is not None:
            row.live_stream_on_start = params.live_stream_on_start
        if params.persist_chat is not None:
            row.persist_chat = params.persist_chat
        if params.session_keep_alive_time_in_secs is not None:
            row.session_keep_alive_s = params.session_keep_alive_time_in_secs


def _purpose(meeting_id: str) -> str:
    return f"meeting:{meeting_id}"


def _found(row: MeetingRow | None) -> MeetingRow:
    if row is None:
        raise NotFound("there is no such meeting in this app")
    return row
