"""What an app's meetings and recordings came to on each day."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, case, cast, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from reelkit.db.epoch import MS_PER_DAY, epoch_ms
from reelkit.db.recordings import RecordingRow
from reelkit.db.sessions import SessionRow
from reelkit.db.visits import SessionVisitRow


@dataclass(frozen=True, slots=True)
class DayCount:
    """How many there were on a day, and how long they took."""

    count: int = 0
    duration_ms: int = 0


class AnalyticsRepository:
    """Sums over the time from ``since`` to before ``until``, both at midnight UTC; keys are days since the epoch."""

    def __init__(self, session: AsyncSession, app_id: str, since: datetime, until: datetime) -> None:
        self._session = session
        self._app_id = app_id
        self._since = since
        self._until = until

    async def sessions_begun(self) -> Mapping[int, int]:
        """How many sessions began on each day that had any."""
        day = _day(epoch_ms(SessionRow.started_at)).label("day")
        rows = await self._session.execute(
            select(day, func.count())
            .where(
                SessionRow.app_id == self._app_id,
                SessionRow.started_at >= self._since,
                SessionRow.started_at < self._until,
            )
            .group_by("day")
        )
        return {row[0]: row[1] for row in rows}

    async def presence_ms(self, now_ms: int) -> Mapping[int, int]:
        """How long peers were there on each day that had any, one after the other; a visit over midnight belongs to
        both days. Those who are still there are counted to ``now_ms``."""
        since_ms, until_ms = _ms(self._since), _ms(self._until)
        left_ms = case((SessionVisitRow.left_at.is_(None), now_ms), else_=epoch_ms(SessionVisitRow.left_at))
        joined_ms = epoch_ms(SessionVisitRow.joined_at)
        parts = (
            select(
                case((joined_ms < since_ms, since_ms), else_=joined_ms).label("from_ms"),
                case((left_ms > until_ms, until_ms), else_=left_ms).label("to_ms"),
            )
            .join(SessionRow, SessionRow.id == SessionVisitRow.session_id)
            .where(
                SessionRow.app_id == self._app_id,
                SessionRow.started_at < self._until,
                or_(SessionRow.ended_at.is_(None), SessionRow.ended_at > self._since),
                SessionVisitRow.joined_at < self._until,
                or_(SessionVisitRow.left_at.is_(None), SessionVisitRow.left_at > self._since),
            )
            .cte("parts", recursive=True)
        )
        midnight_ms = _midnight_after(parts.c.from_ms)
        parts = parts.union_all(select(midnight_ms, parts.c.to_ms).where(midnight_ms < parts.c.to_ms))
        midnight_ms = _midnight_after(parts.c.from_ms)
        end_ms = case((parts.c.to_ms > midnight_ms, midnight_ms), else_=parts.c.to_ms)
        day = _day(parts.c.from_ms).label("day")
        rows = await self._session.execute(
            select(day, cast(func.sum(end_ms - parts.c.from_ms), BigInteger))
            .where(parts.c.to_ms > parts.c.from_ms)
            .group_by("day")
        )
        return {row[0]: row[1] for row in rows}

    async def recordings(self) -> Mapping[int, DayCount]:
        """The recordings that were invoked on each day that had any; the time of one that runs is not known yet."""
        day = _day(epoch_ms(RecordingRow.invoked_at)).label("day")
        rows = await self._session.execute(
            select(day, func.count(), cast(func.coalesce(func.sum(RecordingRow.duration_ms), 0), BigInteger))
            .where(
                RecordingRow.app_id == self._app_id,
                RecordingRow.invoked_at >= self._since,
                RecordingRow.invoked_at < self._until,
            )
            .group_by("day")
        )
        return {row[0]: DayCount(row[1], row[2]) for row in rows}


def _ms(moment: datetime) -> int:
    return round(moment.timestamp() * 1_000)


def _day(time_ms: ColumnElement[Any]) -> ColumnElement[int]:
    return time_ms // MS_PER_DAY


def _midnight_after(time_ms: ColumnElement[Any]) -> ColumnElement[int]:
    return (_day(time_ms) + 1) * MS_PER_DAY
