"""What an app's meetings and recordings came to, day by day."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from reelkit.clock import Clock, utc
from reelkit.control.errors import Invalid
from reelkit.db import Database
from reelkit.db.analytics import AnalyticsRepository, DayCount

DEFAULT_DAYS_BACK = 30
"""RealtimeKit's own: from 30 days ago to the current date."""
# A year; each day is a line of the answer.
MAX_DAYS = 366
# Further away dates overflow in databases.
_FIRST_DAY = date(1970, 1, 1)
_LAST_DAY = date(9998, 12, 31)
_MS_PER_S = 1_000


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One UTC day."""

    day: date
    sessions: DayCount
    """Sessions that began on it, and how long visible peers were there on it, one after the other."""
    recordings: DayCount
    """Recordings that were invoked on it, and how long they are without pauses."""


class Analytics:
    """Reads the book of sessions and the list of recordings."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def daywise(self, app_id: str, start: date | None = None, end: date | None = None) -> tuple[DayFigures, ...]:
        """Every day from ``start`` to ``end``, both included.

        Without ``end`` to today, without ``start`` from 30 days before the end. Raises Invalid naming ``start_date`` or
        ``end_date``, DatabaseUnavailable.
        """
        start, end = self._range(start, end)
        since = datetime.combine(start, time(), UTC)
        until = datetime.combine(end, time(), UTC) + timedelta(days=1)
        async with self._database.session() as session:
            repository = AnalyticsRepository(session, app_id, since, until)
            begun = await repository.sessions_begun()
            presence_ms = await repository.presence_ms(round(self._clock.time_s() * _MS_PER_S))
            recordings = await repository.recordings()
        figures = []
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            key = (day - _FIRST_DAY).days
            sessions = DayCount(begun.get(key, 0), presence_ms.get(key, 0))
            figures.append(DayFigures(day, sessions, recordings.get(key, DayCount())))
        return tuple(figures)

    def _range(self, start: date | None, end: date | None) -> tuple[date, date]:
        for name, day in (("start_date", start), ("end_date", end)):
            if day is not None and not _FIRST_DAY <= day <= _LAST_DAY:
                raise Invalid(f"{name}: must lie between {_FIRST_DAY} and {_LAST_DAY}", field=name)
        if end is None:
            end = utc(self._clock.time_s()).date()
        if start is None:
            start = max(_FIRST_DAY, end - timedelta(days=DEFAULT_DAYS_BACK))
        if start > end:
            raise Invalid(f"start_date: must not be after end_date, which is {end}", field="start_date")
        if (end - start).days >= MAX_DAYS:
            raise Invalid(f"end_date: start_date and end_date must span at most {MAX_DAYS} days", field="end_date")
        return start, end
