"""Recordings and the queries over them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, String, and_, false, func, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column, relationship

from reelkit.db.base import Base, Id, UtcDateTime
from reelkit.db.deliveries import DeliveryRow, RecordingFileRow
from reelkit.db.hosted import HostedColumns
from reelkit.db.meetings import MeetingRow, found_by
from reelkit.db.page import RowPage, fetch_page, in_time

RUNNING_STATUSES = ("INVOKED", "RECORDING", "PAUSED")
"""A meeting's recording with one of these keeps others of its type out, unless it allows several."""

# So many ids fit into a statement, and looking each up takes less than reading an index of all recordings.
_FEW_MEETINGS = 500
# Where more of an app's meetings than that are meant, so many recordings are soon found by asking each for its meeting.
_FEW_RECORDINGS = 500


class RecordingRow(HostedColumns, Base):
    """A recording.

    ``config`` is the merged start configuration in the API's words, without anything secret; ``render`` is what it
    means to the renderer, kept so that a film goes on as it began when the settings have changed.
    """

    __tablename__ = "recordings"

    id: Mapped[str] = mapped_column(Id, primary_key=True)
    app_id: Mapped[str] = mapped_column(ForeignKey("apps.id"))
    meeting_id: Mapped[str] = mapped_column(ForeignKey("meetings.id"))
    session_id: Mapped[str | None] = mapped_column(ForeignKey("sessions.id"))
    status: Mapped[str] = mapped_column(String(16))
    allow_multiple: Mapped[bool]
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    render: Mapped[dict[str, Any]] = mapped_column(JSON)
    invoked_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    start_reason: Mapped[str] = mapped_column(String(32))
    start_caller: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    stop_reason: Mapped[str | None] = mapped_column(String(32))
    stop_caller: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    type: Mapped[str] = mapped_column(String(16), default="COMPOSITE", server_default="COMPOSITE")
    """``COMPOSITE`` is a film, ``TRACK`` the tracks of participants."""
    layers: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    """Of tracks: what is recorded of whom."""
    keep_capture: Mapped[bool | None]
    """What the start call said; None leaves it to the server's settings."""
    delivery: Mapped[DeliveryRow | None] = relationship(lazy="selectin", cascade="all, delete-orphan")
    """None without storage of the caller's own."""
    files: Mapped[list[RecordingFileRow]] = relationship(
        lazy="selectin", cascade="all, delete-orphan", order_by=RecordingFileRow.name
    )
    """What there is beside the main file, the sound and the integrity record."""

    __table_args__ = (
        # What lists are filtered by and sorted by is all in it.
        Index(
            "ix_recordings_listed",
            "app_id",
            "invoked_at",
            "id",
            "status",
            "meeting_id",
            "download_expires_at",
            "file_removed_at",
        ),
        # What is counted of many, in as few bytes as can be: by status; all of an app, and by expiry.
        Index(None, "app_id", "status"),
        Index("ix_recordings_counted", "app_id", "download_expires_at", "file_removed_at"),
        Index(None, "meeting_id", "invoked_at", "id"),
        Index(None, "session_id"),
        Index(None, "status"),
        Index(None, "download_expires_at"),
    )


_EXCLUSIVE = and_(RecordingRow.status.in_(RUNNING_STATUSES), RecordingRow.allow_multiple == false())
Index(
    "uq_recordings_one_running",
    RecordingRow.meeting_id,
    RecordingRow.type,
    unique=True,
    sqlite_where=_EXCLUSIVE,
    postgresql_where=_EXCLUSIVE,
)


def _expired(now: datetime) -> ColumnElement[bool]:
    """Whether hosted files have outlived their time; not those that were removed before it."""
    expires_at, removed_at = RecordingRow.download_expires_at, RecordingRow.file_removed_at
    kept_till_then = or_(removed_at.is_(None), removed_at >= expires_at)
    return and_(expires_at.is_not(None), expires_at <= now, kept_till_then)


@dataclass(frozen=True, slots=True)
class RecordingFilter:
    """What of an app's recordings to list; None and an empty tuple leave a condition out."""

    meeting_id: str | None = None
    search: str | None = None
    """Part of the meeting's title, the meeting's id or the recording's id."""
    statuses: tuple[str, ...] = field(default=())
    invoked_from: datetime | None = None
    invoked_until: datetime | None = None
    expired: bool | None = None
    """Whether the hosted file's lifetime is over; not if it was removed before."""


@dataclass(frozen=True, slots=True)
class _Place:
    """Conditions for the same recordings, each for what it does in the least time."""

    sort: ColumnElement[bool]
    first: ColumnElement[bool]
    """Finds the first of them in order."""
    count: ColumnElement[bool]

    @classmethod
    def by(cls, condition: ColumnElement[bool]) -> Self:
        """One that is good for everything."""
        return cls(condition, condition, condition)


class RecordingRepository:
    """Recordings in one session."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, row: RecordingRow) -> None:
        """The second exclusive running recording of a meeting violates a constraint."""
        self._session.add(row)
        await self._session.flush()

    async def get(self, recording_id: str) -> RecordingRow | None:
        return await self._session.get(RecordingRow, recording_id)

    async def of_app(self, app_id: str, recording_id: str) -> RecordingRow | None:
        return await self._session.scalar(
            select(RecordingRow).where(RecordingRow.id == recording_id, RecordingRow.app_id == app_id)
        )

    async def integrity(self, recording_id: str) -> dict[str, Any] | None:
        """The integrity record, which rows do not bring along."""
        return await self._session.scalar(select(RecordingRow.integrity).where(RecordingRow.id == recording_id))

    async def running(self, meeting_id: str) -> tuple[RecordingRow, ...]:
        """The meeting's invoked, recording and paused ones, newest first."""
        return tuple(
            await self._session.scalars(
                select(RecordingRow)
                .where(RecordingRow.meeting_id == meeting_id, RecordingRow.status.in_(RUNNING_STATUSES))
                .order_by(RecordingRow.invoked_at.desc(), RecordingRow.id.desc())
            )
        )

    async def with_status(self, *statuses: str) -> tuple[RecordingRow, ...]:
        """All recordings in one of ``statuses``, oldest first."""
        return tuple(
            await self._session.scalars(
                select(RecordingRow)
                .where(RecordingRow.status.in_(statuses))
                .order_by(RecordingRow.invoked_at, RecordingRow.id)
            )
        )

    async def of_session(self, session_id: str) -> tuple[RecordingRow, ...]:
        return tuple(await self._session.scalars(select(RecordingRow).where(RecordingRow.session_id == session_id)))

    async def with_expired_file(self, now: datetime, limit: int) -> tuple[RecordingRow, ...]:
        """Recordings whose hosted file has outlived its time, is still there, and is not being delivered from there."""
        return tuple(
            await self._session.scalars(
                select(RecordingRow)
                .where(
                    RecordingRow.download_expires_at <= now,
                    RecordingRow.file_removed_at.is_(None),
                    RecordingRow.status != "UPLOADING",
                )
                .order_by(RecordingRow.download_expires_at)
                .limit(limit)
            )
        )

    async def count_by_status(self) -> dict[str, int]:
        rows = await self._session.execute(select(RecordingRow.status, func.count()).group_by(RecordingRow.status))
        return {row[0]: row[1] for row in rows}

    async def page(
        self, app_id: str, where: RecordingFilter, *, now: datetime, newest_first: bool, offset: int, limit: int
    ) -> RowPage[RecordingRow]:
        place = await self._place(app_id, where)
        if place is None:
            return RowPage((), 0)
        conditions: list[ColumnElement[bool]] = []
        if where.statuses:
            conditions.append(RecordingRow.status.in_(where.statuses))
        if where.expired is not None:
            conditions.append(_expired(now) if where.expired else not_(_expired(now)))
        if where.invoked_from is not None:
            conditions.append(RecordingRow.invoked_at >= where.invoked_from)
        order = in_time(RecordingRow.invoked_at, RecordingRow.id, newest_first=newest_first)
        sorted_by = place.first if offset + limit <= _FEW_RECORDINGS else place.sort
        listed = select(RecordingRow).where(sorted_by, *conditions)
        counted, newer = select(RecordingRow).where(place.count, *conditions), None
        if where.invoked_until is not None:
            until = RecordingRow.invoked_at <= where.invoked_until
            listed = listed.where(until)
            if where.invoked_from is None:
                # Mostly few are newer, and all of them are counted in less time than those of a time.
                newer = counted.where(RecordingRow.invoked_at > where.invoked_until)
            else:
                counted = counted.where(until)
        return await fetch_page(
            self._session, listed, order, offset=offset, limit=limit, counted_as=counted, counted_without=newer
        )

    async def _place(self, app_id: str, where: RecordingFilter) -> _Place | None:
        """Which part of the app's recordings is listed; None for an empty one.

        What is looked for is looked up before the recordings are, so that these are found by the index for it. A
        meeting of the app has no recordings of another one: a condition for the app only leads to the index that is
        sorted, where that is wanted.
        """
        meetings = select(MeetingRow.id).where(MeetingRow.app_id == app_id)
        if where.meeting_id is not None:
            meetings = meetings.where(MeetingRow.id == where.meeting_id)
        if not where.search:
            if where.meeting_id is None:
                return _Place.by(RecordingRow.app_id == app_id)
            known = await self._session.scalar(meetings)
            return _Place.by(RecordingRow.meeting_id == known) if known is not None else None
        mine = select(RecordingRow.id).where(RecordingRow.id == where.search, RecordingRow.app_id == app_id)
        if where.meeting_id is not None:
            mine = mine.where(RecordingRow.meeting_id == where.meeting_id)
        recording_id = await self._session.scalar(mine)
        found = meetings.where(found_by(where.search))
        meeting_ids = list(await self._session.scalars(found.limit(_FEW_MEETINGS + 1)))
        place: _Place | None = None
        if len(meeting_ids) > _FEW_MEETINGS:
            in_app, in_found = RecordingRow.app_id == app_id, RecordingRow.meeting_id.in_(found)
            its_own = found.where(MeetingRow.id == RecordingRow.meeting_id)
            place = _Place(sort=and_(in_app, in_found), first=and_(in_app, its_own.exists()), count=in_found)
        elif meeting_ids:
            place = _Place.by(RecordingRow.meeting_id.in_(meeting_ids))
        if recording_id is None:
            return place
        named = RecordingRow.id == recording_id
        return _Place.by(named if place is None else or_(place.sort, named))
